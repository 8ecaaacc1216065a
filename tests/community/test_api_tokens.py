"""API tokens: made, shown once, used within scope and role, ended."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from community import policies
from community.access import TOKEN_PURPOSE, get_actor
from community.api.authentication import identify_scope
from community.models import ApiToken, AuditEntry, Membership, Role
from community.opaque import TOKEN_LENGTH, digest, new_token
from community.services.api_tokens import token_create
from config.lib.errors import InvalidInput, NotFound, Unauthenticated
from tests.agents.world import make_agent
from tests.cast import Api, Cast, Person, join, make_user
from tests.community.test_access import scope

FIELDS = {"id", "name", "prefix", "scopes", "created_by", "expires_at", "expired", "last_used_at", "created_at"}


def token_of(person: Person, scopes: Iterable[str] = ("admin",), **fields: Any) -> str:
    actor = get_actor(person.user, person.workspace_id)
    return token_create(actor=actor, name="Robot", scopes=list(scopes), **fields)[1]


def robot(token: str) -> Api:
    api = Api()
    api.headers["Authorization"] = f"Bearer {token}"
    return api


@pytest.fixture
def erin(cast: Cast) -> Person:
    """An admin of alice's workspace."""
    return join(make_user("erin"), cast.alice.workspace_id, Role.ADMIN)


# Making and ending


def test_it_is_shown_once_and_stored_only_as_a_digest(cast: Cast) -> None:
    made = cast.alice.api.post("tokens/", {"name": " Nightly  report ", "scopes": ["runs:read", "agents:read"]})
    assert made.status_code == 201
    body = made.json()
    token = body["token"]
    assert re.fullmatch(r"trp_[A-Za-z0-9]{40}", token)
    assert set(body) == FIELDS | {"token"}
    assert (body["name"], body["prefix"]) == ("Nightly report", token[:8])
    assert body["scopes"] == ["agents:read", "runs:read"]
    assert "no-store" in made["Cache-Control"]
    for answer in (cast.alice.api.get("tokens/"), cast.alice.api.get(f"tokens/{body['id']}")):
        assert token not in answer.content.decode()
        assert digest(token, purpose=TOKEN_PURPOSE) not in answer.content.decode()
    row = ApiToken.objects.get()
    assert token not in str(row.__dict__)
    assert (row.digest, len(token)) == (digest(token, purpose=TOKEN_PURPOSE), TOKEN_LENGTH)
    entry = AuditEntry.objects.get(action="token.created")
    assert entry.after["scopes"] == ["agents:read", "runs:read"]
    assert token not in str(entry.__dict__)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": []}, "scopes"), ({"scopes": ["agents:fly"]}, "scopes"), ({"scopes": "admin"}, "scopes"),
        ({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"), ({"user": "x"}, "user"), ({"workspace_id": "x"}, "workspace_id"),
        ({"token": new_token()}, "token"),
    ],
)  # fmt: skip
def test_it_refuses_by_field(cast: Cast, changes: dict[str, Any], field: str) -> None:
    response = cast.alice.api.post("tokens/", {"name": "x", "scopes": ["runs:read"]} | changes)
    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert not ApiToken.objects.exists()


def test_admins_see_and_revoke_all_tokens_of_their_workspace_and_of_no_other(cast: Cast, erin: Person) -> None:
    token = token_of(cast.alice)
    row = ApiToken.objects.get()
    assert erin.api.get("tokens/").json()["results"][0]["created_by"]["name"] == "Alice"
    for outsider in (cast.dave, cast.bob, cast.carol):
        assert outsider.api.delete(f"tokens/{row.id}/").status_code in (403, 404)
    assert cast.dave.api.get("tokens/").json()["count"] == 0
    assert robot(token).get("agents/").status_code == 200
    assert erin.api.delete(f"tokens/{row.id}").status_code == 204
    assert robot(token).get("agents/").status_code == 401
    assert erin.api.delete(f"tokens/{row.id}").status_code == 404
    assert AuditEntry.objects.filter(action="token.revoked").count() == 1


