"""What can be wrong with tools: each by itself, and those of an agent together."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from agent_app import hosted
from agent_app.definition.tool_parts import enabled, function_names
from agent_app.expressions import check_expression
from agent_app.models import AgentTool
from agent_app.tools import registry
from agent_app.tools.registry import WHEN_NAMES, ToolDefinition, ToolType
from config.lib.errors import InvalidInput

MOST_TOOLS = 50
MOST_FUNCTIONS = 128  # what providers take
MOST_CALLS = 100
LONGEST_CALL = 60  # seconds, where the type is not slower by nature
MOST_DEPTH = 5  # agents that call agents
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
Problems = dict[str, list[str]]


def problems_of(workspace_id: UUID, part: Mapping[str, Any]) -> Problems:
    """What is wrong with one tool, by field; nothing where it can be saved."""
    found: Problems = {}
    if not NAME.fullmatch(part["name"]):
        found["name"] = [
            _("A tool name has letters, digits, “_” and “-” only.") if part["name"] else _("Name the tool.")
        ]
    try:
        kind = registry.get(part["type"])
    except InvalidInput as error:
        return found | {"type": [error.detail] if part["type"] else [_("Choose a type.")]}
    must = hosted.wanted(part) == hosted.ALWAYS
    if (why := kind.unavailable()) and not must:
        return found | {"type": [why]}
    found |= registry.params_problems(kind, workspace_id, part["params"])
    found |= {name: messages for name, messages in _limits(kind, part).items() if messages}
    if approval := _approval(part["approval"]):
        found["approval"] = approval
    if must and (why := hosted.own_reason(part)):
        found.setdefault("params", []).append(_("hosted: %(why)s") % {"why": why})
    if not found:
        found |= _functions(kind, ToolDefinition.of(part))
    return found


def _limits(kind: ToolType, part: Mapping[str, Any]) -> Problems:
    return {
        "max_calls": _between(part["max_calls"], MOST_CALLS),
        "timeout_s": _between(part["timeout_s"], max(LONGEST_CALL, kind.default_timeout_s)),
    }


def _between(value: Any, most: int) -> list[str]:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most):
        return []
    return [_("A number from 1 to %(most)d, or nothing.") % {"most": most}]


def _approval(value: Any) -> list[str]:
    if value in ("never", "always"):
        return []
    if not (isinstance(value, dict) and set(value) == {"when"} and isinstance(value["when"], str)):
        return [_('The approval is “never”, “always” or {"when": a condition}.')]
    return check_expression(value["when"], WHEN_NAMES)


def _functions(kind: ToolType, tool: ToolDefinition) -> Problems:
    names = [function.name for function in kind.functions(tool)]
    bad = [name for name in names if not NAME.fullmatch(name)]
    if bad:
        return {"params": [_("“%(name)s” cannot be the name of a function.") % {"name": bad[0][:80]}]}
    if len(set(names)) < len(names):
        return {"params": [_("Two functions of this tool have the same name.")]}
    return {}


def agent_tools(
    workspace_id: UUID, agent_id: UUID | None, content: Mapping[str, Any], known: Collection[str]
) -> list[str]:
    """What is wrong with the tools of an agent, in words that name the tool."""
    parts = content["tools"]
    if len(parts) > MOST_TOOLS:
        return [_("At most %(most)d tools.") % {"most": MOST_TOOLS}]
    found = _ids(parts, known)
    for part in parts:
        if part["tool_id"] and not part["type"]:
            found.append(_("There is no tool %(id)s in the library.") % {"id": part["tool_id"]})
            continue
        name = part["name"] or part["type"] or _("Tool")
        for field, messages in problems_of(workspace_id, part).items():
            found += [f"{name}: {field}: {message}" for message in messages]
    if found:
        return list(dict.fromkeys(found))
    return [*_names(content), *(_circles(workspace_id, str(agent_id), parts) if agent_id else [])]


def _ids(parts: Iterable[Mapping[str, Any]], known: Collection[str]) -> list[str]:
    given = [part["id"] for part in parts]
    found = [_("There is no item %(id)s in this list.") % {"id": each} for each in given if each not in known]
    return found if len(set(given)) == len(given) else [*found, _("Two items have the same id.")]


def _names(content: Mapping[str, Any]) -> list[str]:
    """The model tells tools and handoffs apart by their names only."""
    names = function_names(enabled(content["tools"]))
    if len(names) > MOST_FUNCTIONS:
        return [
            _("These tools have %(count)d functions; a model takes %(most)d.")
            % {"count": len(names), "most": MOST_FUNCTIONS}
        ]
    names += [handoff["tool_name"] for handoff in content.get("handoffs") or [] if handoff["tool_name"]]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [_("Two tools or handoffs are called “%(name)s”.") % {"name": name} for name in twice]


def _circles(workspace_id: UUID, agent_id: str, parts: Iterable[Mapping[str, Any]]) -> list[str]:
    """An agent that calls itself through others, or calls that go too deep."""
    level = registry.agent_ids(enabled([dict(part) for part in parts]))
    if not level:
        return []
    edges = _calls(workspace_id)
    for _depth in range(MOST_DEPTH):
        if agent_id in level:
            return [_("This agent would call itself through its tools.")]
        level = {target for each in level for target in edges.get(each, set())}
        if not level:
            return []
    return [_("Agents that call agents may be at most %(most)d deep.") % {"most": MOST_DEPTH}]


def _calls(workspace_id: UUID) -> dict[str, set[str]]:
    """Which agent of the workspace calls which others, by their drafts: one query."""
    edges: dict[str, set[str]] = {}
    for row in AgentTool.objects.filter(workspace_id=workspace_id, enabled=True).select_related("tool"):
        content = row.tool or row
        if content.type == "agent" and content.enabled:
            edges.setdefault(str(row.agent_id), set()).add(str(content.params.get("agent_id") or ""))
    return edges
