"""Who belongs to a workspace: /workspaces/{id}/members/, leaving, handing over."""

import threading
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from community import registry
from community.access import get_actor, get_member
from community.events import MemberLeft, MemberRoleChanged
from community.models import ApiToken, AuditEntry, Membership, Role, User, Workspace
from community.services import members
from community.services.api_tokens import token_create
from community.services.workspaces import workspace_create
from config.lib import events
from config.lib.errors import AppError
from tests.cast import Cast, Person, join, make_user, on_plan


class Team:
    """A workspace of alice's that is nobody's personal one; bob edits, carol views, erin is an admin."""

    def __init__(self, cast: Cast) -> None:
        office = workspace_create(owner=cast.alice.user, name="Office")
        self.id = office.id
        on_plan(office.id, "pro")
        self.alice = Person(cast.alice.user, office.id)
        self.bob = join(cast.bob.user, office.id, Role.EDITOR)
        self.carol = join(cast.carol.user, office.id, Role.VIEWER)
        self.erin = join(make_user("erin"), office.id, Role.ADMIN)

    def path(self, rest: str = "") -> str:
        return f"workspaces/{self.id}/{rest}"

    def member(self, person: Person) -> str:
        return self.path(f"members/{person.user.id}/")

    def role_of(self, person: Person) -> str | None:
        return Membership.objects.filter(workspace_id=self.id, user=person.user).values_list("role", flat=True).first()


@pytest.fixture
def team(cast: Cast) -> Team:
    return Team(cast)


# Reading


def test_every_member_sees_the_members_and_only_admins_their_addresses(team: Team) -> None:
    body = team.erin.api.get(team.path("members/")).json()
    assert body["count"] == 4
    assert [row["role"] for row in body["results"]] == ["owner", "editor", "viewer", "admin"]
    assert body["results"][0]["email"] == team.alice.user.email
    assert set(body["results"][0]) == {"id", "email", "handle", "name", "avatar", "role", "joined_at"}
    seen = team.carol.api.get(team.path("members")).json()["results"]
    assert {row["email"] for row in seen} == {None}
    assert team.carol.api.get(team.member(team.bob)).json()["email"] is None


def test_the_list_is_searched_filtered_and_ordered(team: Team) -> None:
    def names(person: Person, **query: str) -> list[str]:
        return [row["name"] for row in person.api.get(team.path("members/"), query).json()["results"]]

    assert names(team.alice, search="bo") == ["Bob"]
    assert names(team.alice, search=team.bob.user.email) == ["Bob"]
    assert names(team.carol, search=team.bob.user.email) == []  # an address is not to be guessed by searching
    assert names(team.carol, role="viewer") == ["Carol"]
    assert names(team.carol, ordering="-name") == ["Erin", "Carol", "Bob", "Alice"]
    for query in ({"role": "king"}, {"ordering": "email"}, {"limit": "x"}, {"offset": "-1"}, {"limit": "0"}):
        assert team.alice.api.get(team.path("members/"), query).status_code == 400


