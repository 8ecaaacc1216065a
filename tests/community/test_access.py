"""Who is asking, in which workspace: the same answer for views, plain async views and sockets."""

from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from community.access import find_actor, find_token_actor, get_actor, renewed
from community.api.authentication import identify, identify_scope
from community.models import ApiToken, Membership, User, Workspace
from community.services.api_tokens import token_create
from community.tokens import AccessToken
from config.lib.errors import Forbidden, NotFound, Unauthenticated
from tests.cast import Cast, Person


def test_an_actor_is_in_their_current_workspace_unless_another_is_named(cast: Cast) -> None:
    bob = cast.bob.user
    own = bob.personal_workspace.id
    assert (get_actor(bob).workspace_id, get_actor(bob).role) == (cast.alice.workspace_id, "editor")
    assert (get_actor(bob, own).workspace_id, get_actor(bob, own).role) == (own, "owner")
    for workspace_id in (None, own):
        assert find_actor(bob.id, workspace_id) == get_actor(bob, workspace_id)


def test_a_strangers_workspace_and_a_missing_one_are_told_apart_by_nothing(cast: Cast) -> None:
    answers = []
    for workspace_id in (cast.alice.workspace_id, uuid4()):
        with pytest.raises(NotFound) as refused:
            get_actor(cast.dave.user, workspace_id)
        answers.append(refused.value.problem())
        assert find_actor(cast.dave.user.id, workspace_id) is None
    assert answers[0] == answers[1]


def test_who_left_their_current_workspace_is_back_in_their_own(cast: Cast) -> None:
    Membership.objects.filter(user=cast.bob.user, workspace_id=cast.alice.workspace_id).delete()
    assert get_actor(cast.bob.user).workspace_id == cast.bob.user.personal_workspace.id


def test_a_role_too_low_is_forbidden_and_says_what_it_takes(cast: Cast) -> None:
    with pytest.raises(Forbidden, match="needs the role Admin"):
        get_actor(cast.carol.user).require("workspace.update")
    get_actor(cast.alice.user).require("workspace.update")


# Plain requests


def request_of(person: Person, **headers: str) -> Any:
    headers = {"Authorization": f"Bearer {AccessToken.issue(person.user)}"} | headers
    return RequestFactory().get("/api/v1/anything/", headers=headers)


def test_a_plain_request_with_a_token_costs_one_query(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as queries:
        request = request_of(cast.bob)
        actor = identify(request)
        assert identify(request) is actor
    assert len(queries) == 1
    assert (actor.user, actor.workspace_id, actor.role) == (cast.bob.user, cast.alice.workspace_id, "editor")


def test_the_header_names_the_workspace(cast: Cast) -> None:
    own = cast.bob.user.personal_workspace.id
    assert identify(request_of(cast.bob, **{"X-Workspace": str(own)})).workspace_id == own
    for stranger in (str(cast.dave.workspace_id), "nonsense"):
        with pytest.raises(NotFound):
            identify(request_of(cast.bob, **{"X-Workspace": stranger}))


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Basic YWxpY2U6eA==", "bearer a.b.c"])
def test_it_refuses_what_is_no_token(db: None, header: str) -> None:
    with pytest.raises(Unauthenticated):
        identify(RequestFactory().get("/", headers={"Authorization": header}))


# Sockets


def scope(*, headers: dict[str, str] | None = None, subprotocols: list[str] | None = None) -> dict[str, Any]:
    pairs = {"Host": "localhost"} | (headers or {})
    return {
        "type": "websocket",
        "path": "/api/v1/playground/1/",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in pairs.items()],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 8000),
        "subprotocols": subprotocols or [],
    }


def cookie_of(person: Person) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={person.browser().cookies[settings.SESSION_COOKIE_NAME].value}"


def test_a_socket_is_known_by_header_by_subprotocol_and_by_session(cast: Cast) -> None:
    token = str(AccessToken.issue(cast.carol.user))
    by_session = {"Cookie": cookie_of(cast.carol), "Origin": "http://localhost:8000"}
    for opened in (
        scope(headers={"Authorization": f"Bearer {token}"}),
        scope(subprotocols=["troupe.bearer", token]),
        scope(headers=by_session),
    ):
        actor = identify_scope(opened)
        assert (actor.user, actor.role) == (cast.carol.user, "viewer")


@pytest.mark.parametrize("origin", ["", "https://evil.example", "null", "http://localhost.evil.example"])
def test_a_foreign_page_cannot_use_the_session(cast: Cast, origin: str) -> None:
    with pytest.raises(Forbidden):
        identify_scope(scope(headers={"Cookie": cookie_of(cast.alice), "Origin": origin}))


@pytest.mark.parametrize("subprotocols", [[], ["troupe.bearer"], ["troupe.bearer", "nonsense"], ["other", "x"]])
def test_a_socket_without_a_sign_in_is_refused(db: None, subprotocols: list[str]) -> None:
    with pytest.raises(Unauthenticated):
        identify_scope(scope(headers={"Origin": "http://localhost"}, subprotocols=subprotocols))


def test_a_session_ends_with_the_password_it_began_with(cast: Cast) -> None:
    headers = {"Cookie": cookie_of(cast.alice), "Origin": "http://localhost"}
    alice = User.objects.get(id=cast.alice.user.id)
    alice.set_password("something else entirely")
    alice.save()
    with pytest.raises(Unauthenticated):
        identify_scope(scope(headers=headers))


# Who keeps an actor longer than a request


def test_renewed_is_the_actor_with_the_role_they_have_now(cast: Cast) -> None:
    actor = get_actor(cast.bob.user, cast.alice.workspace_id)
    assert renewed(actor) == actor
    Membership.objects.filter(user=cast.bob.user, workspace_id=cast.alice.workspace_id).update(role="viewer")
    assert renewed(actor).role == "viewer"


@pytest.mark.parametrize("change", ["left", "password", "deactivated", "closed"])
def test_who_may_not_be_here_any_more_is_not_renewed(cast: Cast, change: str) -> None:
    actor = get_actor(cast.bob.user, cast.alice.workspace_id)
    bob = User.objects.get(id=cast.bob.user.id)
    if change == "left":
        Membership.objects.filter(user=bob, workspace_id=cast.alice.workspace_id).delete()
    elif change == "closed":
        Workspace.objects.filter(id=cast.alice.workspace_id).update(closed_at=bob.created_at)
    else:
        bob.set_password("something else entirely")
        bob.is_active = change != "deactivated"
        bob.save()
    with pytest.raises(Unauthenticated):
        renewed(actor)


def test_a_token_that_was_revoked_is_not_renewed(cast: Cast) -> None:
    _row, text = token_create(actor=get_actor(cast.alice.user, cast.alice.workspace_id), name="x", scopes=["runs:run"])
    found = find_token_actor(text)
    assert found is not None
    actor = found[0]
    assert renewed(actor) == actor
    ApiToken.objects.update(revoked_at=cast.alice.user.created_at)
    with pytest.raises(Unauthenticated):
        renewed(actor)
