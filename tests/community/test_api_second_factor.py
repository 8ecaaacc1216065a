"""The second factor by the API: the same as by the pages, and never without showing again that it is oneself."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from community.models import AuditEntry, RefreshFamily, User
from community.services import sessions
from community.services.people import person_register
from tests.cast import PASSWORD, Api, fresh_address
from tests.mails import Mailbox
from tests.mfa import code_of, turn_on_by_page

FACTOR = "users/me/second-factor/"
CHANGES = [("POST", "totp/"), ("DELETE", "totp/"), ("POST", "totp/confirm/"), ("POST", "recovery-codes/")]


@pytest.fixture
def alice(db: None) -> User:
    return person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")


def program(user: User) -> Api:
    """Signed in a moment ago."""
    api = Api()
    api.headers["Authorization"] = f"Bearer {sessions._sign_in(user, method='password').access}"
    return api


def stale(user: User) -> Api:
    """Signed in a while ago."""
    api = program(user)
    RefreshFamily.objects.filter(user=user).update(confirmed_at=timezone.now() - timedelta(minutes=5))
    return api


def begun(api: Api) -> dict[str, str]:
    answer = api.post(f"{FACTOR}totp/")
    assert answer.status_code == 201, answer.json()
    setup: dict[str, str] = answer.json()
    return setup


def turned_on(api: Api) -> tuple[str, list[str]]:
    """The app's secret, and the recovery codes."""
    setup = begun(api)
    given = {"setup_token": setup["setup_token"], "code": code_of(setup["secret"])}
    answer = api.post(f"{FACTOR}totp/confirm/", given)
    assert answer.status_code == 200, answer.json()
    return setup["secret"], answer.json()["recovery_codes"]


def sign_in(user: User, code: str) -> int:
    first = Api().post("auth/login/", {"email": user.email, "password": PASSWORD}).json()
    status: int = Api().post("auth/mfa/", {"mfa_token": first["mfa_token"], "code": code}).status_code
    return status


def test_what_it_turns_on_is_asked_for_at_the_next_sign_in(alice: User) -> None:
    api = program(alice)
    assert api.get(FACTOR).json() == {"on": False, "may_turn_on": True, "last_used_at": None, "recovery_codes_left": 0}
    secret, codes = turned_on(api)
    assert len(codes) == len(set(codes)) == 10
    assert api.get(FACTOR).json()["on"] is True
    assert sign_in(alice, "000000") == 401
    assert sign_in(alice, code_of(secret)) == 401, "the code that turned it on is spent"
    assert sign_in(alice, code_of(secret, 1)) == 200
    assert sign_in(alice, codes[0]) == 200
    assert api.get(FACTOR).json()["recovery_codes_left"] == 9
    assert {"mfa.enabled", "mfa.recovery_code_used"} <= set(AuditEntry.objects.values_list("action", flat=True))
    assert "authenticator" in Mailbox()[-1].body.lower()


def test_recovery_codes_are_renewed_and_the_old_ones_end(alice: User) -> None:
    api = program(alice)
    _secret, old = turned_on(api)
    answer = api.post(f"{FACTOR}recovery-codes/")
    assert answer.status_code == 201
    new = answer.json()["recovery_codes"]
    assert not set(old) & set(new)
    assert (sign_in(alice, old[0]), sign_in(alice, new[0])) == (401, 200)


