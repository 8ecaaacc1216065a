"""Attacks on what hangs on a workspace: other tenants' ids, fields nobody offered, escalation, injection, guessing."""

import secrets
from typing import Any

import pytest
from pytest_django import Settings

from community.access import get_actor
from community.models import AuditEntry, Invitation, Membership, Role, User, Workspace
from community.opaque import new_token
from community.services.api_tokens import token_create
from community.services.invitations import invitation_create
from tests.agents.world import make_agent, make_provider
from tests.cast import Api, Cast, Person, join, make_user, on_plan

INJECTIONS = [
    "'", '"', "';--", "' OR '1'='1", "1; DROP TABLE community_user", "%", "_", "\\", "*", "$where", "{{7*7}}", "../../etc/passwd",
    "<script>alert(1)</script>", "x" * 200, "‮", "\U0001f600", "-", "--name", "user__password", "workspace__members__email",
]  # fmt: skip


def own_objects(person: Person) -> dict[str, str]:
    """Ids in the workspace of ``person``, by the name that paths give them."""
    on_plan(person.workspace_id, "pro")
    actor = get_actor(person.user, person.workspace_id)
    return {
        "members": str(person.user.id),
        "invitations": str(invitation_create(actor=actor, email="guest@example.com", role=Role.VIEWER).id),
    }


# Another tenant's ids


