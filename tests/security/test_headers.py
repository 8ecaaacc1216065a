"""Headers, cookies, hosts: the baseline on every kind of response."""

from typing import Any

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from community.services.people import person_register
from config.lib.callers import client_ip
from tests.cast import PASSWORD, Cast, fresh_address

PATHS = ["/accounts/login/", "/api/v1/users/me/", "/api/v1/nothing/", "/nothing/", "/health"]


def policy(response: Any) -> dict[str, list[str]]:
    parts = [part.split() for part in response["Content-Security-Policy"].split(";")]
    return {part[0]: part[1:] for part in parts}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_every_response_has_the_baseline(client: Client, path: str) -> None:
    response = client.get(path)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in response["Permissions-Policy"]
    found = policy(response)
    assert found["default-src"] == ["'self'"]
    assert found["frame-ancestors"] == found["object-src"] == found["base-uri"] == ["'none'"]
    assert found["form-action"] == ["'self'"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "*" not in response["Content-Security-Policy"]


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(client: Client, db: None) -> None:
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    client.get("/accounts/login/")
    before = client.cookies["csrftoken"].value
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    cookie = client.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert client.cookies["csrftoken"]["samesite"] == "Lax"
    assert client.cookies["csrftoken"].value != before  # signing in changes it


def test_signing_in_changes_the_session_id(client: Client, db: None) -> None:
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert client.session.session_key != planted


@pytest.mark.parametrize("path", ["/accounts/login/", "/api/v1/users/me/"])
def test_a_host_we_are_not_is_refused(client: Client, db: None, settings: Settings, path: str) -> None:
    settings.ALLOWED_HOSTS = ["troupe.example"]
    assert client.get(path, headers={"Host": "evil.example"}).status_code == 400
    assert client.get(path, headers={"Host": "troupe.example"}).status_code in (200, 401)


def test_pages_of_one_person_are_not_kept_by_caches(cast: Cast) -> None:
    for response in (cast.alice.browser().get("/accounts/email/"), cast.alice.api.get("users/me/")):
        assert "no-store" in response["Cache-Control"]
        assert "private" in response["Cache-Control"]


def test_an_address_from_a_header_counts_only_behind_our_own_proxies(settings: Settings) -> None:
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"})
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    assert client_ip(request) == "127.0.0.1"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert client_ip(request) == "203.0.113.9"