def test_turning_it_off_ends_the_recovery_codes(alice: User) -> None:
    api = program(alice)
    turned_on(api)
    assert api.delete(f"{FACTOR}totp/").status_code == 204
    assert not Authenticator.objects.filter(user=alice).exists()
    assert Api().post("auth/login/", {"email": alice.email, "password": PASSWORD}).status_code == 200
    assert api.delete(f"{FACTOR}totp/").status_code == 404
    assert api.post(f"{FACTOR}recovery-codes/").status_code == 404


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_sign_in_of_a_while_ago_must_show_again_that_it_is_oneself(alice: User, method: str, path: str) -> None:
    api, before = stale(alice), set(Authenticator.objects.all())
    answer = api.request(method, FACTOR + path, {"setup_token": "x", "code": "1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "confirmation_required")
    assert set(Authenticator.objects.all()) == before


def test_the_password_confirms_and_a_wrong_one_does_not(alice: User) -> None:
    api = stale(alice)
    wrong = api.post("users/me/confirm/", {"password": "wrong"})  # pragma: allowlist secret
    assert (wrong.status_code, set(wrong.json()["errors"])) == (400, {"password"})
    assert api.post(f"{FACTOR}totp/").status_code == 403
    assert api.post("users/me/confirm/", {"password": PASSWORD}).status_code == 204
    begun(api)
    assert stale(alice).post(f"{FACTOR}totp/").status_code == 403, "it is one sign-in that confirmed"


def test_a_code_confirms_once(alice: User) -> None:
    secret, _codes = turned_on(program(alice))
    api, code = stale(alice), code_of(secret, 1)
    assert api.post("users/me/confirm/", {"code": "000000"}).json()["errors"].keys() == {"code"}
    assert api.post("users/me/confirm/", {"code": code}).status_code == 204
    assert api.post(f"{FACTOR}recovery-codes/").status_code == 201
    assert stale(alice).post("users/me/confirm/", {"code": code}).status_code == 400


def test_a_browsers_session_confirms_as_by_the_page(alice: User) -> None:
    browser = Client()
    browser.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    address, json = f"/api/v1/{FACTOR}totp/", "application/json"
    assert browser.post(address, content_type=json).status_code == 403
    assert browser.post("/api/v1/users/me/confirm/", {"password": PASSWORD}, content_type=json).status_code == 204
    assert browser.post(address, content_type=json).status_code == 201
    turn_on_by_page(browser, PASSWORD)
    assert browser.post(address, content_type=json).json()["code"] == "second_factor_on"


def test_somebody_elses_setup_token_is_worthless(alice: User) -> None:
    bob = person_register(email=fresh_address("bob"), password=PASSWORD, name="Bob")
    setup = begun(program(bob))
    given = {"setup_token": setup["setup_token"], "code": code_of(setup["secret"])}
    answer = program(alice).post(f"{FACTOR}totp/confirm/", given)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"setup_token"})
    assert not Authenticator.objects.exists()


def test_a_setup_token_ends_with_the_password(alice: User) -> None:
    setup = begun(program(alice))
    alice.set_password("another quiet place")
    alice.save()
    given = {"setup_token": setup["setup_token"], "code": code_of(setup["secret"])}
    assert program(alice).post(f"{FACTOR}totp/confirm/", given).json()["errors"].keys() == {"setup_token"}


def test_wrong_codes_are_counted(alice: User) -> None:
    api = program(alice)
    setup = begun(api)
    given = {"setup_token": setup["setup_token"], "code": "000000"}
    answers = [api.post(f"{FACTOR}totp/confirm/", given).status_code for _try in range(11)]
    assert answers == [400] * 10 + [429]
    assert not Authenticator.objects.exists()


def test_nobody_locks_an_address_that_is_not_confirmed(alice: User, settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    api = program(alice)
    assert api.get(FACTOR).json()["may_turn_on"] is False
    assert api.post(f"{FACTOR}totp/").json()["code"] == "verification_required"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_turn_it_on_at_once_one_does(alice: User) -> None:
    setups = [begun(program(alice)) for _each in range(2)]

    def confirm(setup: dict[str, Any]) -> int:
        given = {"setup_token": setup["setup_token"], "code": code_of(setup["secret"])}
        try:
            return int(program(alice).post(f"{FACTOR}totp/confirm/", given).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(confirm, setups)) == [200, 409]
    assert Authenticator.objects.filter(user=alice).count() == 2  # the app and its recovery codes
