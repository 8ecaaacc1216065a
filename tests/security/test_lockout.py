"""Guessing is slow, and a stranger cannot lock anybody out (docs/adr/0008)."""

import secrets
import time
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from community import attempts
from community.models import User
from community.services.people import person_register
from tests.cast import PASSWORD, Api, fresh_address

NEW = "another quiet place"  # pragma: allowlist secret
WRONG = "not the password"  # pragma: allowlist secret
PAIR, HOUR = attempts.PAIR_LIMITS[0][0], attempts.STRANGERS_LIMITS[0][0]


@pytest.fixture(autouse=True)
def behind_a_proxy(settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1


@pytest.fixture(autouse=True)
def within_one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries are counted by windows of the clock; a test that crossed the border of two would count in both."""
    begun = time.time() // 3600 * 3600
    monkeypatch.setattr(attempts, "time", SimpleNamespace(time=lambda: begun))


@pytest.fixture
def alice(db: None) -> User:
    return person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")


def sign_in(email: str, password: str, place: str) -> Any:
    return Api().post("auth/login/", {"email": email, "password": password}, headers={"X-Forwarded-For": place})


def by_page(email: str, password: str, place: str, client: Client | None = None) -> bool:
    data = {"login": email, "password": password}
    answer = (client or Client()).post("/accounts/login/", data, headers={"X-Forwarded-For": place})
    return answer.status_code == 302


def places(count: int, network: str = "198.51") -> list[str]:
    return [f"{network}.{number // 250}.{number % 250 + 1}" for number in range(count)]


def spend_strangers(email: str) -> None:
    """What many machines do in an hour, without hashing a hundred passwords."""
    for place in places(HOUR):
        attempts.begin(email, place)


def test_who_guesses_waits_and_hears_for_how_long(alice: User) -> None:
    answers = [sign_in(alice.email, WRONG, "203.0.113.1") for _try in range(PAIR + 1)]
    assert [answer.status_code for answer in answers] == [401] * PAIR + [429]
    assert answers[-1].json()["code"] == "throttled"
    assert 1 <= int(answers[-1]["Retry-After"]) <= attempts.PAIR_LIMITS[0][1]
    assert sign_in(alice.email, PASSWORD, "203.0.113.1").status_code == 429  # not even the right one is looked at


def test_a_stranger_at_another_address_locks_nobody_out(alice: User) -> None:
    for _try in range(PAIR * 3):
        sign_in(alice.email, WRONG, "203.0.113.1")
    assert sign_in(alice.email, PASSWORD, "192.0.2.7").status_code == 200
    assert by_page(alice.email, PASSWORD, "192.0.2.8")


def test_one_stranger_never_reaches_the_limit_of_many(alice: User) -> None:
    for _try in range(HOUR + 10):
        try:
            attempts.begin(alice.email, "203.0.113.1")
        except attempts.TooManyAttempts:
            continue
    assert sign_in(alice.email, PASSWORD, "192.0.2.7").status_code == 200


def test_many_strangers_together_are_stopped(alice: User) -> None:
    spend_strangers(alice.email)
    assert sign_in(alice.email, WRONG, "192.0.2.7").status_code == 429
    assert not by_page(alice.email, WRONG, "192.0.2.8")


def test_meanwhile_its_person_gets_in_from_where_they_were_before(alice: User) -> None:
    assert sign_in(alice.email, PASSWORD, "192.0.2.7").status_code == 200
    spend_strangers(alice.email)
    assert sign_in(alice.email, PASSWORD, "192.0.2.7").status_code == 200
    assert by_page(alice.email, PASSWORD, "192.0.2.7")
    assert not by_page(alice.email, PASSWORD, "192.0.2.9")


def test_meanwhile_who_is_signed_in_goes_on(alice: User) -> None:
    client = Client()
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    spend_strangers(alice.email)
    answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD}, headers={"X-Forwarded-For": "192.0.2.9"})
    assert answer.status_code == 302


def test_a_new_password_by_mail_lets_them_in_anywhere(alice: User, mailoutbox: list[Any]) -> None:
    spend_strangers(alice.email)
    client = Client(headers={"X-Forwarded-For": "192.0.2.9"})
    client.post("/accounts/password/reset/", {"email": alice.email})
    link = next(word for word in mailoutbox[-1].body.split() if "/password/reset/key/" in word)
    form = client.get("/accounts" + link.partition("/accounts")[2], follow=True)
    new = {"password1": NEW, "password2": NEW}
    assert client.post(form.request["PATH_INFO"], new).status_code == 302
    assert sign_in(alice.email, NEW, "192.0.2.10").status_code == 200


def test_an_address_that_is_nobodys_is_answered_the_same(db: None) -> None:
    nobody = fresh_address("nobody")
    answers = [sign_in(nobody, WRONG, "203.0.113.1") for _try in range(PAIR + 1)]
    assert [answer.status_code for answer in answers] == [401] * PAIR + [429]


def test_right_passwords_between_guesses_do_not_wipe_the_slate(alice: User) -> None:
    for _round in range(PAIR // 2):
        sign_in(alice.email, WRONG, "203.0.113.1")
        sign_in(alice.email, WRONG, "203.0.113.1")
        sign_in(alice.email, PASSWORD, "203.0.113.1")
    assert sign_in(alice.email, WRONG, "203.0.113.1").status_code == 429


def test_a_whole_network_of_addresses_is_one_place(alice: User) -> None:
    answers = [sign_in(alice.email, WRONG, f"2001:db8:1:2::{number:x}").status_code for number in range(PAIR + 1)]
    assert answers == [401] * PAIR + [429]
    assert sign_in(alice.email, PASSWORD, "2001:db8:ffff:2::1").status_code == 200


@pytest.mark.parametrize("path", ["auth/login", "auth/mfa", "auth/register", "auth/password-reset", "agents/"])
def test_a_whole_network_has_one_share_of_a_limit(settings: Settings, path: str, db: None) -> None:
    settings.THROTTLE_LOGIN = settings.THROTTLE_REGISTER = settings.THROTTLE_ANONYMOUS = 3
    network = f"2001:db8:{secrets.randbelow(65536):x}"

    def asked(address: str) -> int:
        status: int = (
            Client(REMOTE_ADDR=address).post(f"/api/v1/{path}", {}, content_type="application/json").status_code
        )
        return status

    # Twice the limit and one more, so that a minute which begins in between changes nothing.
    answers = [asked(f"{network}:1:{number:x}::1") for number in range(7)]
    assert 429 in answers
    assert asked(f"{network}:ff01::1") != 429  # a neighbour has their own


def test_callers_of_the_old_internet_are_not_one_behind_a_socket_that_takes_both(alice: User) -> None:
    answers = [sign_in(alice.email, WRONG, f"::ffff:203.0.113.{number}").status_code for number in range(PAIR + 2)]
    assert answers == [401] * (PAIR + 2)


def test_the_spelling_of_the_address_makes_no_second_count(alice: User) -> None:
    spellings = [alice.email, alice.email.upper(), f" {alice.email} ", alice.email.title()]
    answers = [sign_in(spellings[number % 4], WRONG, "203.0.113.1").status_code for number in range(PAIR + 1)]
    assert answers == [401] * PAIR + [429]
