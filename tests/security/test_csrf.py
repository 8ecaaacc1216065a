"""A foreign page cannot act with somebody's cookie."""

from fnmatch import fnmatch
from typing import Any

import pytest
from django.test import Client

from community.models import Workspace
from tests.cast import PASSWORD, Cast
from tests.walk import Address, addresses

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
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


# What takes no session at all: the credential is in the body, and a foreign page has none. What Google's own button sends
# carries a token of Google's, which allauth compares with its cookie (and it is 404 unless Google is set up).
NO_SESSION = ("api/v1/auth/*", "api/", "api/<path:rest>", "api/schema/", "api/docs/", "accounts/google/login/token/")


def unsafe_methods(address: Address) -> list[str]:
    """Those of the API's views; a page that takes no form refuses one without the token all the same."""
    view = getattr(address.view, "cls", None)
    return [method for method in UNSAFE if hasattr(view, method.lower())] if address.api else ["POST"]


@pytest.mark.django_db(transaction=True)  # asynchronous views look for the session on threads of their own
def test_no_address_does_anything_for_a_session_without_the_token(cast: Cast) -> None:
    browser = cast.alice.browser(enforce_csrf_checks=True)
    asked = [
        (method, address)
        for address in addresses()
        if not any(fnmatch(address.route, pattern) for pattern in NO_SESSION)
        for method in unsafe_methods(address)
    ]
    done = [
        (method, address.route, response.status_code)
        for method, address in asked
        if (response := browser.generic(method, address.path)).status_code != 403
    ]
    assert done == []
    assert len(asked) > 200