def test_the_list_costs_the_same_for_many(team: Team, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(10):
        join(make_user(f"more{number}"), team.id, Role.VIEWER)
    with django_assert_num_queries(3):  # who asks, count, page
        assert len(team.alice.api.get(team.path("members/")).json()["results"]) == 14


# Roles


@pytest.mark.parametrize(
    ("who", "whom", "role", "expected"),
    [
        ("alice", "bob", "admin", 200),
        ("alice", "bob", "owner", 200),
        ("erin", "bob", "admin", 200),
        ("erin", "carol", "editor", 200),
        ("erin", "erin", "editor", 200),
        ("erin", "bob", "owner", 403),
        ("erin", "erin", "owner", 403),
        ("erin", "alice", "viewer", 403),
        ("bob", "bob", "admin", 403),
        ("bob", "carol", "editor", 403),
        ("carol", "carol", "owner", 403),
        ("alice", "bob", "root", 400),
        ("alice", "bob", "", 400),
        ("alice", "alice", "admin", 409),
    ],
)
def test_nobody_gives_or_takes_a_role_above_their_own(
    team: Team, who: str, whom: str, role: str, expected: int
) -> None:
    person, target = getattr(team, who), getattr(team, whom)
    before = team.role_of(target)
    response = person.api.patch(team.member(target), {"role": role})
    assert response.status_code == expected, response.content
    assert team.role_of(target) == (role if expected == 200 else before)
    entries = AuditEntry.objects.filter(action="member.role_changed")
    if expected == 200:
        entry = entries.get()
        assert (entry.actor_id, entry.object_id, entry.workspace_id) == (person.user.id, target.user.id, team.id)
        assert (entry.before, entry.after) == ({"role": before}, {"role": role})
    else:
        assert not entries.exists()


def test_only_the_role_can_be_changed(team: Team) -> None:
    for field, value in (("workspace", str(team.carol.user.personal_workspace.id)), ("id", "x"), ("user_id", "x")):
        response = team.alice.api.patch(team.member(team.bob), {"role": "admin", field: value})
        assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    assert team.role_of(team.bob) == "editor"


def test_of_two_owners_one_can_step_down(team: Team) -> None:
    assert team.alice.api.patch(team.member(team.bob), {"role": "owner"}).status_code == 200
    assert team.alice.api.patch(team.member(team.alice), {"role": "viewer"}).status_code == 200
    assert team.bob.api.patch(team.member(team.bob), {"role": "viewer"}).json()["code"] == "last_owner"


def test_a_strangers_and_a_missing_member_are_not_found(team: Team, cast: Cast) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        response = team.alice.api.request(method, team.member(cast.dave), {"role": "viewer"})
        assert response.status_code == 404
        assert cast.dave.api.request(method, team.member(team.bob), {"role": "viewer"}).status_code == 404


# Removing and leaving


@pytest.mark.parametrize(
    ("who", "whom", "expected"),
    [
        ("alice", "bob", 204), ("alice", "erin", 204), ("erin", "bob", 204), ("erin", "alice", 403), ("bob", "carol", 403),
        ("carol", "alice", 403), ("alice", "alice", 409), ("erin", "erin", 204),
    ],
)  # fmt: skip
def test_who_may_remove_whom(team: Team, who: str, whom: str, expected: int) -> None:
    target = getattr(team, whom)
    assert getattr(team, who).api.delete(team.member(target)).status_code == expected
    assert (team.role_of(target) is None) == (expected == 204)


def test_who_is_removed_loses_everything_here_at_once(team: Team) -> None:
    heard: list[MemberLeft] = []
    events.subscribe(MemberLeft, heard.append)
    _row, token = token_create(actor=get_actor(team.erin.user, team.id), name="x", scopes=["admin"])
    by_token = {"Authorization": f"Bearer {token}", "X-Workspace": ""}
    assert team.erin.api.get("agents/", headers=by_token).status_code == 200

    assert team.alice.api.delete(team.member(team.erin)).status_code == 204

    assert team.erin.api.get("agents/", headers=by_token).status_code == 401
    assert team.erin.api.get("agents/").status_code == 404  # the header names the workspace
    assert team.erin.api.get(team.path()).status_code == 404
    team.erin.user.refresh_from_db()
    assert team.erin.user.current_workspace_id == team.erin.user.personal_workspace.id
    join(team.erin.user, team.id, Role.ADMIN)  # and comes back
    assert team.erin.api.get("agents/", headers=by_token).status_code == 401
    assert ApiToken.objects.get().revoked_at is not None
    assert AuditEntry.objects.get(action="member.removed").before == {"role": "admin"}


def test_leaving(team: Team) -> None:
    assert team.carol.api.post(team.path("leave/")).status_code == 204
    assert team.role_of(team.carol) is None
    assert team.carol.api.post(team.path("leave/")).status_code == 404
    assert AuditEntry.objects.get(action="member.left").actor_id == team.carol.user.id
    last = team.alice.api.post(team.path("leave/"))
    assert (last.status_code, last.json()["code"]) == (409, "last_owner")
    assert team.role_of(team.alice) == "owner"


def test_nobody_is_put_out_of_their_personal_workspace(cast: Cast) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/"
    Membership.objects.filter(user=cast.bob.user, workspace_id=cast.alice.workspace_id).update(role=Role.OWNER)
    for response in (
        cast.bob.api.delete(f"{path}members/{cast.alice.user.id}/"),
        cast.bob.api.patch(f"{path}members/{cast.alice.user.id}/", {"role": "viewer"}),
        cast.alice.api.post(f"{path}leave/"),
        cast.alice.api.post(f"{path}transfer/", {"to": str(cast.bob.user.id), "confirm": "Alice"}),
        cast.alice.api.delete(f"{path}?confirm=Alice"),
    ):
        assert (response.status_code, response.json()["code"]) == (409, "personal_workspace")
    assert Membership.objects.get(user=cast.alice.user, workspace_id=cast.alice.workspace_id).role == "owner"


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_the_same_time_leave_one_behind(cast: Cast) -> None:
    team = Team(cast)
    Membership.objects.filter(workspace_id=team.id, user=team.bob.user).update(role=Role.OWNER)
    barrier = threading.Barrier(2)
    refused: list[str] = []

    def leave(user: User) -> None:
        actor = get_actor(user, team.id)
        barrier.wait(60)
        try:
            members.member_leave(actor=actor)
        except AppError as error:
            refused.append(error.error_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=(person.user,)) for person in (team.alice, team.bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert refused == ["last_owner"]
    assert Membership.objects.filter(workspace_id=team.id, role=Role.OWNER).count() == 1


# Handing over


def transfer(team: Team, person: Person, to: Person, confirm: str = "Office") -> Any:
    return person.api.post(team.path("transfer/"), {"to": str(to.user.id), "confirm": confirm})


def test_handing_over_makes_another_the_owner_and_oneself_an_admin(team: Team) -> None:
    heard: list[MemberRoleChanged] = []
    events.subscribe(MemberRoleChanged, heard.append)
    response = transfer(team, team.alice, team.bob)
    assert (response.status_code, response.json()["role"]) == (200, "owner")
    assert (team.role_of(team.alice), team.role_of(team.bob)) == ("admin", "owner")
    assert Workspace.objects.get(id=team.id).email == team.bob.user.email
    entry = AuditEntry.objects.get(action="workspace.transferred")
    assert (entry.before, entry.after) == ({"owner": str(team.alice.user.id)}, {"owner": str(team.bob.user.id)})
    assert transfer(team, team.alice, team.carol).status_code == 403


def test_handing_over_is_confirmed_by_the_name(team: Team, cast: Cast) -> None:
    wrong = transfer(team, team.alice, team.bob, confirm="office")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["confirm"])
    assert transfer(team, team.alice, cast.dave).status_code == 404
    assert transfer(team, team.alice, team.alice).status_code == 409
    for person in (team.erin, team.bob, team.carol):
        assert transfer(team, person, person).status_code == 403
    assert team.role_of(team.alice) == "owner"


# Deleting the workspace


def test_deleting_is_confirmed_by_the_name_and_closes_everything(team: Team) -> None:
    _row, token = token_create(actor=get_actor(team.alice.user, team.id), name="x", scopes=["admin"])
    assert team.alice.api.delete(team.path()).status_code == 400
    assert team.alice.api.delete(team.path("?confirm=Offices")).status_code == 400
    assert team.erin.api.delete(team.path("?confirm=Office")).status_code == 403
    assert team.alice.api.delete(team.path("?confirm=Office")).status_code == 204
    assert Workspace.objects.get(id=team.id).closed_at is not None
    for person in (team.alice, team.bob):
        assert person.api.get(team.path()).status_code == 404
        assert person.api.get("agents/").status_code == 404
        assert person.api.get("agents/", headers={"X-Workspace": ""}).status_code == 200  # back in another of theirs
    assert team.alice.api.get("agents/", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert AuditEntry.objects.get(action="workspace.deleted").before == {"name": "Office"}


# The member cap


def test_with_a_plan_the_cap_is_kept(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "limit_sources", [lambda workspace_id, name: 4 if name == "members" else 0])
    response = team.alice.api.post(team.path("invitations/"), {"email": "new@example.com", "role": "viewer"})
    assert (response.status_code, response.json()["code"], response.json()["maximum"]) == (402, "plan_limit", 4)
    assert get_member(get_actor(team.alice.user, team.id), team.bob.user.id)
