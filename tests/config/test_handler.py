"""The whole stack as an ASGI server calls it: handler, middleware, views."""

import asyncio
from typing import Any

import orjson
import pytest
from channels.testing import HttpCommunicator
from pytest_django import Settings

from config.handler import Handler

# The database threads look after their connections before each call, also for views that ask nothing of them.
pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def application(settings: Settings) -> Any:
    settings.ROOT_URLCONF = "tests.config.urls"
    settings.ALLOWED_HOSTS = ["testserver"]
    return Handler()


async def ask(application: Any, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], Any]:
    pairs = [
        (name.replace("_", "-").encode(), value.encode()) for name, value in ({"host": "testserver"} | headers).items()
    ]
    communicator = HttpCommunicator(application, method, path, headers=pairs)
    response = await communicator.get_response(timeout=60)
    await communicator.wait(timeout=60)  # the handler has something to close after the last byte
    found = {name.decode().lower(): value.decode() for name, value in response["headers"]}
    body = response["body"]
    return response["status"], found, orjson.loads(body) if "json" in found["content-type"] else body.decode()


async def test_ordinary_views_run_on_database_threads_and_others_on_the_loop(application: Any) -> None:
    (_, _, ordinary), (_, _, asynchronous) = await asyncio.gather(
        ask(application, "/ordinary/"), ask(application, "/asynchronous/")
    )
    assert ordinary["thread"].startswith("db")
    assert not asynchronous["thread"].startswith("db")


async def test_what_is_rendered_late_is_rendered_on_the_thread_of_its_view(application: Any) -> None:
    status, headers, thread = await ask(application, "/late/")
    assert (status, thread[:2], int(headers["content-length"])) == (200, "db", len(thread))


@pytest.mark.parametrize("path", ["/ordinary/", "/asynchronous/"])
async def test_the_asked_language_reaches_every_view_and_no_other_request(application: Any, path: str) -> None:
    german, other = await asyncio.gather(
        ask(application, path, accept_language="de-AT,de;q=0.9,en;q=0.1"), ask(application, path, accept_language="xx")
    )
    assert (german[1]["content-language"], german[2]["language"]) == ("de", "de")
    assert (other[1]["content-language"], other[2]["language"]) == ("en", "en")


async def test_errors_are_told_in_the_asked_language(application: Any) -> None:
    for path in ("/api/refusing/", "/api/breaking/"):
        _status, _headers, german = await ask(application, path, accept_language="de")
        _status, _headers, english = await ask(application, path)
        assert german["title"] != english["title"]
        assert (german["code"], german["type"]) == (english["code"], english["type"])


@pytest.mark.parametrize("path", ["/ordinary/", "/asynchronous/", "/refusing/", "/api/breaking/", "/nothing/"])
async def test_the_baseline_is_on_every_response(application: Any, path: str) -> None:
    _status, headers, _body = await ask(application, path, x_request_id="mine")
    assert headers["x-request-id"] == "mine"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"].count("unsafe") == 0
    assert "camera=()" in headers["permissions-policy"]


async def test_errors_are_told_as_the_caller_can_show_them(application: Any) -> None:
    status, headers, body = await ask(application, "/api/refusing/")
    assert (status, headers["content-type"], body["code"]) == (409, "application/problem+json", "conflict")
    status, headers, page = await ask(application, "/refusing/")
    assert (status, headers["content-type"]) == (409, "text/html; charset=utf-8")
    assert "Somebody else saved it." in page
    status, headers, _toast = await ask(application, "/refusing/", hx_request="true")
    assert (status, headers["hx-retarget"]) == (409, "#toasts")


async def test_a_fault_of_ours_is_not_explained(application: Any) -> None:
    status, _headers, body = await ask(application, "/api/breaking/")
    assert (status, body["code"]) == (500, "server_error")
    assert "hunter2" not in str(body)


async def test_changing_something_needs_the_csrf_token(application: Any) -> None:
    status, _headers, body = await ask(application, "/api/changing/", "POST")
    assert (status, body["code"]) == (403, "csrf")
    token = "a" * 32
    status, _headers, _body = await ask(
        application, "/api/changing/", "POST", cookie=f"csrftoken={token}", x_csrftoken=token
    )
    assert status == 200


async def test_opening_the_address_of_a_form_shows_a_page(application: Any) -> None:
    status, headers, page = await ask(application, "/form/")
    assert (status, headers["allow"]) == (405, "POST")
    assert "only takes what a form sends" in page
