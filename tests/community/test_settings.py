"""The settings pages: profile, language and time zone."""

import pytest
from django.test import Client
from pytest_django import Settings

from community.models import User
from community.services.people import person_register
from tests.cast import PASSWORD, Cast, fresh_address

FIELDS = {"name": "Alice Moreau", "handle": "alice-m", "bio": "Hello", "language": "", "timezone": "Europe/Paris"}


def test_the_profile_is_changed(cast: Cast) -> None:
    response = cast.alice.browser().post("/settings/", FIELDS)
    assert (response.status_code, response["Location"]) == (302, "/settings/")
    alice = User.objects.get(id=cast.alice.user.id)
    assert {name: getattr(alice, name) for name in FIELDS} == FIELDS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("handle", "Not a handle"),
        ("handle", "settings"),
        ("timezone", "Mars/Olympus"),
        ("language", "xx"),
    ],
)
def test_it_refuses_by_field_and_changes_nothing(cast: Cast, field: str, value: str) -> None:
    response = cast.alice.browser().post("/settings/", FIELDS | {field: value})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}
    assert User.objects.get(id=cast.alice.user.id).handle == cast.alice.user.handle


def test_a_taken_handle_is_refused(cast: Cast) -> None:
    response = cast.alice.browser().post("/settings/", FIELDS | {"handle": cast.dave.user.handle})
    assert response.status_code == 422
    assert "Somebody has this handle" in response.content.decode()


def test_times_are_in_the_persons_zone(cast: Cast) -> None:
    User.objects.filter(id=cast.alice.user.id).update(timezone="Asia/Tokyo")
    assert " JST" in cast.alice.browser().get("/settings/security/").content.decode()
    assert " JST" not in cast.dave.browser().get("/settings/security/").content.decode()


def test_the_language_is_remembered_in_the_browser_and_comes_along_to_the_next(
    db: None, client: Client, settings: Settings
) -> None:
    settings.LANGUAGES = [("en", "English"), ("fr", "Français")]
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    response = client.post("/settings/", FIELDS | {"language": "fr"})
    assert response.cookies[settings.LANGUAGE_COOKIE_NAME].value == "fr"
    elsewhere = Client().post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert elsewhere.cookies[settings.LANGUAGE_COOKIE_NAME].value == "fr"


@pytest.mark.parametrize("path", ["/settings/", "/settings/security/", "/settings/account/"])
def test_visitors_are_sent_to_the_sign_in(db: None, client: Client, path: str) -> None:
    assert client.get(path)["Location"].startswith("/accounts/login/?next=")
