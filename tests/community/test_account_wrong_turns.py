"""What the pages of an account say to people who click twice, come late, mistype or open somebody else's link."""

from datetime import datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.core import context
from django.core.cache import cache
from django.test import Client, RequestFactory

from community.adapters import AccountAdapter
from community.models import User
from community.services.people import person_register
from tests.cast import PASSWORD, fresh_address
from tests.community.test_api_addresses import key_mailed
from tests.mails import Mailbox

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def alice(db: None) -> User:
    cache.clear()  # one mail an address in some minutes
    return person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    return client


def page_of(response: Any) -> str:
    return response.content.decode()  # type: ignore[no-any-return]


def test_the_link_of_somebody_else_signs_nobody_out(alice: User) -> None:
    bob = person_register(email=fresh_address("bob"), password=PASSWORD, name="Bob")
    theirs = EmailAddress.objects.get(user=bob)
    link, client = f"/accounts/confirm-email/{EmailConfirmationHMAC(theirs).key}/", browser(alice)
    assert f"Is {bob.email} yours?" in page_of(client.get(link))
    assert client.post(link).status_code == 302
    theirs.refresh_from_db()
    assert theirs.verified
    assert client.session["_auth_user_id"] == str(alice.id)
    assert alice.email in page_of(client.get("/accounts/email/"))


def test_a_link_that_confirmed_already_leads_on(alice: User) -> None:
    address = EmailAddress.objects.get(user=alice)
    link = f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/"
    assert [Client().post(link)["Location"] for _click in range(2)] == ["/accounts/login/", link]
    for client, way in ((Client(), "/accounts/login/"), (browser(alice), "/accounts/email/")):
        page = page_of(client.get(link))
        assert "This link was used already" in page
        assert f'<a class="btn btn-primary btn-tall" href="{way}">' in page


def test_a_second_link_within_three_minutes_is_not_sent_and_that_is_said(alice: User) -> None:
    client, new = browser(alice), fresh_address("new")
    too_soon = "less than three minutes ago"
    first = client.post("/accounts/email/", {"email": new, "action_add": ""}, follow=True)
    assert too_soon not in page_of(first)
    assert too_soon in page_of(client.post("/accounts/email/", {"email": new, "action_send": ""}, follow=True))
    client.post("/accounts/email/", {"email": new, "action_remove": ""})
    assert too_soon in page_of(client.post("/accounts/email/", {"email": new, "action_add": ""}, follow=True))
    assert [mail.to for mail in Mailbox()].count([new]) == 1


def test_changing_the_password_says_what_is_wrong_and_ends_on_the_page_it_began_on(alice: User) -> None:
    client, new = browser(alice), "an entirely new sentence"
    data = {"oldpassword": "a wrong one", "password1": new, "password2": new}  # pragma: allowlist secret
    assert "This password is not right." in page_of(client.post("/accounts/password/change/", data))
    changed = client.post("/accounts/password/change/", data | {"oldpassword": PASSWORD})
    assert (changed.status_code, changed["Location"]) == (302, "/settings/security/")


def test_a_forgotten_passwords_page_says_whose_it_is(alice: User) -> None:
    Client().post("/accounts/password/reset/", {"email": alice.email})
    page = Client().get(f"/accounts/password/reset/key/{key_mailed(alice.email)}/", follow=True)
    assert alice.email in page_of(page)


@pytest.mark.parametrize(
    ("zone", "when"), [("Asia/Tokyo", "2 Jan 2026, 08:30 (Asia/Tokyo)"), ("Nowhere/At", "1 Jan 2026, 23:30 (UTC)")]
)
def test_mails_about_an_account_tell_the_persons_time_and_the_browser_in_words(
    alice: User, rf: RequestFactory, zone: str, when: str
) -> None:
    User.objects.filter(id=alice.id).update(timezone=zone)
    alice.refresh_from_db()
    request = rf.get("/", headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"})
    with context.request_context(request):
        AccountAdapter(request).send_notification_mail(
            "account/email/password_changed", alice, {"timestamp": datetime.fromisoformat("2026-01-01T23:30:00Z")}
        )
    [mail] = Mailbox()
    assert f"When: {when}\n" in mail.body
    assert "With: Firefox on Linux" in mail.body
