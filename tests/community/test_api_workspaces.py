"""/workspaces/"""

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from community.models import AuditEntry, Membership, Workspace
from tests.cast import Cast


def test_the_list_holds_ones_own_with_the_role_in_each(cast: Cast) -> None:
    response = cast.bob.api.get("workspaces")
    assert response.status_code == 200
    body = response.json()
    assert (body["count"], body["next"], body["previous"]) == (2, None, None)
    roles = {entry["id"]: (entry["role"], entry["personal"]) for entry in body["results"]}
    assert roles[str(cast.alice.workspace_id)] == ("editor", True)
    assert sorted(role for role, _personal in roles.values()) == ["editor", "owner"]
    assert str(cast.dave.workspace_id) not in roles


def test_the_list_costs_three_queries(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(3):
        cast.bob.api.get("workspaces/", {"limit": 1, "search": "a"})


def test_a_new_workspace_is_owned_and_worked_in(cast: Cast) -> None:
    response = cast.dave.api.post("workspaces/", {"name": "  Garage   band "})
    assert response.status_code == 201
    body = response.json()
    assert (body["name"], body["role"], body["personal"]) == ("Garage band", "owner", False)
    cast.dave.user.refresh_from_db()
    assert str(cast.dave.user.current_workspace_id) == body["id"]


def test_it_refuses_a_workspace_without_a_name(cast: Cast) -> None:
    before = Workspace.objects.count()
    assert cast.dave.api.post("workspaces/", {"name": "  "}).status_code == 400
    assert Workspace.objects.count() == before


@pytest.mark.parametrize(("who", "expected"), [("alice", 200), ("bob", 403), ("carol", 403), ("dave", 404)])
def test_who_may_rename_it(cast: Cast, who: str, expected: int) -> None:
    person = getattr(cast, who)
    response = person.api.patch(
        f"workspaces/{cast.alice.workspace_id}", {"name": "Renamed"}, headers={"X-Workspace": ""}
    )
    assert response.status_code == expected
    assert Workspace.objects.get(id=cast.alice.workspace_id).name == ("Renamed" if expected == 200 else "Alice")
    assert AuditEntry.objects.filter(action="workspace.updated").count() == (expected == 200)


def test_every_member_may_read_it_and_nobody_else(cast: Cast) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/"
    assert cast.carol.api.get(path).json()["role"] == "viewer"
    stranger = cast.dave.api.get(path)
    missing = cast.dave.api.get(f"workspaces/{uuid4()}/")
    assert stranger.status_code == missing.status_code == 404
    assert stranger.json()["detail"] == missing.json()["detail"]


def test_a_closed_workspace_is_gone(cast: Cast) -> None:
    workspace = Workspace.objects.get(id=cast.alice.workspace_id)
    workspace.closed_at = workspace.created_at
    workspace.save()
    assert cast.alice.api.get(f"workspaces/{workspace.id}/").status_code == 404
    assert cast.alice.api.get("workspaces/").json()["count"] == 0
    assert Membership.objects.filter(workspace=workspace).exists()
