"""Other origins: named ones, on the API only, never with cookies."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

FRIEND, STRANGER = "https://app.example", "https://evil.example"


@pytest.fixture
def one_friend(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [FRIEND]


def preflight(client: Client, origin: str, path: str = "/api/v1/users/me/", headers: str = "authorization") -> Any:
    return client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": headers,
        },
    )


@pytest.mark.django_db
def test_nobody_is_allowed_by_default(client: Client, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = []
    assert "Access-Control-Allow-Origin" not in preflight(client, FRIEND)
    assert "Access-Control-Allow-Origin" not in client.get("/api/v1/users/me/", headers={"Origin": FRIEND})


@pytest.mark.django_db
@pytest.mark.usefixtures("one_friend")
def test_a_named_origin_may_ask_and_read(client: Client) -> None:
    response = preflight(client, FRIEND)
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == FRIEND
    assert "PATCH" in response["Access-Control-Allow-Methods"]
    for header in ("authorization", "idempotency-key", "x-workspace", "last-event-id"):
        assert header in response["Access-Control-Allow-Headers"]

    answer = client.get("/api/v1/users/me/", headers={"Origin": FRIEND})
    assert answer["Access-Control-Allow-Origin"] == FRIEND
    assert "x-request-id" in answer["Access-Control-Expose-Headers"]
    assert "origin" in answer["Vary"].lower()


@pytest.mark.django_db
@pytest.mark.usefixtures("one_friend")
@pytest.mark.parametrize("origin", [STRANGER, "null", "https://app.example.evil.example", "http://app.example", "*"])
def test_others_may_not(client: Client, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in preflight(client, origin)
    assert "Access-Control-Allow-Origin" not in client.get("/api/v1/users/me/", headers={"Origin": origin})


@pytest.mark.django_db
@pytest.mark.usefixtures("one_friend")
def test_cookies_are_never_shared_and_pages_never_opened(client: Client) -> None:
    assert "Access-Control-Allow-Credentials" not in preflight(client, FRIEND)
    assert "Access-Control-Allow-Origin" not in client.get("/accounts/login/", headers={"Origin": FRIEND})
