"""/users/me"""

import pytest
from pytest_django import DjangoAssertNumQueries

from community.models import User, Workspace
from tests.cast import Api, Cast
from tests.walk import NOBODYS_ID

FIELDS = {
    "id", "email", "handle", "name", "avatar", "bio", "language", "timezone", "current_workspace_id", "created_at",
}  # fmt: skip


@pytest.mark.parametrize("path", ["users/me", "users/me/"])
def test_it_answers_the_signed_in_person(cast: Cast, path: str) -> None:
    response = cast.alice.api.get(path)
    assert response.status_code == 200
    body = response.json()
    assert set(body) == FIELDS
    assert (body["id"], body["current_workspace_id"]) == (str(cast.alice.user.id), str(cast.alice.workspace_id))


def test_it_costs_one_query(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert cast.alice.api.get("users/me/").status_code == 200


def test_patch_changes_what_is_sent(cast: Cast) -> None:
    response = cast.alice.api.patch("users/me", {"bio": "I build things.", "handle": "alice-builds"})
    assert response.status_code == 200
    assert (response.json()["bio"], response.json()["handle"]) == ("I build things.", "alice-builds")
    assert response.json()["name"] == "Alice"


def test_put_replaces_everything(cast: Cast) -> None:
    cast.alice.api.patch("users/me/", {"bio": "I build things."})
    response = cast.alice.api.put("users/me/", {"name": "A.", "handle": "a-b"})
    assert response.status_code == 200
    assert (response.json()["name"], response.json()["bio"]) == ("A.", "")
    assert cast.alice.api.put("users/me/", {"name": "A."}).json()["errors"] == {"handle": ["This field is required."]}


def test_the_workspace_one_works_in_is_chosen_and_then_meant(cast: Cast) -> None:
    bob, own = cast.bob.user, Workspace.objects.get(personal_of=cast.bob.user)
    api = Api(bob)
    assert api.get("inbox/").status_code == 200
    answer = api.patch("users/me/", {"current_workspace_id": str(own.id)})
    assert (answer.status_code, answer.json()["current_workspace_id"]) == (200, str(own.id))
    assert api.post("agents/", {"name": "Porter"}).status_code == 201
    assert [row["name"] for row in cast.bob.browser().get("/api/v1/agents/").json()["results"]] == ["Porter"]
    assert api.get("agents/", headers={"X-Workspace": str(cast.alice.workspace_id)}).json()["count"] == 0
    kept = api.put("users/me/", {"name": "Bob", "handle": bob.handle})
    assert kept.json()["current_workspace_id"] == str(own.id)


def test_nobody_chooses_a_workspace_that_is_not_theirs(cast: Cast) -> None:
    api, before = Api(cast.dave.user), cast.dave.workspace_id
    for workspace in (cast.alice.workspace_id, NOBODYS_ID):
        refused = api.patch("users/me/", {"bio": "Mine now", "current_workspace_id": str(workspace)})
        assert refused.status_code == 404
    for nothing in (None, "x", ""):
        assert api.patch("users/me/", {"current_workspace_id": nothing}).status_code == 400
    dave = User.objects.get(id=cast.dave.user.id)
    assert (dave.current_workspace_id, dave.bio) == (before, "")


def test_nobody_makes_themselves_staff_or_somebody_else(cast: Cast) -> None:
    cast.alice.api.patch("users/me/", {"is_staff": True, "is_superuser": True, "email": "x@example.com", "id": "0"})
    alice = User.objects.get(id=cast.alice.user.id)
    assert (alice.is_staff, alice.is_superuser, alice.email) == (False, False, cast.alice.user.email)


@pytest.mark.parametrize(("field", "value"), [("handle", "admin"), ("handle", "No Good"), ("timezone", "Mars/X")])
def test_it_refuses_bad_values_by_field(cast: Cast, field: str, value: str) -> None:
    response = cast.alice.api.patch("users/me/", {field: value})
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_it_refuses_a_taken_handle(cast: Cast) -> None:
    response = cast.alice.api.patch("users/me/", {"handle": cast.bob.user.handle})
    assert (response.status_code, response.json()["code"]) == (400, "handle_taken")


def test_it_asks_for_a_sign_in(anyone: Api) -> None:
    response = anyone.get("users/me")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["code"] == "unauthenticated"


def test_a_browser_uses_its_session(cast: Cast) -> None:
    assert cast.carol.browser().get("/api/v1/users/me/").json()["id"] == str(cast.carol.user.id)
