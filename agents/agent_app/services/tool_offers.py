"""Asking servers what their tools are: before a tool is saved, and again when a person wants to know what has changed.

Outside of a transaction: nobody waits for a stranger's server with a lock.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from agent_app.definition.tool_parts import Part
from agent_app.models import Agent, Tool
from agent_app.services.agent_parts import part_change
from agent_app.services.tools import tool_update
from agent_app.tools import registry
from agent_app.tools.registry import ToolDefinition
from agent_app.tools.remote import WRITTEN_HERE, Change, Offer, RemoteType, confirmed, digest
from community.access import Actor
from config.lib.errors import Conflict, InvalidInput


def tool_look(*, actor: Actor, type: str, params: Mapping[str, Any]) -> Offer:
    """What a tool with these params would offer. Nothing is saved. Raises InvalidInput, Refused."""
    actor.require("tool.write")
    return _remote(type).look(actor.workspace_id, dict(params), None)


def tool_sync(*, actor: Actor, tool: Tool, confirm: str = "") -> tuple[Tool, list[Change], str]:
    """Look again: the tool, how its functions differ now, and the digest that confirms them. With that they are saved.

    Raises Conflict where what is offered is not what was confirmed.
    """
    actor.require("tool.write")
    params, changes = _remote(tool.type).look_again(actor.workspace_id, _definition(tool))
    if not confirm or not changes:
        return tool, changes, params["digest"]
    if confirm != params["digest"]:
        raise Conflict(_("What is offered has changed again. Look at it once more."), code="changed_again")
    return tool_update(actor=actor, tool=tool, changes={"params": confirmed(params)}), changes, params["digest"]


def tool_offer(*, actor: Actor, tool: Tool) -> tuple[Offer, str]:
    """What a tool's server offers now, chosen or not, and the digest that ``tool_choose`` wants to see."""
    actor.require("tool.write")
    return _offer(actor, _definition(tool))


def tool_choose(*, actor: Actor, tool: Tool, chosen: Sequence[str], seen: str) -> Tool:
    """Switch functions on and off: those with the keys ``chosen`` are on. Raises Conflict where what is offered is not what was
    ``seen``, and InvalidInput where nothing is chosen."""
    actor.require("tool.write")
    return tool_update(actor=actor, tool=tool, changes={"params": _choice(actor, _definition(tool), chosen, seen)})


# The same for a tool of an agent's own


def agent_tool_sync(*, actor: Actor, agent: Agent, part: Part, confirm: str = "") -> tuple[Part, list[Change], str]:
    params, changes = _remote(part["type"]).look_again(actor.workspace_id, _own(actor, part))
    if not confirm or not changes:
        return part, changes, params["digest"]
    if confirm != params["digest"]:
        raise Conflict(_("What is offered has changed again. Look at it once more."), code="changed_again")
    return _changed(actor, agent, part, confirmed(params)), changes, params["digest"]


def agent_tool_offer(*, actor: Actor, part: Part) -> tuple[Offer, str]:
    return _offer(actor, _own(actor, part))


def agent_tool_choose(*, actor: Actor, agent: Agent, part: Part, chosen: Sequence[str], seen: str) -> Part:
    return _changed(actor, agent, part, _choice(actor, _own(actor, part), chosen, seen))


def _changed(actor: Actor, agent: Agent, part: Part, params: Mapping[str, Any]) -> Part:
    return part_change(actor=actor, agent=agent, kind="tools", part_id=UUID(part["id"]), values={"params": params})


def _own(actor: Actor, part: Part) -> ToolDefinition:
    """Raises InvalidInput where it is the library's."""
    actor.require("agent.write")
    if part["tool_id"]:
        raise InvalidInput(_("This tool is one of the library. Look at it there."), code="of_library")
    return ToolDefinition.of(part)


def _offer(actor: Actor, tool: ToolDefinition) -> tuple[Offer, str]:
    offer = _remote(tool.type).look(actor.workspace_id, _given(tool), tool)
    return offer, digest([each.kept() for each in offer.functions])


def _choice(actor: Actor, tool: ToolDefinition, chosen: Sequence[str], seen: str) -> dict[str, Any]:
    """The params with which those are on. Raises Conflict, InvalidInput."""
    offer, now = _offer(actor, tool)
    if seen != now:
        raise Conflict(_("What is offered has changed again. Look at it once more."), code="changed_again")
    if not chosen:
        raise InvalidInput(_("Choose at least one function, or switch the tool off."))
    kind = _remote(tool.type)
    return confirmed(kind.accepted({**_given(tool), kind.chosen_in: list(chosen)}, offer))


def _given(tool: ToolDefinition) -> dict[str, Any]:
    """The params without what is written here of what was offered."""
    return {name: value for name, value in tool.params.items() if name not in WRITTEN_HERE}


def _definition(tool: Tool) -> ToolDefinition:
    return ToolDefinition(
        id=str(tool.id), name=tool.name, type=tool.type, description=tool.description, params=tool.params,
        credential_id=str(tool.credential_id) if tool.credential_id else None,
    )  # fmt: skip


def _remote(type: str) -> RemoteType:
    kind = registry.get(type)
    if not isinstance(kind, RemoteType):
        raise InvalidInput(errors={"type": [_("What this type of tool offers is said by its settings alone.")]})
    return kind
