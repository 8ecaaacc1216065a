"""Search, order and filters of the lists about people, tokens and files; what is mistyped is refused by name."""

import pytest

from community.access import get_actor
from community.models import NotificationKind
from community.services.api_tokens import token_create
from community.services.invitations import invitation_create
from community.services.notifications import notification_send
from tests.cast import Cast, Person


def shown(person: Person, path: str, name: str) -> list[str]:
    answer = person.api.get(path)
    assert answer.status_code == 200, answer.content
    return [row[name] for row in answer.json()["results"]]


def test_tokens_are_searched_and_ordered(cast: Cast) -> None:
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    for name in ("Night", "Build", "Nine"):
        token_create(actor=actor, name=name, scopes=["runs:read"])
    assert shown(cast.alice, "tokens/", "name") == ["Nine", "Build", "Night"]
    assert shown(cast.alice, "tokens/?ordering=name", "name") == ["Build", "Night", "Nine"]
    assert shown(cast.alice, "tokens/?search=ni&ordering=-name", "name") == ["Nine", "Night"]


def test_invitations_are_searched_filtered_and_ordered(cast: Cast) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/invitations/"
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    for email, role in (("b@example.com", "viewer"), ("a@example.com", "admin"), ("c@example.org", "viewer")):
        invitation_create(actor=actor, email=email, role=role)
    assert shown(cast.alice, path, "email") == ["c@example.org", "a@example.com", "b@example.com"]
    assert shown(cast.alice, f"{path}?ordering=email", "email") == ["a@example.com", "b@example.com", "c@example.org"]
    assert shown(cast.alice, f"{path}?search=EXAMPLE.COM&role=viewer", "email") == ["b@example.com"]


def test_notifications_are_searched_and_read_from_either_end(cast: Cast) -> None:
    for title in ("The first run", "A comment", "The last run"):
        notification_send(
            user_ids=[cast.alice.user.id], kind=NotificationKind.RUN_FAILED, key=title, title=title, url="/runs/"
        )
    assert shown(cast.alice, "notifications/?search=RUN", "title") == ["The last run", "The first run"]
    assert shown(cast.alice, "notifications/?ordering=created_at&limit=1", "title") == ["The first run"]


def test_the_audit_log_is_read_from_either_end(cast: Cast) -> None:
    cast.alice.api.patch(f"workspaces/{cast.alice.workspace_id}/", {"name": "Renamed"})
    newest = shown(cast.alice, "audit/", "action")
    assert newest[0] == "workspace.updated"
    assert shown(cast.alice, "audit/?ordering=created_at", "action") == newest[::-1]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("tokens/?ordering=digest", "ordering"),
        ("workspaces/{office}/invitations/?role=boss", "role"),
        ("workspaces/{office}/invitations/?ordering=digest", "ordering"),
        ("notifications/?unread=maybe", "unread"),
        ("notifications/?snoozed=1", "snoozed"),
        ("notifications/?ordering=title", "ordering"),
        ("audit/?ordering=ip", "ordering"),
        ("files/?ordering=key", "ordering"),
        ("files/?status=eaten", "status"),
        ("files/?uploader=bob", "uploader"),
        ("inbox/?kind=bogus", "kind"),
        ("inbox/?offset=1001", "offset"),
    ],
)
def test_what_is_mistyped_is_refused_by_name(cast: Cast, path: str, name: str) -> None:
    answer = cast.alice.api.get(path.format(office=cast.alice.workspace_id))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [name])


def test_where_bills_go_is_shown_to_who_may_change_it(cast: Cast) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/"
    changed = cast.alice.api.patch(path, {"email": "bills@example.com"})
    assert (changed.status_code, changed.json()["email"]) == (200, "bills@example.com")
    assert cast.alice.api.get(path).json()["email"] == "bills@example.com"
    assert cast.bob.api.get(path).json()["email"] is None
    assert {row["id"]: row["email"] for row in cast.bob.api.get("workspaces/").json()["results"]}[
        str(cast.alice.workspace_id)
    ] is None
