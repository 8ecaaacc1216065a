"""Without Valkey people still sign in and out of the house."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.test import Client
from pytest_django import Settings

from community.services.people import person_register
from config.lib import redis
from tests.cast import PASSWORD, Cast, fresh_address


@pytest.fixture
def no_valkey(settings: Settings) -> Iterator[None]:
    address = "redis://127.0.0.1:1/0"
    settings.REDIS_URL = address
    settings.CACHES = {alias: cache | {"LOCATION": address} for alias, cache in settings.CACHES.items()}
    redis.client.cache_clear()
    yield
    redis.client.cache_clear()


@pytest.mark.usefixtures("no_valkey")
def test_it_is_an_empty_cache_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    cache.set("a", 1)
    assert cache.get("a") is None
    assert cache.get("a", "else") == "else"
    assert (cache.add("a", 1), "a" in cache, cache.get_many(["a"])) == (True, False, {})
    assert "the cache does not answer" in caplog.text


def test_the_cache_of_sessions_keeps_nothing_for_long(cast: Cast) -> None:
    browser = cast.alice.browser()
    browser.get("/accounts/email/")
    sessions: Any = caches["sessions"]
    [key] = [
        key for key in sessions._cache.get_client().keys("sessions:*") if str(browser.session.session_key) in str(key)
    ]
    assert 0 < sessions._cache.get_client().ttl(key) <= 300


@pytest.mark.usefixtures("no_valkey")
def test_people_sign_in_and_see_their_pages(client: Client, db: None) -> None:
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    assert client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})["Location"] == "/"
    assert client.get("/accounts/email/").status_code == 200
    assert client.get("/api/v1/users/me/").status_code == 200


@pytest.mark.usefixtures("no_valkey")
def test_programs_are_served(cast: Cast) -> None:
    assert cast.alice.api.get("workspaces/").status_code == 200


def test_with_valkey_it_is_an_ordinary_cache() -> None:
    caches["default"].set("tests.ordinary", {"a": 1}, timeout=600)
    assert cache.get("tests.ordinary") == {"a": 1}
    assert cache.delete("tests.ordinary")
