"""The API's sign-in: register, login with a second step, refresh, logout."""

import secrets
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
)
from pytest_django import Settings

from community.models import AuditEntry, User
from community.services.people import person_register
from tests.cast import PASSWORD, Api, fresh_address
from tests.mfa import code_of


@pytest.fixture
def alice(db: None) -> User:
    return person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")


def login(api: Api, user: User, password: str = PASSWORD) -> Any:
    return api.post("auth/login/", {"email": user.email, "password": password})


@pytest.mark.parametrize("path", ["auth/register", "auth/register/"])
def test_registering_answers_the_person_and_tokens_that_work(anyone: Api, path: str) -> None:
    response = anyone.post(path, {"email": "New@Example.com", "password": PASSWORD, "name": "New Person"})

    assert response.status_code == 201
    body = response.json()
    assert set(body) == {"user", "access", "refresh"}
    assert set(body["user"]) == {"id", "email", "handle", "name"}
    assert (body["user"]["email"], body["user"]["handle"]) == ("new@example.com", "new-person")
    me = anyone.get("users/me/", headers={"Authorization": f"Bearer {body['access']}"})
    assert me.json()["id"] == body["user"]["id"]


def test_registering_refuses_fields_by_name(anyone: Api) -> None:
    response = anyone.post("auth/register/", {"email": "no address", "password": PASSWORD})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert set(response.json()["errors"]) == {"email", "name"}


def test_registering_refuses_a_weak_password(anyone: Api) -> None:
    response = anyone.post("auth/register/", {"email": "weak@example.com", "password": "password", "name": "Weak"})
    assert response.status_code == 400
    assert set(response.json()["errors"]) == {"password"}
    assert not User.objects.filter(email="weak@example.com").exists()


def test_registering_twice_is_refused_and_keeps_the_first(anyone: Api, alice: User) -> None:
    response = anyone.post("auth/register/", {"email": alice.email.upper(), "password": PASSWORD, "name": "Mallory"})
    assert response.status_code == 400
    assert response.json()["code"] == "email_taken"
    assert User.objects.get(email=alice.email).name == "Alice"


def test_login_answers_the_person_and_tokens(anyone: Api, alice: User) -> None:
    response = anyone.post("auth/login", {"email": alice.email.title(), "password": PASSWORD})
    assert response.status_code == 200
    assert response.json()["user"]["id"] == str(alice.id)
    entry = AuditEntry.objects.get(action="session.signed_in")
    assert (entry.actor_id, entry.ip, entry.request_id) == (alice.id, "127.0.0.1", response["X-Request-ID"])


def test_a_wrong_password_is_refused_and_recorded(anyone: Api, alice: User) -> None:
    response = login(anyone, alice, "wrong")
    assert response.status_code == 401
    assert response.json()["code"] == "invalid_credentials"
    assert AuditEntry.objects.get(action="session.refused").object_id == alice.id


def test_a_deactivated_person_cannot_sign_in(anyone: Api, alice: User) -> None:
    User.objects.update(is_active=False)
    response = login(anyone, alice)
    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")


def test_refresh_rotates_and_a_used_token_ends_the_sign_in(anyone: Api, alice: User) -> None:
    first = login(anyone, alice).json()["refresh"]
    response = anyone.post("auth/refresh-token", {"refresh": first})
    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}

    assert anyone.post("auth/refresh-token/", {"refresh": first}).status_code == 401
    assert anyone.post("auth/refresh-token/", {"refresh": response.json()["refresh"]}).status_code == 401


def test_after_logout_the_refresh_token_is_worthless(anyone: Api, alice: User) -> None:
    refresh = login(anyone, alice).json()["refresh"]
    assert anyone.post("auth/logout", {"refresh": refresh}).status_code == 204
    assert anyone.post("auth/refresh-token/", {"refresh": refresh}).status_code == 401


