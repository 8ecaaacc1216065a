"""What this app puts into the page frame."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from community.wiring import account_pages, switcher
from tests.cast import Cast


def test_the_switcher_lists_ones_workspaces_and_marks_the_current_one(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request: Any = RequestFactory().get("/")
    request.user = cast.bob.user
    with django_assert_num_queries(2):
        found = switcher(request)
    assert found is not None
    assert [(entry["name"], entry["role"], entry["current"]) for entry in found["all"]] == [
        ("Alice", "editor", True),
        ("Bob", "owner", False),
    ]
    assert found["current"]["url"] == f"/workspaces/{cast.alice.workspace_id}/switch/"


def test_a_visitor_has_no_switcher() -> None:
    request: Any = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert switcher(request) is None


def test_the_palette_finds_the_pages_of_the_account() -> None:
    request = RequestFactory().get("/")
    labels = {str(entry.label) for entry in account_pages(request, "")}
    assert {"Profile", "E-mail", "Security", "Account", "Change password", "Sign out"} <= labels
    assert [str(entry.label) for entry in account_pages(request, "PASS")] == ["Change password"]
