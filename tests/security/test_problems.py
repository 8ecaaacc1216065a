"""Under /api/ every failure is a problem document, whoever answers it."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.cast import Api, Cast

MEMBERS = {"type", "title", "status", "detail", "code", "errors", "request_id"}


def is_problem(response: Any, status: int) -> None:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document.keys() >= MEMBERS
    assert (document["status"], document["request_id"]) == (status, response["X-Request-ID"])


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api/v1/nothing/", "/api/v1/agents/not-an-id/", "/api/v2/agents/", "/api/v1//"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_an_unknown_path(cast: Cast, settings: Settings, debug: bool, path: str, method: str) -> None:
    settings.DEBUG = debug
    is_problem(Client(enforce_csrf_checks=True).generic(method, path), 404)


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v1/agents/",
        "/api/v1/users/me/password/",
        "/api/v1/runs/01900000-0000-7000-8000-00000000dead/events/",
    ],
)
def test_a_method_that_does_not_fit(cast: Cast, path: str) -> None:
    response = cast.alice.api.request("PUT" if path == "/api/" else "DELETE", path)
    is_problem(response, 405)
    assert response["Allow"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b'{"name": "\xff"}', "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"[" * 5000 + b"]" * 5000, "application/json", 400),
        (b'{"name": "x", "metadata": {"a": "\\u0000"}}', "application/json", 400),
        (b'{"name": "x", "metadata": {"a": -1.7976931348623157e+308}}', "application/json", 400),
        (b'{"name": "x", "metadata": {"a": [18446744073709551616]}}', "application/json", 400),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b"name: x", "application/yaml", 415),
        (b"<name>x</name>", "text/xml", 415),
        (b'{"name": "' + b"x" * 2_700_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_does_not_fit(cast: Cast, body: bytes, content_type: str, status: int) -> None:
    for path in ("/api/v1/agents/", "/api/v1/tokens/", "/api/v1/workspaces/"):
        is_problem(Client().post(path, body, content_type=content_type, headers=cast.alice.api.headers), status)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png"])
def test_an_answer_that_does_not_fit(cast: Cast, accept: str) -> None:
    is_problem(cast.alice.api.get("agents/", headers={"Accept": accept}), 406)


def test_nobody(anyone: Api) -> None:
    response = anyone.get("agents/")
    is_problem(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["agents", "agents/", "workspaces", "tokens", "audit", "users/me"])
def test_both_forms_of_a_path_are_the_same(cast: Cast, path: str) -> None:
    assert cast.alice.api.get(path).status_code == 200
    posted = cast.alice.api.post("agents", {"name": "Without a slash"})
    assert (posted.status_code, posted.json()["name"]) == (201, "Without a slash")
