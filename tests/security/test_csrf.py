"""A foreign page cannot act with somebody's cookie."""

from typing import Any

import pytest
from django.test import Client

from community.models import Workspace
from tests.cast import PASSWORD, Cast

WRITES = [("PATCH", "/api/v1/users/me/"), ("PUT", "/api/v1/users/me/"), ("POST", "/api/v1/workspaces/")]


def send(client: Client, method: str, path: str, **headers: str) -> Any:
    data = {"name": "Changed", "handle": "changed"}
    return getattr(client, method.lower())(path, data, content_type="application/json", headers=headers)


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_the_session_alone_changes_nothing_on_the_api(cast: Cast, method: str, path: str) -> None:
    before = Workspace.objects.count()
    response = send(cast.alice.browser(enforce_csrf_checks=True), method, path)
    assert (response.status_code, response["Content-Type"]) == (403, "application/problem+json")
    cast.alice.user.refresh_from_db()
    assert (cast.alice.user.name, Workspace.objects.count()) == ("Alice", before)


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_with_the_token_of_our_own_page_it_does(cast: Cast, method: str, path: str) -> None:
    browser = cast.alice.browser(enforce_csrf_checks=True)
    browser.get("/accounts/logout/")  # any page with a form sets the cookie
    token = browser.cookies["csrftoken"].value
    assert send(browser, method, path, **{"X-CSRFToken": token}).status_code in (200, 201)
    assert send(browser, method, path, **{"X-CSRFToken": token[::-1]}).status_code == 403
    foreign = {"X-CSRFToken": token, "Origin": "https://evil.example"}
    assert send(browser, method, path, **foreign).status_code == 403


def test_reading_needs_no_token(cast: Cast) -> None:
    assert cast.alice.browser(enforce_csrf_checks=True).get("/api/v1/users/me/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_forms_need_it_too_and_say_what_to_do(path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(path, {"login": "x", "password": PASSWORD})
    assert response.status_code == 403
    assert "Reload the page" in response.content.decode()


def test_choosing_a_workspace_and_signing_out_need_it(cast: Cast) -> None:
    browser = cast.bob.browser(enforce_csrf_checks=True)
    own = cast.bob.user.personal_workspace.id
    assert browser.post(f"/workspaces/{own}/switch/").status_code == 403
    assert browser.post("/accounts/logout/").status_code == 403
    cast.bob.user.refresh_from_db()
    assert cast.bob.user.current_workspace_id == cast.alice.workspace_id


def test_a_program_with_a_token_needs_none(cast: Cast) -> None:
    assert cast.alice.api.patch("users/me/", {"name": "Changed"}).status_code == 200
