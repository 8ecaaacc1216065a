"""Attacks on signing in: sessions that are fixed, tokens that travel, links that lead elsewhere, answers that tell."""

import hashlib
import hmac
from typing import Any

import jwt
import pytest
from allauth.account.models import EmailAddress
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings

from community.models import User
from community.services import sessions
from community.services.people import person_register
from tests.cast import PASSWORD, Api, Cast, fresh_address
from tests.mfa import code_of, turn_on, turn_on_by_page
from tests.security.hashers import CountingHasher
from tests.security.test_redirects import ELSEWHERE, stays
from tests.security.test_tokens import claims, status_with

NEW = "another quiet place"  # pragma: allowlist secret


@pytest.fixture
def alice(db: None) -> User:
    return person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")


def sign_in(client: Client, user: User, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/accounts/login/", {"login": user.email, "password": password, **more})


# Sessions


def test_a_session_somebody_else_knows_is_not_the_one_that_gets_signed_in(alice: User) -> None:
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "by the attacker"
    session.save()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = planted = session.session_key
    assert sign_in(client, alice).status_code == 302
    assert client.cookies[django_settings.SESSION_COOKIE_NAME].value != planted
    thief = Client()
    thief.cookies[django_settings.SESSION_COOKIE_NAME] = planted
    assert thief.get("/settings/").status_code == 302


def test_the_key_changes_at_the_second_step_as_well(alice: User) -> None:
    secret = turn_on(alice)
    client = Client()
    sign_in(client, alice)
    between = client.session.session_key
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert client.get("/settings/").status_code == 200
    assert client.session.session_key != between


def test_a_key_that_was_never_given_out_is_not_adopted(alice: User) -> None:
    client = Client()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = "a" * 32
    sign_in(client, alice)
    assert client.session.session_key != "a" * 32


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(alice: User) -> None:
    cookie = sign_in(Client(), alice).cookies[django_settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_a_session_copied_before_signing_out_is_dead(alice: User, django_capture_on_commit_callbacks: Any) -> None:
    client, thief = Client(), Client()
    sign_in(client, alice)
    thief.cookies[django_settings.SESSION_COOKIE_NAME] = client.session.session_key
    assert thief.get("/settings/").status_code == 200
    client.post("/accounts/logout/")
    assert thief.get("/settings/").status_code == 302


def test_signing_in_as_another_takes_nothing_along(alice: User, cast: Cast) -> None:
    client = Client()
    sign_in(client, alice)
    session = client.session
    session["of_alice"] = "secret"
    session.save()
    client.force_login(cast.dave.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "of_alice" not in client.session


# Tokens


@pytest.mark.parametrize("name", ["token", "access", "access_token", "bearer", "jwt", "Authorization", "authorization"])
def test_a_token_in_the_address_opens_nothing(alice: User, name: str) -> None:
    access = sessions._sign_in(alice, method="test").access
    for value in (access, f"Bearer%20{access}"):
        assert Api().get(f"users/me/?{name}={value}").status_code in (400, 401)


def test_a_token_in_a_cookie_or_in_the_body_opens_nothing(alice: User) -> None:
    access = sessions._sign_in(alice, method="test").access
    client = Client()
    client.cookies["access"] = client.cookies["Authorization"] = access
    assert client.get("/api/v1/users/me/").status_code == 401
    assert Api().patch("users/me/", {"name": "x", "access": access}).status_code == 401


def test_a_signature_by_a_public_key_is_none(alice: User) -> None:
    """RS256 taken for HS256, or the other way round."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    content = claims(alice)
    assert status_with(jwt.encode(content, key, algorithm="RS256")) == 401
    head, body, _signature = jwt.encode(content, "x" * 64, algorithm="HS256").split(".")
    forged = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).hexdigest()
    assert status_with(f"{head}.{body}.{forged}") == 401


@pytest.mark.parametrize("family", ["not-a-uuid", "01900000-0000-7000-8000-00000000dead"])
def test_a_token_of_a_sign_in_that_is_not_there_is_refused(cast: Cast, family: str) -> None:
    status = status_with(jwt.encode(claims(cast.alice.user, fam=family), _signing_key(), algorithm="HS256"))
    assert status == 401


def test_a_token_of_somebody_elses_sign_in_is_refused(cast: Cast) -> None:
    daves = jwt.decode(sessions._sign_in(cast.dave.user, method="test").access, options={"verify_signature": False})
    assert status_with(jwt.encode(claims(cast.alice.user, fam=daves["fam"]), _signing_key(), algorithm="HS256")) == 401


def _signing_key() -> str:
    return str(django_settings.SIMPLE_JWT["SIGNING_KEY"])


def test_every_token_of_a_sign_in_names_it(alice: User) -> None:
    tokens = sessions._sign_in(alice, method="test")
    families = {jwt.decode(one, options={"verify_signature": False})["fam"] for one in (tokens.access, tokens.refresh)}
    assert len(families) == 1


def test_a_link_to_a_new_password_works_once_and_dies_with_the_old_one(alice: User, mailoutbox: list[Any]) -> None:
    links = []
    for _twice in range(2):
        Client().post("/accounts/password/reset/", {"email": alice.email})
        links.append(next(word for word in mailoutbox[-1].body.split() if "/password/reset/key/" in word))
    form = {"password1": NEW, "password2": NEW}

    def use(link: str) -> bool:
        client = Client()
        page = client.get("/accounts" + link.partition("/accounts")[2], follow=True)
        return bool(client.post(page.request["PATH_INFO"], form).status_code == 302)

    assert use(links[0])
    assert not use(links[0])
    assert not use(links[1])


def test_the_key_of_the_link_does_not_travel_on_in_referrers(alice: User, mailoutbox: list[Any]) -> None:
    client = Client()
    client.post("/accounts/password/reset/", {"email": alice.email})
    link = next(word for word in mailoutbox[-1].body.split() if "/password/reset/key/" in word)
    first = client.get("/accounts" + link.partition("/accounts")[2])
    assert (first.status_code, first["Location"].endswith("-set-password/")) == (302, True)


# Where one is led


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_step_of_the_account_leads_elsewhere(alice: User, target: str) -> None:
    client = Client()
    sign_in(client, alice)
    steps = [
        ("/accounts/reauthenticate/", {"password": PASSWORD, "next": target}),
        ("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW, "next": target}),
        ("/accounts/logout/", {"next": target}),
    ]
    for path, data in steps:
        response = client.post(path, data)
        assert response.status_code == 302, path
        assert stays(response["Location"]), f"{path} leads to {response['Location']}"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nor_does_the_second_step(alice: User, target: str) -> None:
    secret = turn_on(alice)
    client = Client()
    sign_in(client, alice, next=target)
    response = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret), "next": target})
    assert response.status_code == 302
    assert stays(response["Location"])


def test_who_is_signed_in_is_not_led_elsewhere_by_the_sign_in_page(alice: User) -> None:
    client = Client()
    sign_in(client, alice)
    for target in ELSEWHERE:
        response = client.get("/accounts/login/", {"next": target})
        assert stays(response["Location"]), target


# What answers tell


def test_registering_on_the_page_tells_by_mail_only(alice: User, settings: Settings, mailoutbox: list[Any]) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.PASSWORD_HASHERS = ["tests.security.hashers.CountingHasher"]
    answers = []
    for email in (alice.email, fresh_address("free")):
        CountingHasher.hashed.clear()
        client = Client()
        response = client.post("/accounts/signup/", {"email": email, "password1": NEW, "name": "Somebody"})
        page = client.get(response["Location"]).content.decode().replace(email, "")
        answers.append((response.status_code, response["Location"], len(CountingHasher.hashed), _without_tokens(page)))
    assert answers[0] == answers[1]
    assert len(mailoutbox) == 2


def test_a_right_password_of_an_unconfirmed_address_tells_no_more_to_strangers(alice: User, settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    wrong = Api().post("auth/login/", {"email": alice.email, "password": NEW}).json()
    nobody = Api().post("auth/login/", {"email": fresh_address("nobody"), "password": NEW}).json()
    assert (
        (wrong["code"], wrong["detail"])
        == (nobody["code"], nobody["detail"])
        == ("invalid_credentials", wrong["detail"])
    )


def test_a_wrong_password_is_answered_the_same_with_and_without_a_second_factor(alice: User) -> None:
    before = Api().post("auth/login/", {"email": alice.email, "password": NEW}).json()
    turn_on(alice)
    after = Api().post("auth/login/", {"email": alice.email, "password": NEW}).json()
    assert before["code"] == after["code"] == "invalid_credentials"


def test_changing_to_an_address_that_is_taken_tells_by_mail_only(
    alice: User, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    taken = person_register(email=fresh_address("bob"), password=PASSWORD, name="Bob").email
    answers = []
    for email in (taken, fresh_address("free")):
        client = Client()
        client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        response = client.post("/accounts/email/", {"email": email, "action_add": ""})
        answers.append((response.status_code, response.get("Location")))
    assert answers[0] == answers[1] == (302, "/accounts/email/")
    assert User.objects.get(email=taken).id != alice.id


def _without_tokens(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf" not in line and "nonce" not in line)


# Addresses


def test_an_address_changes_when_the_new_one_is_confirmed_and_the_old_one_is_told(
    alice: User, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.BASE_URL = "https://troupe.example"
    old, new = alice.email, fresh_address("new")
    client = Client()
    sign_in(client, alice)
    assert client.post("/accounts/email/", {"email": new, "action_add": ""})["Location"].startswith(
        "/accounts/reauthenticate/"
    )
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": new, "action_add": ""})
    assert User.objects.get(id=alice.id).email == old
    mail = next(mail for mail in mailoutbox if mail.to == [new])
    link = next(word for word in mail.body.split() if "/confirm-email/" in word)
    assert link.startswith("https://troupe.example/")
    assert Client().post(link.removeprefix("https://troupe.example")).status_code == 302

    alice.refresh_from_db()
    assert alice.email == new
    assert alice.personal_workspace.email == new
    assert [mail.subject for mail in mailoutbox if mail.to == [old]] == ["Your e-mail address was changed"]
    assert Api().post("auth/login/", {"email": old, "password": PASSWORD}).status_code == 401
    assert Api().post("auth/login/", {"email": new, "password": PASSWORD}).status_code == 200


def test_turning_the_second_factor_on_is_told_by_mail(alice: User, mailoutbox: list[Any]) -> None:
    client = Client()
    sign_in(client, alice)
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert [mail.subject for mail in mailoutbox] == ["Your password was changed"]
    assert "127.0.0.1" in mailoutbox[0].body
    turn_on_by_page(client, NEW)


def test_the_address_one_signs_in_with_is_not_removed_confirmed_or_not(alice: User) -> None:
    client = Client()
    sign_in(client, alice)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": alice.email, "action_remove": ""})
    assert User.objects.get(id=alice.id).email == alice.email
    assert EmailAddress.objects.filter(user=alice, email=alice.email).exists()


def test_an_address_that_somebody_else_has_by_now_is_not_taken_over(
    alice: User, settings: Settings, mailoutbox: list[Any]
) -> None:
    client, wanted = Client(), fresh_address("wanted")
    sign_in(client, alice)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": wanted, "action_add": ""})
    link = next(word for word in mailoutbox[-1].body.split() if "/confirm-email/" in word)
    bob = person_register(email=wanted, password=PASSWORD, name="Bob")
    assert client.post("/accounts" + link.partition("/accounts")[2]).status_code == 302
    assert User.objects.get(id=alice.id).email == alice.email
    assert User.objects.get(id=bob.id).email == wanted


def test_asking_twice_for_new_addresses_leaves_only_the_last(alice: User) -> None:
    client, first, second = Client(), fresh_address("first"), fresh_address("second")
    sign_in(client, alice)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    for new in (first, second):
        client.post("/accounts/email/", {"email": new, "action_add": ""})
    addresses = set(EmailAddress.objects.filter(user=alice).values_list("email", flat=True))
    assert addresses == {alice.email, second}
    assert "Waits for you" in client.get("/accounts/email/").content.decode()
