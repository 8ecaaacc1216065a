"""A code counts once, and the second step is neither guessed nor gone around."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import Settings

from community.models import AuditEntry, User
from community.services.people import person_register
from community.tokens import MfaToken
from tests.cast import PASSWORD, Api, fresh_address
from tests.mfa import code_of, turn_on, turn_on_by_page

NEW = "another quiet place"  # pragma: allowlist secret


@pytest.fixture
def alice(db: None) -> User:
    return person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")


def first_step(user: User) -> str:
    answer = Api().post("auth/login/", {"email": user.email, "password": PASSWORD}).json()
    assert answer["code"] == "mfa_required", answer
    token: str = answer["mfa_token"]
    return token


def second_step(token: str, code: str) -> Any:
    return Api().post("auth/mfa/", {"mfa_token": token, "code": code})


def page_second_step(user: User, code: str) -> bool:
    client = Client()
    first = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert first["Location"] == "/accounts/2fa/authenticate/"
    assert "_auth_user_id" not in client.session
    client.post("/accounts/2fa/authenticate/", {"code": code})
    return "_auth_user_id" in client.session


def test_a_code_counts_once_even_when_the_cache_forgets(alice: User) -> None:
    secret = turn_on(alice)
    code = code_of(secret)
    assert second_step(first_step(alice), code).status_code == 200
    cache.clear()
    assert second_step(first_step(alice), code).status_code == 401
    assert not page_second_step(alice, code)


def test_a_code_used_on_the_page_is_worthless_on_the_api(alice: User) -> None:
    secret = turn_on(alice)
    code = code_of(secret)
    assert page_second_step(alice, code)
    cache.clear()
    assert second_step(first_step(alice), code).status_code == 401


def test_an_earlier_code_does_not_follow_a_later_one(alice: User) -> None:
    secret = turn_on(alice)
    before, now = code_of(secret, -1), code_of(secret)
    assert second_step(first_step(alice), now).status_code == 200
    assert second_step(first_step(alice), before).status_code == 401


@pytest.mark.parametrize("steps", [-3, 3])
def test_codes_of_another_time_are_refused(alice: User, steps: int) -> None:
    secret = turn_on(alice)
    assert second_step(first_step(alice), code_of(secret, steps)).status_code == 401


@pytest.mark.django_db(transaction=True)  # allauth tells of it after the commit
def test_the_code_that_turned_it_on_does_not_sign_in(alice: User) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    secret = turn_on_by_page(client, PASSWORD)
    cache.clear()
    assert second_step(first_step(alice), code_of(secret)).status_code == 401
    assert second_step(first_step(alice), code_of(secret, 1)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_uses_at_the_same_moment_one_gets_in() -> None:
    alice = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    secret = turn_on(alice)
    recovery = RecoveryCodes.activate(alice).get_unused_codes()[0]
    for code in (code_of(secret), recovery):
        tokens = [first_step(alice) for _try in range(4)]

        def attempt(token: str, code: str = code) -> int:
            try:
                return int(second_step(token, code).status_code)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(attempt, tokens)) == [200, 401, 401, 401]


def test_a_recovery_code_counts_once_on_page_and_api(alice: User) -> None:
    turn_on(alice)
    code = RecoveryCodes.activate(alice).get_unused_codes()[0]
    assert page_second_step(alice, code)
    assert not page_second_step(alice, code)
    assert second_step(first_step(alice), code).status_code == 401
    assert AuditEntry.objects.filter(action="mfa.recovery_code_used", actor_id=alice.id).count() == 1


def test_the_token_of_the_first_step_leads_in_once(alice: User) -> None:
    turn_on(alice)
    codes = RecoveryCodes.activate(alice).get_unused_codes()
    token = first_step(alice)
    assert second_step(token, "000000").status_code == 401  # a typo costs nothing
    assert second_step(token, codes[0]).status_code == 200
    assert second_step(token, codes[1]).status_code == 401


def test_it_lasts_five_minutes_and_dies_with_the_password(alice: User) -> None:
    secret = turn_on(alice)
    token = first_step(alice)
    content = jwt.decode(token, options={"verify_signature": False})
    assert content["exp"] - content["iat"] == 300
    assert (MfaToken.lifetime, content["typ"]) == (timedelta(minutes=5), "mfa")
    alice.set_password(NEW)
    alice.save()
    assert second_step(token, code_of(secret)).status_code == 401


def test_codes_are_not_guessed(alice: User, settings: Settings) -> None:
    secret = turn_on(alice)
    token = first_step(alice)
    answers = [second_step(token, f"{number:06}").status_code for number in range(11)]
    assert answers == [401] * 10 + [429]
    assert second_step(token, code_of(secret)).status_code == 429
    assert not page_second_step(alice, code_of(secret))
    assert AuditEntry.objects.filter(action="mfa.code_refused", actor_id=alice.id).count() >= 11


def test_guessing_takes_the_password_first_so_a_stranger_cannot_use_it_up(alice: User) -> None:
    secret = turn_on(alice)
    for _try in range(12):
        assert second_step("not.a.token", "000000").status_code == 401
    assert second_step(first_step(alice), code_of(secret)).status_code == 200


def test_the_second_step_of_the_page_cannot_be_gone_around(alice: User) -> None:
    turn_on(alice)
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    for path in ("/settings/", "/accounts/email/", "/accounts/2fa/totp/deactivate/", "/accounts/password/change/"):
        assert client.get(path)["Location"].startswith("/accounts/login/")
    assert Client().get("/accounts/2fa/authenticate/")["Location"] == "/accounts/login/"


def test_a_password_chosen_anew_by_mail_still_needs_the_code(alice: User, mailoutbox: list[Any]) -> None:
    turn_on(alice)
    client = Client()
    client.post("/accounts/password/reset/", {"email": alice.email})
    link = next(word for word in mailoutbox[-1].body.split() if "/password/reset/key/" in word)
    form = client.get("/accounts" + link.partition("/accounts")[2], follow=True)
    new = {"password1": NEW, "password2": NEW}
    assert client.post(form.request["PATH_INFO"], new).status_code == 302
    assert "_auth_user_id" not in client.session
    assert client.post("/accounts/login/", {"login": alice.email, "password": NEW})["Location"] == (
        "/accounts/2fa/authenticate/"
    )


@pytest.mark.parametrize("path", ["totp/activate/", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/"])
def test_what_changes_it_asks_for_the_password_again(alice: User, path: str) -> None:
    if path != "totp/activate/":
        turn_on(alice)
        RecoveryCodes.activate(alice)
    client = Client()
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get(f"/accounts/2fa/{path}")
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/accounts/reauthenticate/")


@pytest.mark.django_db(transaction=True)  # allauth tells of it after the commit
def test_secrets_are_encrypted_and_recovery_codes_are_shown_once(alice: User) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    secret = turn_on_by_page(client, PASSWORD)
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    assert len(codes) == 10
    assert all(code in page for code in codes)
    assert 'download="troupe-recovery-codes.txt"' in page
    again = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert not any(code in again for code in codes)
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 403
    stored = " ".join(str(row.data) for row in Authenticator.objects.all())
    assert secret not in stored
    assert not any(code in stored for code in codes)

    assert client.post("/accounts/2fa/recovery-codes/generate/").status_code == 302
    renewed = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    assert not set(renewed) & set(codes)
    assert second_step(first_step(alice), codes[0]).status_code == 401
    assert set(AuditEntry.objects.filter(action__startswith="mfa.").values_list("action", flat=True)) == {
        "mfa.enabled", "mfa.renewed", "mfa.code_refused",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)  # allauth tells of it after the commit
def test_turning_it_off_takes_the_recovery_codes_along(alice: User, mailoutbox: list[Any]) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    turn_on_by_page(client, PASSWORD)
    assert client.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.exists()
    assert Api().post("auth/login/", {"email": alice.email, "password": PASSWORD}).status_code == 200
    assert AuditEntry.objects.filter(action="mfa.disabled").count() == 2
    assert len(mailoutbox) == 2  # the person is told of both


def test_it_is_not_turned_on_for_an_address_nobody_confirmed(alice: User, settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    client = Client()
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    assert "Confirm your e-mail address first" in page
    secret = client.session["mfa.totp.secret"]
    assert client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 200
    assert not Authenticator.objects.exists()
