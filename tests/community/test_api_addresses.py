"""Changing one's address, confirming it, and a forgotten password, by the API: as by the pages."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from community.models import RefreshFamily, User
from community.services.people import person_register
from tests.cast import PASSWORD, Api, fresh_address
from tests.community.test_api_second_factor import program, stale, turned_on
from tests.mails import Mailbox

NEW = "another quiet place"  # pragma: allowlist secret


@pytest.fixture
def alice(db: None) -> User:
    cache.clear()  # one mail an address in some seconds
    return person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")


def key_mailed(to: str) -> str:
    """What stands at the end of the link in the last mail to ``to``."""
    [last] = [message for message in Mailbox() if message.to == [to]][-1:]
    found = re.search(r"/(?:confirm-email|password/reset/key)/([^/\s]+)/", str(last.body))
    assert found is not None, last.body
    return found[1]


def addresses(user: User) -> dict[str, bool]:
    return dict(EmailAddress.objects.filter(user=user).values_list("email", "verified"))


def test_the_new_address_counts_once_its_link_was_followed(alice: User) -> None:
    api, old, new = program(alice), alice.email, fresh_address("new")
    answer = api.post("users/me/email/", {"email": new.upper()})
    assert (answer.status_code, answer.json()) == (202, {"email": old, "verified": False, "pending": new})
    assert User.objects.get(id=alice.id).email == old
    confirmed = Api().post("auth/verify-email/", {"key": key_mailed(new)})
    assert (confirmed.status_code, confirmed.json()) == (200, {"email": new, "verified": True, "pending": None})
    assert addresses(alice) == {new: True}
    assert Api().post("auth/login/", {"email": new, "password": PASSWORD}).status_code == 200
    assert [message.to for message in Mailbox()][-1] == [old], "the old address is told"
    assert not answer.cookies
    assert not confirmed.cookies


def test_it_needs_a_confirmation(alice: User) -> None:
    api = stale(alice)
    for method in ("POST", "DELETE"):
        answer = api.request(method, "users/me/email/", {"email": fresh_address("new")})
        assert (answer.status_code, answer.json()["code"]) == (403, "confirmation_required")
    assert addresses(alice) == {alice.email: False}
    assert not Mailbox()


def test_the_change_can_be_dropped_and_its_link_with_it(alice: User) -> None:
    api, new = program(alice), fresh_address("new")
    api.post("users/me/email/", {"email": new})
    assert api.delete("users/me/email/").status_code == 204
    assert api.get("users/me/email/").json()["pending"] is None
    assert Api().post("auth/verify-email/", {"key": key_mailed(new)}).json()["code"] == "link_invalid"
    assert User.objects.get(id=alice.id).email == alice.email


def test_somebody_elses_address_is_accepted_like_a_free_one_and_never_becomes_ones_own(alice: User) -> None:
    bob = person_register(email=fresh_address("bob"), password=PASSWORD, name="Bob")
    EmailAddress.objects.filter(user=bob).update(verified=True)
    answers = [program(alice).post("users/me/email/", {"email": email}) for email in (bob.email, fresh_address("free"))]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [set(answer.json()) for answer in answers] == [{"email", "verified", "pending"}] * 2
    program(alice).post("users/me/email/", {"email": bob.email})
    for message in Mailbox():
        if found := re.search(r"/confirm-email/([^/\s]+)/", str(message.body)):
            Api().post("auth/verify-email/", {"key": found[1]})
    assert User.objects.get(id=bob.id).email == bob.email
    assert User.objects.get(id=alice.id).email != bob.email


@pytest.mark.parametrize("email", ["", "none", "a@b@c", "x" * 250 + "@example.com"])
def test_it_refuses_what_is_no_address(alice: User, email: str) -> None:
    answer = program(alice).post("users/me/email/", {"email": email})
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"email"})
    assert addresses(alice) == {alice.email: False}


def test_the_link_is_sent_again_and_not_too_often(alice: User) -> None:
    api = program(alice)
    assert api.post("users/me/email/resend/").status_code == 204
    again = api.post("users/me/email/resend/")
    assert (again.status_code, again["Retry-After"]) == (429, "60")
    assert Api().post("auth/verify-email/", {"key": key_mailed(alice.email)}).json()["verified"] is True
    assert api.post("users/me/email/resend/").status_code == 404


def test_a_program_confirms_and_signs_in_where_addresses_must_be_confirmed(settings: Settings, alice: User) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    email = fresh_address("erin")
    person = {"email": email, "password": PASSWORD}
    assert Api().post("auth/register/", person | {"name": "Erin"}).json()["verification_required"] is True
    assert Api().post("auth/login/", person).json()["code"] == "verification_required"
    assert Api().post("auth/verify-email/", {"key": key_mailed(email)}).status_code == 200
    assert Api().post("auth/login/", person).status_code == 200


@pytest.mark.parametrize("key", ["x", "x:y:z", "é", "0-0"])
def test_a_link_that_is_none_opens_nothing(alice: User, key: str) -> None:
    assert Api().post("auth/verify-email/", {"key": key}).json()["code"] == "link_invalid"
    answer = Api().post("auth/password-reset/confirm/", {"key": key, "password": NEW})
    assert (answer.status_code, answer.json()["code"]) == (404, "link_invalid")


def test_a_forgotten_password_is_replaced_once_and_every_sign_in_ends(alice: User) -> None:
    api = program(alice)
    assert Api().post("auth/password-reset/", {"email": alice.email.upper()}).status_code == 202
    key = key_mailed(alice.email)
    weak = Api().post("auth/password-reset/confirm/", {"key": key, "password": "short"})  # pragma: allowlist secret
    assert set(weak.json()["errors"]) == {"password"}
    given = {"key": key, "password": NEW}
    assert Api().post("auth/password-reset/confirm/", given).status_code == 204
    assert Api().post("auth/password-reset/confirm/", given).status_code == 404
    assert api.get("users/me/").status_code == 401
    assert not RefreshFamily.objects.alive().filter(user=alice).exists()
    assert Api().post("auth/login/", {"email": alice.email, "password": NEW}).status_code == 200


def test_a_forgotten_password_tells_nobody_who_is_here(alice: User) -> None:
    nobody = fresh_address("nobody")
    answers = [Api().post("auth/password-reset/", {"email": email}) for email in (alice.email, nobody)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 2
    assert [message.to for message in Mailbox()] == [[alice.email], [nobody]]


def test_a_second_factor_is_still_asked_for_after_a_new_password(alice: User) -> None:
    """The link in a mail is one factor, and takes the place of one."""
    turned_on(program(alice))
    Api().post("auth/password-reset/", {"email": alice.email})
    Api().post("auth/password-reset/confirm/", {"key": key_mailed(alice.email), "password": NEW})
    assert Api().post("auth/login/", {"email": alice.email, "password": NEW}).json()["code"] == "mfa_required"


def test_an_old_confirmation_does_not_last(alice: User) -> None:
    api = program(alice)
    RefreshFamily.objects.update(confirmed_at=timezone.now() - timedelta(minutes=4))
    assert api.delete("users/me/email/").status_code == 404
    RefreshFamily.objects.update(confirmed_at=timezone.now() - timedelta(minutes=6))
    assert api.delete("users/me/email/").status_code == 403