def test_the_list_costs_the_same_for_many(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _number in range(7):
        token_of(cast.alice)
    with django_assert_num_queries(3):
        assert cast.alice.api.get("tokens/").json()["count"] == 7


# Using


def test_finding_whom_it_acts_for_costs_one_query(cast: Cast) -> None:
    token = token_of(cast.alice, ["agents:read"])
    robot(token).get("agents/")
    with CaptureQueriesContext(connection) as queries:
        robot(token).get("users/me/")
    assert len(queries) == 1
    assert "community_apitoken" in queries[0]["sql"]


def test_its_use_is_noted_once_a_minute(cast: Cast) -> None:
    token = token_of(cast.alice)
    robot(token).get("agents/")
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    with CaptureQueriesContext(connection) as queries:
        robot(token).get("agents/")
    assert not any(query["sql"].startswith("UPDATE") for query in queries)
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    robot(token).get("agents/")
    assert ApiToken.objects.get().last_used_at > first


@pytest.mark.parametrize("scope_name", [name for name in policies.SCOPES if name != "admin"])
def test_it_does_what_its_scope_names_and_nothing_else(cast: Cast, scope_name: str) -> None:
    api = robot(token_of(cast.alice, [scope_name]))
    refused = {"scope"}
    answers = {
        "agents:read": api.get("agents/"),
        "agents:write": api.post("agents/", {"name": "x"}),
        "runs:read": api.get("runs/"),
    }
    for needed, answer in answers.items():
        assert answer.status_code < 300 if needed == scope_name else answer.json()["code"] in refused, needed


def test_its_right_is_scope_and_role_as_they_are_when_it_is_used(cast: Cast, erin: Person) -> None:
    token = token_of(erin)
    assert robot(token).post("agents/", {"name": "x"}).status_code == 201
    member = Membership.objects.get(user=erin.user, workspace_id=erin.workspace_id)
    member.role = Role.VIEWER
    member.save()
    refused = robot(token).post("agents/", {"name": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert robot(token).get("agents/").status_code == 200
    member.delete()
    assert robot(token).get("agents/").status_code == 401


def test_it_belongs_to_one_workspace(cast: Cast) -> None:
    token = token_of(cast.alice)
    own = str(cast.alice.workspace_id)
    cast.alice.api.post("workspaces/", {"name": "Second"})  # alice works there now
    agent = make_agent(cast.alice)
    assert [row["id"] for row in robot(token).get("agents/").json()["results"]] == [str(agent.id)]
    assert robot(token).get("agents/", headers={"X-Workspace": own}).status_code == 200
    for other in (str(cast.dave.workspace_id), str(cast.alice.user.current_workspace_id), "nonsense"):
        assert robot(token).get("agents/", headers={"X-Workspace": other}).status_code == (200 if other == own else 404)
    assert [row["id"] for row in robot(token).get("workspaces/").json()["results"]] == [own]
    second = cast.alice.api.get("workspaces/", {"search": "Second"}).json()["results"][0]["id"]
    assert robot(token).get(f"workspaces/{second}/").status_code == 404


def test_it_says_who_it_acts_for_and_changes_nothing_of_the_person(cast: Cast) -> None:
    api = robot(token_of(cast.alice))
    assert api.get("users/me/").json()["id"] == str(cast.alice.user.id)
    assert api.patch("users/me/", {"name": "Mallory"}).json()["code"] == "scope"
    assert api.post("workspaces/", {"name": "Mine"}).json()["code"] == "scope"
    assert api.post("tokens/", {"name": "x", "scopes": ["admin"]}).json()["code"] == "scope"  # it cannot outlive itself
    office = f"workspaces/{cast.alice.workspace_id}/"
    assert api.post(f"{office}leave/").json()["code"] == "scope"
    assert api.delete(f"{office}?confirm=Alice").json()["code"] == "scope"
    assert api.get(f"{office}members/").status_code == 200
    assert robot(token_of(cast.alice, ["agents:read"])).get(f"{office}members/").status_code == 403


def test_the_audit_log_names_the_token(cast: Cast) -> None:
    token = token_of(cast.alice)
    path = f"workspaces/{cast.alice.workspace_id}/"
    assert robot(token).patch(path, {"name": "By robot"}).status_code == 200
    cast.alice.api.patch(path, {"name": "By hand"})
    entries = AuditEntry.objects.filter(action="workspace.updated").order_by("id")
    assert [entry.token_id for entry in entries] == [ApiToken.objects.get().id, None]
    assert {entry.actor_id for entry in entries} == {cast.alice.user.id}


@pytest.mark.parametrize("how", ["expired", "revoked", "deactivated", "closed", "changed", "short", "upper"])
def test_what_has_ended_or_is_not_quite_one_opens_nothing(cast: Cast, how: str) -> None:
    token = token_of(cast.alice, expires_at=timezone.now() + timedelta(hours=1))
    assert robot(token).get("agents/").status_code == 200
    if how == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    elif how == "revoked":
        ApiToken.objects.update(revoked_at=timezone.now())
    elif how == "deactivated":
        cast.alice.user.is_active = False
        cast.alice.user.save()
    elif how == "closed":
        cast.alice.user.personal_workspace.closed_at = timezone.now()
        cast.alice.user.personal_workspace.save()
    else:
        token = {
            "changed": token[:-1] + ("a" if token[-1] != "a" else "b"),
            "short": token[:-1],
            "upper": token.upper(),
        }[how]
    refused = robot(token).get("agents/")
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
    assert 'error="invalid_token"' in refused["WWW-Authenticate"]


@pytest.mark.usefixtures("one_window")
def test_it_has_a_share_of_the_limit_of_its_own(cast: Cast, settings: Settings) -> None:
    first, second = token_of(cast.alice), token_of(cast.alice)
    settings.THROTTLE_API = 2
    answers = [robot(first).get("users/me/").status_code for _attempt in range(6)]
    assert answers.count(429) >= 2
    assert robot(second).get("users/me/").status_code == 200


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "Authorization", "anything"])
def test_in_an_address_it_is_refused(cast: Cast, name: str) -> None:
    token = token_of(cast.alice)
    for api in (robot(token), cast.alice.api, Api()):
        refused = api.get("agents/", {name: token})
        assert (refused.status_code, refused.json()["code"]) == (400, "token_in_url")
        assert token not in refused.content.decode()


# Sockets


def test_it_opens_sockets_by_header_and_by_subprotocol_and_not_by_address(cast: Cast) -> None:
    token = token_of(cast.alice, ["runs:run"])
    for opened in (
        scope(headers={"Authorization": f"Bearer {token}"}),
        scope(subprotocols=["troupe.bearer", token]),
    ):
        actor = identify_scope(opened)
        assert (actor.user, actor.workspace_id) == (cast.alice.user, cast.alice.workspace_id)
        assert actor.allows("agent.run")
        assert not actor.allows("agent.write")
    with pytest.raises(InvalidInput):
        identify_scope({**scope(headers={"Origin": "http://localhost"}), "query_string": f"token={token}".encode()})
    elsewhere = {"Authorization": f"Bearer {token}", "X-Workspace": str(cast.dave.workspace_id)}
    with pytest.raises(NotFound):
        identify_scope(scope(headers=elsewhere))
    ApiToken.objects.update(revoked_at=timezone.now())
    with pytest.raises(Unauthenticated):
        identify_scope(scope(subprotocols=["troupe.bearer", token]))