@pytest.mark.parametrize("kind", ["members", "invitations"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_id_of_another_workspace_is_not_found_under_ones_own(cast: Cast, kind: str, method: str) -> None:
    theirs = own_objects(cast.dave)[kind]
    before = (Membership.objects.count(), Invitation.objects.open().count())
    response = cast.alice.api.request(
        method, f"workspaces/{cast.alice.workspace_id}/{kind}/{theirs}/", {"role": "viewer"}
    )
    assert response.status_code in (404, 405)
    assert (Membership.objects.count(), Invitation.objects.open().count()) == before


@pytest.mark.parametrize("rest", ["", "members/", "invitations/", "leave/", "transfer/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_another_workspace_answers_like_one_that_is_not_there(cast: Cast, rest: str, method: str) -> None:
    data = {"name": "Mine", "email": "x@example.com", "role": "owner", "to": str(cast.dave.user.id), "confirm": "Alice"}
    answers = [
        cast.dave.api.request(
            method, f"workspaces/{office}/{rest}?confirm=Alice", data, headers={"X-Request-ID": "same"}
        )
        for office in (cast.alice.workspace_id, "01900000-0000-7000-8000-00000000dead")
    ]
    assert {answer.status_code for answer in answers} <= {404, 405}
    assert answers[0].content == answers[1].content
    assert Workspace.objects.get(id=cast.alice.workspace_id).name == "Alice"


def test_a_token_of_another_workspace_is_neither_seen_nor_revoked(cast: Cast) -> None:
    actor = get_actor(cast.dave.user, cast.dave.workspace_id)
    token, text = token_create(actor=actor, name="x", scopes=["admin"])
    assert cast.alice.api.get(f"tokens/{token.id}/").status_code == 404
    assert cast.alice.api.delete(f"tokens/{token.id}/").status_code == 404
    program = Api()
    program.headers["Authorization"] = f"Bearer {text}"
    assert program.get("agents/").status_code == 200


# Fields nobody offered


@pytest.mark.parametrize(
    "field", ["id", "role", "personal", "personal_of", "closed_at", "members", "owner", "created_at", "workspace_id"]
)
def test_a_workspace_takes_only_its_name_and_address(cast: Cast, field: str) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/"
    before = Workspace.objects.filter(id=cast.alice.workspace_id).values().get()
    cast.alice.api.patch(path, {field: str(cast.dave.user.id)})
    cast.alice.api.post("workspaces/", {"name": "x", field: str(cast.alice.workspace_id)})
    after = Workspace.objects.filter(id=cast.alice.workspace_id).values().get()
    assert {name for name in before if before[name] != after[name]} <= {"updated_at"}
    assert Membership.objects.get(user=cast.alice.user, workspace_id=cast.alice.workspace_id).role == "owner"


@pytest.mark.parametrize(
    "field", ["is_staff", "is_superuser", "email", "password", "current_workspace_id", "id", "created_at", "last_login"]
)
def test_a_person_changes_only_what_they_say_about_themselves(cast: Cast, field: str) -> None:
    before = User.objects.filter(id=cast.carol.user.id).values().get()
    value = str(cast.dave.workspace_id) if field.endswith("id") else "true"
    cast.carol.api.patch("users/me/", {field: value, "bio": "Hello"})
    after = User.objects.filter(id=cast.carol.user.id).values().get()
    assert {name for name in before if before[name] != after[name]} <= {"bio", "updated_at"}


@pytest.mark.parametrize(
    "field",
    [
        "workspace",
        "workspace_id",
        "user",
        "user_id",
        "created_by",
        "digest",
        "prefix",
        "id",
        "revoked_at",
        "last_used_at",
    ],
)
def test_a_token_is_ones_own_and_of_this_workspace(cast: Cast, field: str) -> None:
    response = cast.alice.api.post("tokens/", {"name": "x", "scopes": ["admin"], field: str(cast.dave.user.id)})
    assert (response.status_code, list(response.json()["errors"])) == (400, [field])


@pytest.mark.parametrize("field", ["workspace", "invited_by", "accepted_at", "expires_at", "digest", "id"])
def test_an_invitation_takes_only_address_and_role(cast: Cast, field: str) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/invitations/"
    response = cast.alice.api.post(
        path, {"email": "x@example.com", "role": "viewer", field: str(cast.dave.workspace_id)}
    )
    assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("field", ["workspace", "workspace_id", "created_by", "created_by_id", "id", "owner"])
def test_an_agent_stays_in_the_workspace_it_was_made_in(cast: Cast, field: str) -> None:
    agent = make_agent(cast.alice)
    for method, path in (("POST", "agents/"), ("PATCH", f"agents/{agent.id}/")):
        response = cast.alice.api.request(method, path, {"name": "x", field: str(cast.dave.workspace_id)})
        assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    agent.refresh_from_db()
    assert agent.workspace_id == cast.alice.workspace_id


# Escalation


def test_an_admin_becomes_no_owner_by_any_way(cast: Cast) -> None:
    erin = join(make_user("erin"), cast.alice.workspace_id, Role.ADMIN)
    office = f"workspaces/{cast.alice.workspace_id}/"
    refused = [
        erin.api.patch(f"{office}members/{erin.user.id}/", {"role": "owner"}),
        erin.api.patch(f"{office}members/{cast.alice.user.id}/", {"role": "viewer"}),
        erin.api.delete(f"{office}members/{cast.alice.user.id}/"),
        erin.api.post(f"{office}transfer/", {"to": str(erin.user.id), "confirm": "Alice"}),
        erin.api.post(f"{office}invitations/", {"email": "accomplice@example.com", "role": "owner"}),
        erin.api.delete(f"{office}?confirm=Alice"),
        erin.browser().post(f"/workspace/members/{erin.user.id}/role/", {"role": "owner"}),
        erin.browser().post("/workspace/transfer/", {"to": str(erin.user.id), "confirm": "Alice"}),
        erin.browser().post("/workspace/delete/", {"confirm": "Alice"}),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert (
        erin.browser().post("/workspace/invitations/", {"email": "a@example.com", "role": "owner"}).status_code == 422
    )
    owners = Membership.objects.filter(workspace_id=cast.alice.workspace_id, role=Role.OWNER)
    assert [member.user_id for member in owners] == [cast.alice.user.id]


def test_an_invitation_gives_the_role_it_was_sent_with(cast: Cast) -> None:
    invitation_create(
        actor=get_actor(cast.alice.user, cast.alice.workspace_id), email=cast.dave.user.email, role=Role.VIEWER
    )
    response = cast.dave.api.post("invitations/accept/", {"token": "x", "role": "owner", "workspace": "x"})
    assert response.status_code == 400
    assert not Membership.objects.filter(user=cast.dave.user, workspace_id=cast.alice.workspace_id).exists()


def test_a_viewers_token_was_never_made_and_an_editors_dies_down_with_the_role(cast: Cast) -> None:
    for person in (cast.bob, cast.carol):
        assert person.api.post("tokens/", {"name": "x", "scopes": ["admin"]}).status_code == 403


# Injection


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize(
    "parameter", ["search", "ordering", "limit", "offset", "role", "status", "action", "actor", "agent_id"]
)
def test_parameters_are_data(cast: Cast, parameter: str, text: str) -> None:
    make_agent(cast.alice)
    for path in (
        "agents/",
        "workspaces/",
        f"workspaces/{cast.alice.workspace_id}/members/",
        "audit/",
        "runs/",
        "tokens/",
    ):
        response = cast.alice.api.get(path, {parameter: text})
        assert response.status_code in (200, 400), response.content
        if response.status_code == 200 and parameter == "search" and path == "agents/":
            assert response.json()["count"] == 0 or text in ("-",)


@pytest.mark.parametrize("path", ["agents/", "runs/", "audit/", "workspaces/", "conversations/"])
def test_a_null_character_is_refused_and_breaks_nothing(cast: Cast, path: str) -> None:
    for address in (f"{path}?search=%00", f"{path}?action=a%00b", f"{path}%00"):
        response = cast.alice.api.get(address)
        assert response.status_code in (400, 404)
        assert response["Content-Type"] == "application/problem+json"
    body = {"name": "a\0b", "metadata": {"deep": [{"er\0": "x\0"}]}}
    assert cast.alice.api.post("agents/", body).status_code == 400
    assert cast.alice.browser().get("/agents/", {"q": "\0"}).status_code == 400


def test_a_name_is_shown_as_text(cast: Cast) -> None:
    script = "<script>alert(1)</script>"
    cast.alice.api.patch(f"workspaces/{cast.alice.workspace_id}/", {"name": script})
    cast.alice.api.post("tokens/", {"name": script, "scopes": ["runs:read"]})
    for page in ("/", "/workspace/", "/workspace/members/", "/workspace/tokens/", "/workspace/audit/"):
        assert script not in cast.alice.browser().get(page).content.decode()


# Guessing


@pytest.mark.usefixtures("one_window")
def test_guessing_links_and_tokens_has_a_limit(cast: Cast, settings: Settings) -> None:
    settings.THROTTLE_ANONYMOUS = 3
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    def statuses(guess: Any) -> set[int]:
        address = {"X-Forwarded-For": f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}"}
        return {guess(address).status_code for _attempt in range(8)}

    def token(address: dict[str, str]) -> Any:
        return Api().get("agents/", headers=address | {"Authorization": f"Bearer {new_token()}"})

    def link(address: dict[str, str]) -> Any:
        return Api().get(f"/invitations/{secrets.token_urlsafe(32)}/", headers=address)

    assert statuses(token) == {401, 429}
    assert statuses(link) == {404, 429}


def test_the_audit_log_holds_no_secret_of_a_token_or_an_invitation(cast: Cast) -> None:
    made = cast.alice.api.post("tokens/", {"name": "x", "scopes": ["admin"]}).json()["token"]
    cast.alice.api.post(f"workspaces/{cast.alice.workspace_id}/invitations/", {"email": "x@example.com"})
    everything = str(list(AuditEntry.objects.values()))
    assert made not in everything
    assert Invitation.objects.get().digest not in everything


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["Alice\r\nBcc: evil@example.com", "Alice\nSubject: x", "Alice\u2028x"])
def test_a_name_adds_no_header_to_a_mail_and_breaks_none(cast: Cast, mailoutbox: list[Any], name: str) -> None:
    assert cast.alice.api.patch("users/me/", {"name": name}).json()["name"] == " ".join(name.split())
    User.objects.filter(id=cast.alice.user.id).update(name=name)  # as somebody may be called from before
    path = f"workspaces/{cast.alice.workspace_id}/invitations/"
    assert cast.alice.api.post(path, {"email": "guest@example.com"}).status_code == 201
    [mail] = mailoutbox
    assert mail.recipients() == ["guest@example.com"]
    assert len(mail.subject.splitlines()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_key_gives_the_first_answer_to_no_token_that_may_not_run(cast: Cast) -> None:
    """Both tokens are alice's, so they share her keys; only one may run."""
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    path = f"agents/{make_agent(cast.alice, model=make_provider(cast.alice).name + '/m').id}/run/"
    answers = []
    for scopes in (["runs:run"], ["files:read", "runs:read"]):
        token = token_create(actor=actor, name="x", scopes=scopes)[1]
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k", "Prefer": "respond-async"}
        answers.append(Api().post(path, {"message": "Hello"}, headers=headers))
    assert [answer.status_code for answer in answers] == [202, 403]
    assert answers[1].json()["code"] == "scope"