def limited(anyone: Api, path: str, data: dict[str, str], settings: Settings) -> list[Any]:
    """Six answers to one address nobody else uses."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    address = {"X-Forwarded-For": f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}"}
    return [anyone.post(path, data, headers=address) for _attempt in range(6)]


@pytest.mark.parametrize(
    ("path", "limit", "first"), [("auth/login/", "THROTTLE_LOGIN", 401), ("auth/register/", "THROTTLE_REGISTER", 400)]
)
@pytest.mark.usefixtures("one_window")
def test_it_is_limited_by_address(anyone: Api, settings: Settings, path: str, limit: str, first: int) -> None:
    setattr(settings, limit, 2)
    answers = limited(anyone, path, {"email": "nobody@example.com", "password": "wrong"}, settings)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert answers[0].status_code == first
    assert refused
    assert 1 <= int(refused[0]["Retry-After"]) <= 60
    assert refused[0].json()["code"] == "throttled"


# The second step


def test_with_an_authenticator_the_password_alone_gives_no_tokens(anyone: Api, alice: User) -> None:
    secret = generate_totp_secret()
    stored = TOTP.activate(alice, secret)
    assert secret not in str(stored.instance.data)  # encrypted

    first = login(anyone, alice)
    assert first.status_code == 401
    assert first.json()["code"] == "mfa_required"
    assert "access" not in first.json()
    mfa_token = first.json()["mfa_token"]

    wrong = anyone.post("auth/mfa/", {"mfa_token": mfa_token, "code": "000000"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "mfa_invalid")
    right = anyone.post("auth/mfa", {"mfa_token": mfa_token, "code": code_of(secret)})
    assert right.status_code == 200
    assert right.json()["user"]["id"] == str(alice.id)
    again = anyone.post("auth/mfa", {"mfa_token": mfa_token, "code": code_of(secret)})
    assert again.status_code == 401  # a code counts once


def test_a_recovery_code_counts_once(anyone: Api, alice: User) -> None:
    TOTP.activate(alice, generate_totp_secret())
    code = RecoveryCodes.activate(alice).get_unused_codes()[0]
    mfa_token = login(anyone, alice).json()["mfa_token"]
    assert anyone.post("auth/mfa/", {"mfa_token": mfa_token, "code": code}).status_code == 200
    assert anyone.post("auth/mfa/", {"mfa_token": mfa_token, "code": code}).status_code == 401


def test_an_mfa_token_is_no_access_token(anyone: Api, alice: User) -> None:
    TOTP.activate(alice, generate_totp_secret())
    mfa_token = login(anyone, alice).json()["mfa_token"]
    assert anyone.get("users/me/", headers={"Authorization": f"Bearer {mfa_token}"}).status_code == 401


# Where addresses are verified first


@pytest.fixture
def verified_first(settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


@pytest.mark.usefixtures("verified_first", "db")
def test_registering_sends_a_link_and_gives_no_tokens_until_it_is_followed(anyone: Api, mailoutbox: list[Any]) -> None:
    data = {"email": fresh_address("careful"), "password": PASSWORD, "name": "Careful"}
    response = anyone.post("auth/register/", data)
    assert response.status_code == 201
    assert set(response.json()) == {"user", "verification_required"}
    assert [mail.to for mail in mailoutbox] == [[data["email"]]]

    early = anyone.post("auth/login/", data)
    assert (early.status_code, early.json()["code"]) == (401, "verification_required")
    EmailAddress.objects.update(verified=True)
    assert anyone.post("auth/login/", data).status_code == 200


@pytest.mark.usefixtures("verified_first")
def test_a_taken_address_is_answered_like_a_free_one_and_its_owner_is_told(
    anyone: Api, alice: User, mailoutbox: list[Any]
) -> None:
    taken = anyone.post("auth/register/", {"email": alice.email, "password": PASSWORD, "name": "Mallory"})
    free_address = fresh_address("free")
    free = anyone.post("auth/register/", {"email": free_address, "password": PASSWORD, "name": "Free"})
    assert taken.status_code == free.status_code == 201
    assert set(taken.json()) == set(free.json())
    assert set(taken.json()["user"]) == set(free.json()["user"])
    assert taken.json()["user"]["id"] != str(alice.id)
    assert [mail.to[0] for mail in mailoutbox] == [alice.email, free_address]
    assert User.objects.get(email=alice.email).name == "Alice"
