"""Mails: no request waits for a mail server or fails because it is away, and what was to be said arrives when it is back."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from community.models import AuditEntry, OutgoingMail, User
from community.services import erasure, outgoing_mails
from community.services.outgoing_mails import mail_deliver, mail_post, mails_deliver_due
from community.services.people import person_register
from tests.cast import PASSWORD, Api, Cast, fresh_address
from tests.fakes.smtp import FakeSmtp, fake_smtp
from tests.mfa import turn_on_by_page

pytestmark = pytest.mark.django_db
AWAY = "smtp://127.0.0.1:9"


@pytest.fixture
def smtp(settings: Settings) -> Iterator[FakeSmtp]:
    """The mail server that the settings name."""
    settings.EMAIL_BACKEND = "config.email.EnvironmentBackend"
    with fake_smtp() as server:
        settings.EMAIL_URL = server.url
        yield server


@pytest.fixture
def away(settings: Settings) -> None:
    """A mail server that takes no connection."""
    settings.EMAIL_BACKEND = "config.email.EnvironmentBackend"
    settings.EMAIL_URL = AWAY


@pytest.fixture
def alice(db: None) -> User:
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    EmailAddress.objects.filter(user=user).update(verified=True)
    return user


def later(**waiting: float) -> Any:
    return timezone.now() + timedelta(**waiting)


def post(to: str = "bob@example.com", **more: Any) -> OutgoingMail:
    return mail_post(to=to, subject="Two\nlines", text="Hello\n\nhttp://localhost:8000/inbox/", **more)


@pytest.mark.parametrize("way", ["api", "page"])
@pytest.mark.usefixtures("away")
def test_registering_works_while_the_mail_server_is_away_and_the_link_comes_when_it_is_back(
    anyone: Api, client: Client, settings: Settings, way: str
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    address = fresh_address("careful")
    data = {"email": address, "password": PASSWORD, "name": "Careful"}
    if way == "api":
        answer = anyone.post("auth/register/", data)
        assert (answer.status_code, answer.json()["verification_required"]) == (201, True)
    else:
        page = client.post("/accounts/signup/", data | {"password1": PASSWORD})
        assert (page.status_code, page["Location"]) == (302, "/accounts/confirm-email/")
    assert mails_deliver_due(now=later(minutes=2)) == 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mails_deliver_due(now=later(minutes=5)) == 1
    [sent] = mail.outbox
    link = re.search(r"/accounts/confirm-email/\S+", sent.body)
    assert link is not None and sent.to == [address]
    client.post(link[0])
    assert EmailAddress.objects.get(email=address).verified


@pytest.mark.usefixtures("away")
def test_nothing_else_that_sends_a_mail_needs_the_mail_server(
    alice: User, anyone: Api, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    for address in (alice.email, fresh_address("nobody")):
        assert anyone.post("auth/password-reset/", {"email": address}).status_code == 202
        assert Client().post("/accounts/password/reset/", {"email": address}).status_code == 302
    browser = Client()
    browser.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    with django_capture_on_commit_callbacks(execute=True):  # allauth tells of it after the commit
        turn_on_by_page(browser, PASSWORD)
    changed = browser.post("/accounts/email/", {"action_add": "", "email": fresh_address("new")})
    assert changed.status_code == 302
    address = fresh_address("erin")
    path = f"workspaces/{cast.alice.workspace_id}/invitations/"
    assert cast.alice.api.post(path, {"email": address, "role": "viewer"}).status_code == 201
    waiting = OutgoingMail.objects.values_list("to", flat=True)
    assert {alice.email, address} <= set(waiting) and len(waiting) == 7


def test_a_mail_goes_over_the_wire_as_text_and_as_a_page(smtp: FakeSmtp) -> None:
    row = post(action="Look")
    assert [mail_deliver(mail_id=row.id), mail_deliver(mail_id=row.id)] == ["sent", "taken"]
    [sent] = smtp.taken
    assert "Subject: Two lines" in sent and "text/plain" in sent
    assert re.search(
        r'class="button" href="http://localhost:8000/inbox/">Look', sent.replace("=\r\n", "").replace("=3D", "=")
    )
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(("refusal", "outcome"), [("550 no such mailbox", "refused"), ("451 try later", "later")])
def test_what_the_server_never_takes_is_not_tried_for_ever(smtp: FakeSmtp, refusal: str, outcome: str) -> None:
    smtp.refusal = refusal
    row = post()
    assert mail_deliver(mail_id=row.id) == outcome
    assert OutgoingMail.objects.exists() is (outcome == "later")


@pytest.mark.usefixtures("away")
def test_it_waits_longer_each_time_and_gives_up_after_two_days() -> None:
    row = post()
    waits = []
    for _attempt in range(6):
        mail_deliver(mail_id=row.id)
        row.refresh_from_db()
        waits.append(round((row.due_at - timezone.now()).total_seconds() / 60))
    assert waits == [1, 2, 4, 8, 15, 15]
    assert mails_deliver_due(now=later(hours=49)) == 0
    assert not OutgoingMail.objects.exists()


@pytest.mark.usefixtures("away")
def test_while_the_server_is_away_the_sweep_tries_one_and_leaves_the_others_alone() -> None:
    for number in range(3):
        post(f"person{number}@example.com")
    mails_deliver_due(now=later(minutes=2))
    assert sorted(OutgoingMail.objects.values_list("attempts", flat=True)) == [0, 0, 1]


def test_what_a_mail_says_is_not_readable_in_the_table() -> None:
    row = post()
    assert "inbox" not in row.sealed and row.sealed.startswith("v1.")


def test_what_is_rolled_back_is_said_to_nobody() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        post()
        raise RuntimeError
    assert not OutgoingMail.objects.exists()


def test_nothing_goes_to_who_has_deleted_their_account(alice: User) -> None:
    post(alice.email)
    kept = post()
    erasure.person_erase(user=alice)
    assert OutgoingMail.objects.get() == kept
    assert AuditEntry.objects.filter(action="person.erased").exists()


def test_a_mail_nobody_can_read_any_more_holds_up_no_other(mailoutbox: list[Any]) -> None:
    OutgoingMail.objects.filter(id=post().id).update(
        sealed="v1.00000000.AAAA", due_at=timezone.now() - timedelta(days=1)
    )
    post("carol@example.com")
    assert outgoing_mails.mails_deliver_due(now=later(minutes=2)) == 1
    assert [sent.to for sent in mailoutbox] == [["carol@example.com"]]
