"""Secrets of tools are write-only: kept encrypted, answered masked, and sent only where they were entered for."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from agent_app.credentials import credential_reveal, credential_take, credentials_of, masked
from agent_app.models import Credential
from agent_app.services.credentials import credentials_sweep
from agent_app.tools.http import HttpTool
from agent_app.tools.registry import CallContext, Function, ToolDefinition, ToolFailed, ToolResult, ToolType
from community.models import AuditEntry
from config.lib.errors import InvalidInput
from config.lib.ids import uuid7
from tests.agents.world import actor_of, make_agent, make_provider
from tests.cast import Cast, Person

SECRET = "a-long-word-of-nobody-else"  # pragma: allowlist secret
OTHER = "another-long-word-entirely"  # pragma: allowlist secret
PATHS = ("auth.token", "auth.headers.*")


class Letter(ToolType):
    """The least that a type with secrets and an address is."""

    name, label, summary, icon, params_schema = "letter", "", "", "", {}
    secrets, permissions = PATHS, frozenset()

    def secret_paths(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        return PATHS[:1] if params["auth"].get("type") == "bearer" else PATHS

    def audience(self, params: Mapping[str, Any]) -> str:
        return str(params.get("to", ""))

    def functions(self, tool: ToolDefinition) -> list[Function]:
        return []

    async def call(self, tool: ToolDefinition, function: Function, arguments: Any, context: CallContext) -> ToolResult:
        return ToolResult(value=None)


def take(
    person: Person, params: dict[str, Any], old: UUID | None = None, kind: ToolType | tuple[str, ...] = PATHS
) -> tuple[dict[str, Any], UUID | None]:
    return credential_take(actor=actor_of(person), kind=kind, params=params, old_id=old)


def revealed(person: Person, credential: UUID | None, audience: str = "") -> dict[str, str]:
    return credential_reveal(workspace_id=person.workspace_id, credential_id=credential, audience=audience)


def test_a_secret_leaves_the_params_and_is_read_only_for_the_call(cast: Cast) -> None:
    rest, kept = take(cast.bob, {"url": "u", "auth": {"token": SECRET, "headers": {"X-Key": OTHER}}})
    assert rest == {"url": "u", "auth": {"headers": {}}}
    assert revealed(cast.bob, kept) == {"auth.token": SECRET, "auth.headers.X-Key": OTHER}
    row = Credential.objects.get()
    assert SECRET not in f"{row.values_encrypted} {row.hints}" and OTHER not in f"{row.values_encrypted} {row.hints}"
    shown = masked(rest, credentials_of(cast.bob.workspace_id, [kept])[str(kept)])
    assert shown["auth"] == {
        "token": {"set": True, "hint": "…else"}, "headers": {"X-Key": {"set": True, "hint": "…rely"}},
    }  # fmt: skip


@pytest.mark.parametrize("given", [{}, {"token": {"set": True, "hint": "…else"}}, {"token": None}])
def test_what_was_answered_can_be_sent_back(cast: Cast, given: dict[str, Any]) -> None:
    _, kept = take(cast.bob, {"auth": {"token": SECRET}})
    rest, same = take(cast.bob, {"auth": given}, kept)
    assert (same, rest, revealed(cast.bob, kept)) == (kept, {"auth": {}}, {"auth.token": SECRET})
    assert AuditEntry.objects.filter(action="credential.changed").count() == 0


def test_a_new_value_replaces_the_old_one_and_an_empty_one_removes_it(cast: Cast) -> None:
    _, kept = take(cast.bob, {"auth": {"token": SECRET, "headers": {"A": "1", "B": "2"}}})
    take(cast.bob, {"auth": {"token": OTHER, "headers": {"A": {"set": True}}}}, kept)
    assert revealed(cast.bob, kept) == {"auth.token": OTHER, "auth.headers.A": "1"}
    _, none = take(cast.bob, {"auth": {"token": "", "headers": {"A": ""}}}, kept)
    assert none is None


def test_the_audit_names_what_changed_without_its_value(cast: Cast) -> None:
    _, kept = take(cast.bob, {"auth": {"token": SECRET}})
    take(cast.bob, {"auth": {"token": OTHER}}, kept)
    entries = list(AuditEntry.objects.filter(object_id=kept).order_by("created_at"))
    assert [entry.action for entry in entries] == ["credential.created", "credential.changed"]
    assert (entries[1].before["set"], entries[1].after["set"]) == (["auth.token …else"], ["auth.token …rely"])


@pytest.mark.parametrize("value", [7, ["x"], {"set": False}, "x" * 16_001])
def test_what_is_no_text_is_refused_and_nothing_is_kept(cast: Cast, value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        take(cast.bob, {"auth": {"token": value}})
    assert list(refused.value.errors) == ["auth.token"]
    assert not Credential.objects.exists()


def test_another_workspace_has_no_such_credential(cast: Cast) -> None:
    _, kept = take(cast.bob, {"auth": {"token": SECRET}})
    with pytest.raises(ToolFailed, match="gone"):
        revealed(cast.dave, kept)
    rest, stolen = take(cast.dave, {"auth": {"token": {"set": True}}}, kept)
    assert stolen is None and rest == {"auth": {}}
    assert credentials_of(cast.dave.workspace_id, [kept]) == {}
    assert revealed(cast.bob, kept) == {"auth.token": SECRET}


def test_a_kept_secret_is_not_sent_to_a_new_address(cast: Cast) -> None:
    kind = Letter()
    params = {"to": "https://a.example", "auth": {"type": "bearer", "token": SECRET}}
    _, kept = take(cast.bob, params, kind=kind)
    elsewhere = {"to": "https://b.example", "auth": {"type": "bearer", "token": {"set": True}}}
    for silent in (elsewhere, elsewhere | {"auth": {"type": "bearer"}}):
        with pytest.raises(InvalidInput) as refused:
            take(cast.bob, silent, kept, kind)
        assert refused.value.error_code == "secret_again"
    with pytest.raises(ToolFailed, match="another address"):
        revealed(cast.bob, kept, "https://b.example")
    _, new = take(cast.bob, elsewhere | {"auth": {"type": "bearer", "token": OTHER}}, kept, kind)
    assert new != kept, "versions that were published for the old address still have theirs"
    assert revealed(cast.bob, kept, "https://a.example") == {"auth.token": SECRET}


def test_a_copy_has_the_secrets_for_itself_and_not_the_account(cast: Cast) -> None:
    auth = {"type": "oauth2", "grant": "authorization_code", "client_id": "me", "client_secret": SECRET,
            "token_url": "https://a.example/t", "authorize_url": "https://a.example/a"}  # fmt: skip
    params = {"url": "https://a.example/x", "auth": auth}
    agent = make_agent(cast.bob)
    part = cast.bob.api.post(f"agents/{agent.id}/tools/", {"name": "bank", "type": "http", "params": params}).json()
    assert part["needs"] == "account"
    row = Credential.objects.get()
    row.set_tokens({"access_token": OTHER})
    row.save()
    [there] = cast.bob.api.get(f"agents/{agent.id}/tools/").json()["results"]
    assert there["needs"] == ""
    [clone] = cast.bob.api.post(f"agents/{agent.id}/clone/", {}).json()["tools"]
    assert clone["credential_id"] not in (None, part["credential_id"])
    assert (clone["needs"], clone["params"]["auth"]["client_secret"]["hint"]) == ("account", "…else")
    copy = Credential.objects.get(id=clone["credential_id"])
    changed = {"auth": auth | {"client_secret": OTHER}}
    take(cast.bob, {**params, **changed}, copy.id, HttpTool())
    assert row.values == {"auth.client_secret": SECRET}, "the original's is its own"
    document = cast.bob.api.get(f"agents/{agent.id}/export/").json()
    elsewhere = cast.dave.api.post("agents/import/", {"document": document}).json()["agents"][0]["agent_id"]
    [imported] = cast.dave.api.get(f"agents/{elsewhere}/tools/").json()["results"]
    assert imported["needs"] == "account"
    assert Credential.objects.get(id=imported["credential_id"]).hints == {}
    page = cast.dave.browser().get(f"/agents/{elsewhere}/").content.decode()
    assert "Connect it" in page


def test_secrets_that_nothing_has_any_more_are_removed_a_day_later(cast: Cast) -> None:
    def tool(name: str) -> dict[str, Any]:
        auth = {"type": "bearer", "token": SECRET}
        return {"name": name, "type": "http", "params": {"url": "https://a.example/x", "auth": auth}}

    make_provider(cast.alice)
    agent = make_agent(cast.bob, model="fake/m")
    path = f"agents/{agent.id}/tools/"
    published = cast.bob.api.post(path, tool("published")).json()
    assert cast.bob.api.post(f"agents/{agent.id}/publish/").status_code == 201
    dropped, shared = (
        cast.bob.api.post(path, tool("dropped")).json(),
        cast.bob.api.post("tools/", tool("shared")).json(),
    )
    drafted = cast.bob.api.post(path, tool("drafted")).json()
    for part in (published, dropped):
        cast.bob.api.delete(f"{path}{part['id']}/")
    assert credentials_sweep() == 0, "not on the same day"
    Credential.objects.update(updated_at=timezone.now() - timedelta(days=2))
    assert credentials_sweep() == 1
    left = {published["credential_id"], shared["credential_id"], drafted["credential_id"]}
    assert {str(row.id) for row in Credential.objects.all()} == left
    assert AuditEntry.objects.get(action="credential.removed").object_id == UUID(dropped["credential_id"])


def test_what_the_params_have_no_use_for_is_forgotten(cast: Cast) -> None:
    kind = Letter()
    _, kept = take(cast.bob, {"auth": {"type": "all", "token": SECRET, "headers": {"A": "1"}}}, kind=kind)
    take(cast.bob, {"auth": {"type": "bearer"}}, kept, kind)
    assert revealed(cast.bob, kept) == {"auth.token": SECRET}


def test_a_value_that_no_key_reads_is_said_to_be_so(cast: Cast) -> None:
    _, kept = take(cast.bob, {"auth": {"token": SECRET, "headers": {"A": "1"}}})
    Credential.objects.filter(id=kept).update(values_encrypted="v1.gone.AAAA")
    with pytest.raises(ToolFailed, match="cannot be decrypted"):
        revealed(cast.bob, kept)
    with pytest.raises(InvalidInput):
        take(cast.bob, {"auth": {"token": OTHER}}, kept)
    assert take(cast.bob, {"auth": {"token": OTHER, "headers": {"A": "2"}}}, kept)[1] == kept
    assert revealed(cast.bob, None) == {}
    with pytest.raises(ToolFailed):
        revealed(cast.bob, uuid7())
