"""Writing one handoff, context, tool or guardrail of an agent: its list is written again, so that the agent changes as a whole."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from agent_app.definition.content import READ
from agent_app.definition.tool_parts import usual
from agent_app.models import Agent
from agent_app.services.agents import agent_update
from agent_app.services.tools import tools_prepared
from community.access import Actor
from config.lib.errors import NotFound

Part = dict[str, Any]


def part_add(*, actor: Actor, agent: Agent, kind: str, values: Mapping[str, Any]) -> Part:
    """Add to the end of the list ``kind``; answers the part."""
    values = _prepared(actor, agent, kind, values)
    with transaction.atomic():
        parts = _locked(actor, agent, kind)
        return _write(actor, agent, kind, [*_others(parts, values), dict(values)])[-1]


def part_change(*, actor: Actor, agent: Agent, kind: str, part_id: UUID, values: Mapping[str, Any]) -> Part:
    """Change what ``values`` name of a part. Raises NotFound."""
    if kind == "tools" and values.keys() & {"type", "params"}:
        values = usual(values) if "params" in values else values
        before = READ[kind](agent)
        whole = _prepared(actor, agent, kind, {**before[_place(before, part_id)], **values})
        values = {**values, "type": whole["type"], "params": whole["params"]}
    with transaction.atomic():
        parts = _locked(actor, agent, kind)
        place = _place(parts, part_id)
        changed = _others(parts, values)
        changed[place] = {**parts[place], **values, "id": str(part_id)}
        return _write(actor, agent, kind, changed)[place]


def part_replace(*, actor: Actor, agent: Agent, kind: str, part_id: UUID, values: Mapping[str, Any]) -> Part:
    """Put ``values`` in the place of a part; what they leave out is the default. Raises NotFound."""
    values = _prepared(actor, agent, kind, {**values, "id": str(part_id)})
    with transaction.atomic():
        parts = _locked(actor, agent, kind)
        place = _place(parts, part_id)
        changed = _others(parts, values)
        changed[place] = {**values, "id": str(part_id)}
        return _write(actor, agent, kind, changed)[place]


@transaction.atomic
def part_move(*, actor: Actor, agent: Agent, kind: str, part_id: UUID, step: int) -> None:
    """Move a part some places down its list, or up where ``step`` is negative; no further than to the end."""
    parts = _locked(actor, agent, kind)
    moved = parts.pop(place := _place(parts, part_id))
    parts.insert(max(0, place + step), moved)
    _write(actor, agent, kind, parts)


@transaction.atomic
def part_remove(*, actor: Actor, agent: Agent, kind: str, part_id: UUID) -> None:
    parts = _locked(actor, agent, kind)
    del parts[_place(parts, part_id)]
    _write(actor, agent, kind, parts)


@transaction.atomic
def default_context_set(*, actor: Actor, agent: Agent, values: Mapping[str, Any]) -> Part:
    """Change the default context; make it where there is none."""
    parts = _locked(actor, agent, "contexts")
    default = next((part for part in parts if part["is_default"]), None)
    if default is None:
        named = {"name": _("Default"), **values, "is_default": True}
        return part_add(actor=actor, agent=agent, kind="contexts", values=named)
    return part_change(actor=actor, agent=agent, kind="contexts", part_id=UUID(default["id"]), values=values)


def _prepared(actor: Actor, agent: Agent, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A tool may have to be asked for: nobody waits for a stranger's server with a lock."""
    actor.require("agent.write")
    if kind != "tools":
        return dict(values)
    [prepared] = tools_prepared(actor=actor, given=[values], old=READ[kind](agent))
    return prepared


def _locked(actor: Actor, agent: Agent, kind: str) -> list[Part]:
    """The list, which nobody else changes until the end of the transaction."""
    actor.require("agent.write")
    return READ[kind](Agent.objects.select_for_update(of=("self",)).get(id=agent.id))


def _others(parts: list[Part], values: Mapping[str, Any]) -> list[Part]:
    """The list before a change: where the changed one becomes the default, no other is it."""
    return [part | {"is_default": False} for part in parts] if values.get("is_default") else list(parts)


def _place(parts: list[Part], part_id: UUID) -> int:
    for place, part in enumerate(parts):
        if part["id"] == str(part_id):
            return place
    raise NotFound(_("There is no such item in this agent."))


def _write(actor: Actor, agent: Agent, kind: str, parts: list[Part]) -> list[Part]:
    return READ[kind](agent_update(actor=actor, agent=agent, changes={kind: parts}))
