"""The table of roles holds on every endpoint, page and socket, for people and for tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from community.access import get_actor
from community.policies import ADMIN_SCOPE, SCOPES
from community.services.api_tokens import token_create
from tests.cast import Api, Cast
from tests.permissions.table import COMMITTED, PAGES, ROLES, TABLE, Line
from tests.permissions.world import Objects, filled, person_of


def answer_to(cast: Cast, line: Line, role: str) -> Any:
    address, data = filled(line, Objects(cast))
    person = person_of(role, cast)
    program = person.api if person else Api()
    if role == "stranger" and not line.path.startswith(("users/me/", "workspaces/")):
        program.headers["X-Workspace"] = str(cast.alice.workspace_id)
    return program.request(line.method, address, data)


def check(cast: Cast, line: Line, role: str) -> None:
    response = answer_to(cast, line, role)
    assert (role, response.status_code) == (role, line.answers[ROLES.index(role)]), response.content


@contextmanager
def undone() -> Iterator[None]:
    """What happens within has not happened. Making the cast anew for each role takes longer than all their requests."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("line", TABLE, ids=str)
def test_the_answers_are_the_tables(cast: Cast, line: Line) -> None:
    for role in ROLES:
        with undone():
            check(cast, line, role)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("line", COMMITTED, ids=str)
def test_the_answer_of_an_asynchronous_view_is_the_tables(cast: Cast, line: Line, role: str) -> None:
    check(cast, line, role)


@pytest.mark.parametrize("line", PAGES, ids=str)
def test_the_answers_of_a_page_are_the_tables(cast: Cast, line: Line) -> None:
    for role in ROLES:
        with undone():
            check_page(cast, line, role)


def check_page(cast: Cast, line: Line, role: str) -> None:
    address, data = filled(line, Objects(cast))
    person = person_of(role, cast)
    browser = person.browser() if person else Client()
    response = getattr(browser, line.method.lower())(address, data or {})
    assert (role, response.status_code) == (role, line.answers[ROLES.index(role)]), response.content
    if role == "visitor":
        assert response["Location"].startswith("/accounts/login/")


# Tokens of the owner


def program_with(cast: Cast, scopes: list[str]) -> Api:
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    program = Api()
    program.headers["Authorization"] = f"Bearer {token_create(actor=actor, name='x', scopes=scopes)[1]}"
    return program


def check_scope(cast: Cast, line: Line) -> None:
    address, data = filled(line, Objects(cast))

    def status_with(scopes: list[str]) -> int:
        status: int = program_with(cast, scopes).request(line.method, address, data).status_code
        return status

    if line.scope == "person":
        assert status_with(list(SCOPES)) == 403
    elif line.scope == "any":
        assert status_with(["billing:read"]) == line.answers[0]
    else:
        others = [scope for scope in SCOPES if scope not in (line.scope, ADMIN_SCOPE)]
        assert status_with(others) == 403, f"a token without {line.scope} gets in"
        assert status_with([line.scope]) == line.answers[0]


@pytest.mark.parametrize("line", TABLE, ids=str)
def test_a_token_needs_the_scope_of_the_table(cast: Cast, line: Line) -> None:
    check_scope(cast, line)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("line", COMMITTED, ids=str)
def test_a_token_needs_the_scope_of_the_table_on_an_asynchronous_view(cast: Cast, line: Line) -> None:
    check_scope(cast, line)
