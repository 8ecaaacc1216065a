"""What brackets every request, on both kinds of server."""

import asyncio
import logging
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.http import Http404, HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory

from config import problems
from config.lib import errors
from config.middleware import _process_exception, problem_pages, request_context
from tests.cast import Api, Cast


@pytest.mark.parametrize("path", ["/health", "/api/v1/users/me", "/api/v1/nothing", "/nothing"])
@pytest.mark.django_db
def test_every_response_carries_a_request_id_and_the_policy(client: Client, path: str) -> None:
    response = client.get(path)
    assert len(response["X-Request-ID"]) == 32
    assert "camera=()" in response["Permissions-Policy"]


@pytest.mark.parametrize(("offered", "kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("é", False)])
def test_a_well_formed_request_id_is_kept(client: Client, offered: str, kept: bool) -> None:
    assert (client.get("/health", headers={"X-Request-ID": offered})["X-Request-ID"] == offered) is kept


def test_a_problem_document_names_the_request(anyone: Api) -> None:
    response = anyone.get("users/me/", headers={"X-Request-ID": "me-1"})
    assert response.json()["request_id"] == response["X-Request-ID"] == "me-1"


async def test_it_is_the_same_on_an_asynchronous_server(async_client: AsyncClient) -> None:
    response, other = await asyncio.gather(
        async_client.get("/health", headers={"X-Request-ID": "one"}),
        async_client.get("/health", headers={"X-Request-ID": "two"}),
    )
    assert (response["X-Request-ID"], other["X-Request-ID"]) == ("one", "two")
    assert "Permissions-Policy" in response


def test_middleware_stays_on_the_loop_when_the_server_has_one() -> None:
    async def handler(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    for middleware in (request_context, problem_pages):
        assert iscoroutinefunction(middleware(handler))
        assert not iscoroutinefunction(middleware(lambda request: HttpResponse()))


def test_the_access_line_has_the_person_and_no_query(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="troupe.access"):
        cast.alice.api.get("workspaces/?search=private&note=secret")
    line: Any = caplog.records[-1]
    assert (line.method, line.path, line.status) == ("GET", "/api/v1/workspaces/", 200)
    assert line.user == str(cast.alice.user.id)
    assert line.duration_ms > 0
    assert "secret" not in str(vars(line))


# Errors, as the caller can show them


def raised(error: Exception, path: str = "/agents/", **headers: str) -> Any:
    request = RequestFactory().get(path, headers=headers)
    request.htmx = headers.get("HX-Request") == "true"  # type: ignore[attr-defined]
    return _process_exception(request, error)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotFound(), 404),
        (Http404(), 404),
        (errors.Forbidden(), 403),
        (errors.Conflict("Somebody else saved it."), 409),
        (errors.NotEnoughCredits(), 402),
        (errors.Throttled(headers={"Retry-After": "7"}), 429),
        (errors.ProviderTimeout(), 504),
    ],
)
def test_a_page_shows_an_error_as_a_page(error: Exception, status: int) -> None:
    response = raised(error)
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    if isinstance(error, errors.AppError):
        assert error.detail.encode() in response.content
    if status == 429:
        assert response["Retry-After"] == "7"


def test_a_fragment_shows_it_as_a_toast() -> None:
    response = raised(errors.Conflict("Somebody else saved it."), **{"HX-Request": "true"})
    assert (response.status_code, response["HX-Retarget"]) == (409, "#toasts")
    assert b"Somebody else saved it." in response.content


@pytest.mark.parametrize(("path", "accept"), [("/api/v1/x/", "*/*"), ("/agents/", "application/json")])
def test_a_program_gets_a_problem_document(path: str, accept: str) -> None:
    response = raised(errors.Conflict("Somebody else saved it."), path, Accept=accept)
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")


def test_who_is_not_signed_in_is_sent_to_the_sign_in_page() -> None:
    response = raised(errors.Unauthenticated(), "/agents/?q=1")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=%2Fagents%2F%3Fq%3D1")


def test_a_fault_of_ours_is_left_to_django_and_never_explained() -> None:
    assert raised(RuntimeError("the database password is hunter2")) is None
    for path in ("/agents/", "/api/v1/agents/"):
        response = problems.server_error(RequestFactory().get(path))
        assert response.status_code == 500
        assert b"hunter2" not in response.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accept", "expected"), [("application/json", "application/json"), ("text/html,*/*;q=0.8", "text/html")]
)
def test_the_root_answers_programs_like_the_api_root(client: Client, accept: str, expected: str) -> None:
    response = client.get("/", headers={"Accept": accept}, follow=True)
    assert response["Content-Type"].startswith(expected)
    if expected == "application/json":
        assert response.json() == client.get("/api/").json()
        assert "Accept" in response["Vary"]
