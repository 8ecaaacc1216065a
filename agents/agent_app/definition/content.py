"""The content of an agent: all that its draft says, as JSON. Versions, exports and clones hold the same."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from agent_app.definition import guardrails
from agent_app.definition.tool_parts import tools_of, write_tools
from agent_app.models import Agent, Context, Handoff
from config.lib.ids import uuid7

Content = dict[str, Any]

FIELDS = (
    "name", "description", "instructions", "model", "model_settings", "handoff_description", "output_type", "fallback_models",
    "history", "starters", "metadata", "hold_until_checked",
)  # fmt: skip
PARTS = ("handoffs", "contexts", "tools", "guardrails")
PREFETCH = ("handoffs", "contexts", "tools__tool", "guardrails")
_HANDOFF = ("tool_name", "tool_description", "input_filter", "payload_schema", "enabled_when")


def draft_content(agent: Agent) -> Content:
    """A query a kind of parts, unless they were prefetched."""
    values = {name: getattr(agent, name) for name in FIELDS}
    return values | {name: read(agent) for name, read in READ.items()}


def complete(content: Mapping[str, Any]) -> Content:
    """A version's content, with what was not thought of when it was published."""
    return {name: [] for name in PARTS} | {"hold_until_checked": False} | dict(content)


def draft_contents(workspace_id: UUID, agent_ids: Iterable[str]) -> dict[str, tuple[Agent, Content]]:
    """Several drafts of a workspace by id, in a query for the agents and one for each kind of parts."""
    rows = Agent.objects.in_workspace(workspace_id).filter(id__in=list(agent_ids))
    return {str(agent.id): (agent, draft_content(agent)) for agent in rows.prefetch_related(*PREFETCH)}


def handoffs_of(agent: Agent) -> list[dict[str, Any]]:
    rows = sorted(agent.handoffs.all(), key=lambda handoff: handoff.position)
    return [
        {"id": str(row.id), "target_agent_id": str(row.target_agent_id)} | {name: getattr(row, name) for name in _HANDOFF}
        for row in rows
    ]  # fmt: skip


def contexts_of(agent: Agent) -> list[dict[str, Any]]:
    rows = sorted(agent.contexts.all(), key=lambda context: context.position)
    return [{"id": str(row.id), "name": row.name, "content": row.content, "is_default": row.is_default} for row in rows]


READ: Mapping[str, Callable[[Agent], list[dict[str, Any]]]] = {
    "handoffs": handoffs_of, "contexts": contexts_of, "tools": tools_of, "guardrails": guardrails.guardrails_of,
}  # fmt: skip


def new_handoff(values: Mapping[str, Any]) -> dict[str, Any]:
    """A handoff as content, from what a client said: what it left out is the default."""
    return {
        "id": str(values.get("id") or uuid7()),
        "target_agent_id": str(values["target_agent_id"]),
        "tool_name": values.get("tool_name") or "",
        "tool_description": values.get("tool_description") or "",
        "input_filter": values.get("input_filter") or "all",
        "payload_schema": values.get("payload_schema"),
        "enabled_when": values.get("enabled_when") or "",
    }


def new_contexts(given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Contexts as content; the first is the default one where none says that it is."""
    contexts = [
        {
            "id": str(values.get("id") or uuid7()),
            "name": values["name"],
            "content": values.get("content") or {},
            "is_default": bool(values.get("is_default", False)),
        }
        for values in given
    ]
    if contexts and not any(context["is_default"] for context in contexts):
        contexts[0]["is_default"] = True
    return contexts


def default_context(content: Content) -> dict[str, Any] | None:
    return next((context for context in content["contexts"] if context["is_default"]), None)


def write_parts(agent: Agent, parts: Mapping[str, list[dict[str, Any]]]) -> None:
    """Put whole lists in the place of the old ones. Ids keep their identity."""
    if "handoffs" in parts:
        agent.handoffs.all().delete()
        Handoff.objects.bulk_create(
            Handoff(workspace_id=agent.workspace_id, agent=agent, position=place, **values)
            for place, values in enumerate(parts["handoffs"])
        )
    if "contexts" in parts:
        agent.contexts.all().delete()
        Context.objects.bulk_create(
            Context(workspace_id=agent.workspace_id, agent=agent, position=place, **values)
            for place, values in enumerate(parts["contexts"])
        )
    if "tools" in parts:
        write_tools(agent, parts["tools"])
    if "guardrails" in parts:
        guardrails.write(agent, parts["guardrails"])


def default_tool_name(target_name: str) -> str:
    """``transfer_to_`` and the name in snake case, as the SDK makes it, of what a tool's name may have."""
    words = re.sub(r"[^a-z0-9_]+", "_", target_name.strip().lower()).strip("_")
    return f"transfer_to_{words or 'agent'}"[:64]
