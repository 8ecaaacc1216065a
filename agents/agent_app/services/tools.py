"""Writing tools: those of the workspace's library, and the secrets of any."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from agent_app import json_schemas
from agent_app.credentials import credential_take
from agent_app.definition import tool_checks
from agent_app.definition.content import PREFETCH, draft_content
from agent_app.definition.tool_parts import Part, usual
from agent_app.models import Agent, Tool
from agent_app.tools import registry
from agent_app.tools.registry import ToolDefinition
from community.access import Actor
from config.lib import audit, realtime
from config.lib.errors import Conflict, InvalidInput

FIELDS = ("name", "description", "type", "params", "approval", "max_calls", "timeout_s", "enabled")
_AUDITED = ("name", "type", "approval", "max_calls", "timeout_s", "enabled")


def tool_create(*, actor: Actor, fields: Mapping[str, Any]) -> Tool:
    """Add a tool to the library. Raises InvalidInput by field."""
    actor.require("tool.write")
    return _create(actor, _prepared(actor, usual(fields), None))


@transaction.atomic
def _create(actor: Actor, fields: Mapping[str, Any]) -> Tool:
    row = Tool(workspace_id=actor.workspace_id, created_by=actor.user, updated_by=actor.user, approval="never")
    _set(actor, row, fields)
    _save(row, new=True)
    _record(actor, "tool.created", row, before={})
    return row


def tool_update(*, actor: Actor, tool: Tool, changes: Mapping[str, Any], revision: int | None = None) -> Tool:
    """Save ``changes`` and count up the revision; agents that use it follow. Raises Conflict where ``revision`` is stale, and
    InvalidInput by field, also for what the change would do to one of those agents."""
    actor.require("tool.write")
    kind = changes.get("type", tool.type)
    if kind != tool.type and "params" not in changes:
        raise InvalidInput(errors={"params": [_("Another type needs other settings.")]})
    whole = dict(changes)
    if "params" in changes:
        whole = _prepared(actor, usual({"type": tool.type, **changes}), tool)
    return _update(actor, tool, whole, changes, revision)


@transaction.atomic
def _update(
    actor: Actor, tool: Tool, whole: Mapping[str, Any], changes: Mapping[str, Any], revision: int | None
) -> Tool:
    locked = Tool.objects.select_for_update(of=("self",)).get(id=tool.id)
    if revision is not None and revision != locked.revision:
        raise Conflict(
            _("Somebody else has saved this tool since you opened it. Reload to see their changes."),
            code="stale_revision", current_revision=locked.revision,
            changed=[name for name, value in changes.items() if getattr(locked, name, None) != value],
        )  # fmt: skip
    before = _shown(locked)
    _set(actor, locked, whole)
    locked.revision += 1
    locked.updated_by = actor.user
    _save(locked, new=False)
    _check_agents(locked)
    _record(actor, "tool.changed", locked, before=before)
    return locked


@transaction.atomic
def tool_delete(*, actor: Actor, tool: Tool) -> None:
    """Take a tool out of the library, and out of the drafts that use it. Published versions keep it."""
    actor.require("tool.write")
    Agent.objects.filter(tools__tool_id=tool.id).update(revision=F("revision") + 1)
    _record(actor, "tool.deleted", tool, before=_shown(tool))
    tool.delete()


def tools_prepared(*, actor: Actor, given: Iterable[Mapping[str, Any]], old: Iterable[Part]) -> list[Part]:
    """An agent's tools as clients say them, with what servers had to be asked of them: before anything is locked.

    ``tool_secrets_take`` takes nothing else. Raises InvalidInput, Refused.
    """
    known = {part["id"]: part for part in old if not part["tool_id"]}
    return [_prepared_part(actor, values, known.get(str(values.get("id") or ""))) for values in given]


def _prepared_part(actor: Actor, values: Mapping[str, Any], before: Part | None) -> Part:
    if values.get("tool_id"):
        return dict(values)
    part = usual(values)
    kind = registry.find(str(part.get("type") or ""))
    if kind is None or json_schemas.errors_in(kind.params_schema, part["params"]) or _same(before, part):
        return part  # the checks say what is wrong
    definition = ToolDefinition.of(before) if before and before["type"] == kind.name else None
    with _named(str(part.get("name") or kind.name)):
        return part | {"params": kind.prepare(workspace_id=actor.workspace_id, params=part["params"], old=definition)}


def tool_as_saved(*, part: Part) -> Part:
    """A part that was saved here before, for another place: nobody has to be asked about it again."""
    kind = registry.find(part["type"])
    return part | {"params": kind.sealed(part["params"])} if kind and not part["tool_id"] else part


def tool_secrets_take(*, actor: Actor, parts: list[Part], old: list[Part]) -> None:
    """Move the secrets of an agent's own tools into credentials, in place. A masked value keeps what the old tool of that id has."""
    known = {part["id"]: part for part in old if not part["tool_id"]}
    for part in parts:
        if part["tool_id"] or not (kind := registry.find(part["type"])):
            continue
        before = known.get(part["id"])
        if not json_schemas.errors_in(kind.params_schema, part["params"]) and not _same(before, part):
            part["params"] = kind.settled(part["params"], ToolDefinition.of(before) if before else None)
        with _named(part["name"]):
            part["params"], credential = credential_take(
                actor=actor, kind=kind, params=part["params"],
                old_id=part["credential_id"] or (before or {}).get("credential_id"),
            )  # fmt: skip
        part["credential_id"] = str(credential) if credential else None


