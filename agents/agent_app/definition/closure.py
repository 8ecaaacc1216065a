"""What a run executes: an agent's content with that of every agent that handoffs and tools can reach, so that it needs nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from agent_app.definition.content import Content, complete, default_tool_name
from agent_app.definition.guardrails import judge_ids
from agent_app.definition.tool_parts import enabled, function_names
from agent_app.tools import registry
from config.lib.errors import Conflict

MAX_AGENTS = 50
_EXECUTED = (
    "name", "instructions", "model", "model_settings", "handoff_description", "output_type", "fallback_models", "history",
    "hold_until_checked",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """The content of an agent, and which versions of its targets it means (none: their drafts). Targets are those it hands
    over to, and those that its guardrails ask."""

    content: Content
    pins: Mapping[str, int] = field(default_factory=dict)

    def targets(self) -> dict[str, int | None]:
        return {target: self.pins.get(target) for target in target_ids(self.content)}


def target_ids(content: Mapping[str, Any]) -> list[str]:
    """Whom an agent hands over to, then whom it calls as a tool, then whom its guardrails ask."""
    handed = [handoff["target_agent_id"] for handoff in content["handoffs"]]
    called = registry.agent_ids(enabled(content.get("tools") or []))
    return list(dict.fromkeys([*handed, *sorted(called), *judge_ids(content.get("guardrails") or [])]))


Fetch = Callable[[Mapping[str, int | None]], Mapping[str, Source]]


def reach(root_id: str, root: Source, fetch: Fetch) -> dict[str, Source]:
    """Every agent that handoffs and tools can reach, the root first.

    Where an agent could be reached in two versions, the nearer one counts.
    """
    found = {root_id: root}
    level = root.targets()
    while missing := {agent_id: pin for agent_id, pin in level.items() if agent_id not in found}:
        if len(found) + len(missing) > MAX_AGENTS:
            raise Conflict(
                _("The handoffs and tools of this agent reach more than %(most)d agents.") % {"most": MAX_AGENTS},
                code="too_many_agents",
            )
        fetched = fetch(missing)
        found |= fetched
        level = {}
        for source in fetched.values():
            for target, pin in source.targets().items():
                level.setdefault(target, pin)
    return found


def definition(root_id: str, sources: Mapping[str, Source]) -> dict[str, Any]:
    """The definition of the root; ``targets`` has all agents that somebody hands over to, calls or asks, the root among them in
    a circle."""
    executable = {agent_id: _executable(agent_id, sources) for agent_id in sources}
    reached = {target for each in executable.values() for target in target_ids(each) if target in executable}
    return executable[root_id] | {"targets": {target: executable[target] for target in sorted(reached)}}


def _executable(agent_id: str, sources: Mapping[str, Source]) -> dict[str, Any]:
    content = complete(sources[agent_id].content)
    tools = enabled(content["tools"])
    handoffs: list[dict[str, Any]] = []
    taken = set(function_names(tools))
    for handoff in content["handoffs"]:
        if (target := sources.get(handoff["target_agent_id"])) is None:
            continue
        name = _free(handoff["tool_name"] or default_tool_name(target.content["name"]), taken)
        handoffs.append(handoff | {"tool_name": name})
    executed = {name: content[name] for name in _EXECUTED}
    guardrails = [each for each in content["guardrails"] if each["enabled"]]
    return {"agent_id": agent_id, **executed, "handoffs": handoffs, "tools": tools, "guardrails": guardrails}


def _free(name: str, taken: set[str]) -> str:
    """The name, numbered where a tool or another handoff of the agent has it: targets may be called alike."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[:60]}_{number}"
    taken.add(free)
    return free
