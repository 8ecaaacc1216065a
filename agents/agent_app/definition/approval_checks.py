"""Tools that ask people, where nobody could be asked: in an agent that answers as another's tool.

A run pauses between two turns of the agent that speaks. An agent that was called as a tool is in the middle of somebody
else's turn, which cannot be put away. So that is refused where it is made, published and run; handing over is the way.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from agent_app.definition.tool_parts import enabled, functions
from agent_app.models import AgentTool, Handoff
from agent_app.tools import registry
from config.lib.errors import Refused

Edges = Mapping[str, set[str]]


def asks(parts: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of these tools may need an approval."""
    return any(
        (part.get("approval") or "never") != "never" or any(each.approval not in (None, "never") for each in functions([part]))
        for part in enabled([dict(part) for part in parts])
    )  # fmt: skip


def check_definition(definition: Mapping[str, Any]) -> None:
    """Raises Refused for a frozen definition in which somebody would have to be asked within another's turn."""
    targets: Mapping[str, Any] = definition.get("targets") or {}
    every = [definition, *targets.values()]
    called = {target for each in every for target in registry.agent_ids(each.get("tools") or [])}
    if not called:
        return
    edges = {key: _edges_of(each) for key, each in targets.items()}
    for key in sorted(_reach(called, edges) & targets.keys()):
        if asks(targets[key].get("tools") or []):
            raise Refused(_text(targets[key]["name"]), code="approval_within")


def problems_of(workspace_id: UUID, agent_id: str, content: Mapping[str, Any]) -> list[str]:
    """The same for the draft of an agent that is being saved, and the drafts around it. Two queries where it has such tools."""
    parts = content["tools"]
    own, called = asks(parts), registry.agent_ids(enabled(parts))
    if not own and not called:
        return []
    calls, asking = _drafts(workspace_id)
    calls[agent_id] = called
    edges: dict[str, set[str]] = {key: set(targets) for key, targets in calls.items()}
    rows = Handoff.objects.filter(workspace_id=workspace_id).values_list("agent_id", "target_agent_id")
    for source, target in rows:
        edges.setdefault(str(source), set()).add(str(target))
    if found := sorted(_reach(called, edges) & asking.keys() - {agent_id}):
        return [_text(asking[found[0]])]
    if own and agent_id in _reach(set().union(*calls.values()), edges):
        return [_text(str(content.get("name") or _("This agent")))]
    return []


def _drafts(workspace_id: UUID) -> tuple[dict[str, set[str]], dict[str, str]]:
    """Whom each agent of the workspace calls, and the names of those with tools that ask."""
    calls: dict[str, set[str]] = {}
    asking: dict[str, str] = {}
    for row in AgentTool.objects.filter(workspace_id=workspace_id, enabled=True).select_related("tool", "agent"):
        content = row.tool or row
        if not content.enabled:
            continue
        if content.type == "agent":
            calls.setdefault(str(row.agent_id), set()).add(str(content.params.get("agent_id") or ""))
        policy = row.approval if row.approval is not None else content.approval
        part = {
            "type": content.type,
            "params": content.params,
            "name": content.name,
            "id": str(row.id),
            "approval": policy,
        }
        if asks([part]):
            asking[str(row.agent_id)] = row.agent.name
    return calls, asking


def _edges_of(definition: Mapping[str, Any]) -> set[str]:
    handed = {str(each["target_agent_id"]) for each in definition.get("handoffs") or []}
    return handed | registry.agent_ids(definition.get("tools") or [])


def _reach(start: Iterable[str], edges: Edges) -> set[str]:
    found: set[str] = set()
    level = set(start)
    while level:
        found |= level
        level = {target for each in level for target in edges.get(each, set())} - found
    return found


def _text(name: str) -> str:
    text = _(
        "%(name)s has tools that need an approval, and answers as a tool of another agent, where nobody can be asked. Hand over to it "
        "instead, or set its approvals to “never”."
    )
    return text % {"name": name}