@contextmanager
def _named(name: str) -> Iterator[None]:
    """What is wrong with one tool of an agent, in words that name it."""
    try:
        yield
    except InvalidInput as error:
        found = [f"{name}: {place}: {why}" for place, whys in error.errors.items() for why in whys]
        raise InvalidInput(error.detail, errors={"tools": found or [error.detail]}, code=error.error_code) from error


def _same(before: Part | None, part: Mapping[str, Any]) -> bool:
    return before is not None and all(before[name] == part.get(name) for name in ("type", "params"))


def _prepared(actor: Actor, values: Mapping[str, Any], tool: Tool | None) -> dict[str, Any]:
    """What must be asked of a server is asked before anything is locked."""
    kind, params = registry.find(str(values.get("type") or "")), values.get("params") or {}
    if kind is None or json_schemas.errors_in(kind.params_schema, params):
        return dict(values)  # the checks say so
    old = ToolDefinition.of(_content(tool)) if tool else None
    return {**values, "params": kind.prepare(workspace_id=actor.workspace_id, params=params, old=old)}


def _content(row: Tool) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS} | {
        "id": str(row.id), "credential_id": str(row.credential_id) if row.credential_id else None,
    }  # fmt: skip


def _set(actor: Actor, row: Tool, values: Mapping[str, Any]) -> None:
    for name in FIELDS:
        if name in values and name != "params":
            setattr(row, name, values[name])
    row.approval = row.approval or "never"
    params = values.get("params", row.params)
    kind = registry.find(row.type)
    if kind is not None:
        if params != row.params and not json_schemas.errors_in(kind.params_schema, params):
            params = kind.settled(params)
        params, row.credential_id = credential_take(actor=actor, kind=kind, params=params, old_id=row.credential_id)
    row.params = params
    if errors := tool_checks.problems_of(actor.workspace_id, _content(row)):
        raise InvalidInput(_("Some fields need another look."), errors=errors)


def _save(row: Tool, *, new: bool) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=new)
    except IntegrityError as error:
        if "tool_name_unique" not in str(error):
            raise
        text = _("There is a tool called “%(name)s” already.") % {"name": row.name}
        raise InvalidInput(errors={"name": [text]}) from error
    realtime.send_on_commit(realtime.workspace_group(row.workspace_id), "tool.saved", {"tool_id": row.id})


def _check_agents(row: Tool) -> None:
    """What the change does to the agents that use it: names that collide, calls in a circle."""
    used = Agent.objects.filter(tools__tool_id=row.id).distinct().prefetch_related(*PREFETCH)
    for agent in used:
        content = draft_content(agent)
        ids = {part["id"] for part in content["tools"]}
        if found := tool_checks.agent_tools(agent.workspace_id, agent.id, content, ids):
            raise InvalidInput(
                _("%(agent)s uses this tool: %(why)s") % {"agent": agent.name, "why": found[0]},
                errors={"agents": [f"{agent.name}: {why}" for why in found]},
            )


def _shown(row: Tool) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _AUDITED}


def _record(actor: Actor, action: str, row: Tool, *, before: dict[str, Any]) -> None:
    after = {} if action == "tool.deleted" else _shown(row)
    audit.record(
        audit.Entry(
            action=action, actor_id=actor.id, workspace_id=actor.workspace_id, object_type="tool", object_id=row.id,
            before=before, after=after,
        )
    )  # fmt: skip
