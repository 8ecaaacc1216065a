"""What can be wrong with an agent's content, by field. Pure but for the targets and tools, which are looked up."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext as _

from agent_app import json_schemas, output_types
from agent_app.definition import guardrails, instructions, tool_checks
from agent_app.definition.content import Content
from agent_app.definition.tool_parts import enabled, function_names
from agent_app.expressions import check_expression
from agent_app.models import Agent, AgentStatus
from config.lib.errors import InvalidInput

MOST_HANDOFFS = 20
MOST_CONTEXTS = 20
_MOST_CONTEXT_JSON = 256 * 1024
CONDITION_NAMES = frozenset({"context", "user", "message"})  # what the engine knows when a handoff is decided
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_POLICIES: Mapping[str, tuple[str, int, int]] = {"last_n": ("n", 1, 1000), "token_budget": ("tokens", 100, 10_000_000)}


def check(
    workspace_id: UUID,
    content: Content,
    changed: Collection[str],
    ids: Mapping[str, Collection[str]],
    *,
    agent_id: UUID | None = None,
) -> None:
    """Check what is ``changed`` in ``content`` (of the agent ``agent_id``); parts may use the ids in ``ids``. Raises InvalidInput."""
    found = {
        "output_type": output_types.check(content["output_type"]) if "output_type" in changed else [],
        "history": history_problems(content["history"]) if "history" in changed else [],
        "handoffs": _handoffs(workspace_id, content, ids) if "handoffs" in changed else [],
        "contexts": _contexts(content["contexts"], ids) if "contexts" in changed else [],
        "tools": tool_checks.agent_tools(workspace_id, agent_id, content, ids["tools"]) if "tools" in changed else [],
        "guardrails": _guardrails(workspace_id, agent_id, content, ids) if "guardrails" in changed else [],
    }
    if not found["contexts"] and {"instructions", "contexts"} & set(changed):
        field = "instructions" if "instructions" in changed else "contexts"
        found[field] = instructions.problems(content["instructions"], content["contexts"])
    if errors := {name: messages for name, messages in found.items() if messages}:
        raise InvalidInput(_("Some fields need another look."), errors=errors)


def history_problems(value: Any) -> list[str]:
    policy = value.get("policy") if isinstance(value, dict) else None
    if policy in ("all", "summarise"):
        allowed = {"policy"}
    elif isinstance(policy, str) and policy in _POLICIES:
        name, least, most = _POLICIES[policy]
        number = value.get(name)
        if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
            return [
                _("“%(name)s” is a number from %(least)d to %(most)d.") % {"name": name, "least": least, "most": most}
            ]
        allowed = {"policy", name}
    else:
        return [_("“policy” is one of: all, last_n, token_budget, summarise.")]
    return [_("There is no “%(name)s” in this policy.") % {"name": name} for name in sorted(set(value) - allowed)]


def filter_problems(value: Any) -> list[str]:
    """Of a handoff's input filter."""
    if value in ("all", "remove_tools", "summary"):
        return []
    if isinstance(value, dict) and set(value) == {"type", "n"} and value["type"] == "last_n":
        return history_problems({"policy": "last_n", "n": value["n"]})
    return [_('The input filter is “all”, “remove_tools”, “summary” or {"type": "last_n", "n": 10}.')]


def _handoffs(workspace_id: UUID, content: Content, ids: Mapping[str, Collection[str]]) -> list[str]:
    handoffs = content["handoffs"]
    if len(handoffs) > MOST_HANDOFFS:
        return [_("At most %(most)d handoffs.") % {"most": MOST_HANDOFFS}]
    found = _unknown_ids(handoffs, ids["handoffs"])
    wanted = {handoff["target_agent_id"] for handoff in handoffs}
    rows = Agent.objects.in_workspace(workspace_id).filter(id__in=wanted).values_list("id", "name", "status")
    targets = {str(agent_id): (name, status) for agent_id, name, status in rows}
    names = [handoff["tool_name"] for handoff in handoffs if handoff["tool_name"]]
    taken = function_names(enabled(content["tools"])) if names else []
    for handoff in handoffs:
        name, status = targets.get(handoff["target_agent_id"], ("", ""))
        if not name:
            found.append(_("There is no agent %(id)s in this workspace.") % {"id": handoff["target_agent_id"]})
            continue
        problems = filter_problems(handoff["input_filter"])
        if status == AgentStatus.ARCHIVED:
            problems.append(_("It is archived."))
        if (tool := handoff["tool_name"]) and not _TOOL_NAME.fullmatch(tool):
            problems.append(_("A tool name has letters, digits, “_” and “-” only."))
        if tool and names.count(tool) > 1:
            problems.append(_("Two handoffs are called “%(name)s”.") % {"name": tool})
        if tool in taken:
            problems.append(_("A tool is called “%(name)s” as well.") % {"name": tool})
        if (schema := handoff["payload_schema"]) is not None:
            problems += json_schemas.problems_of(schema) or _object_only(schema)
        if handoff["enabled_when"]:
            problems += check_expression(handoff["enabled_when"], CONDITION_NAMES)
        found += [f"{name}: {problem}" for problem in problems]
    return list(dict.fromkeys(found))


def _object_only(schema: Any) -> list[str]:
    if isinstance(schema, dict) and schema.get("type") == "object":
        return []
    return [_('The payload is an object: its schema has "type": "object".')]


def _contexts(contexts: list[dict[str, Any]], ids: Mapping[str, Collection[str]]) -> list[str]:
    found = _unknown_ids(contexts, ids["contexts"])
    if len(contexts) > MOST_CONTEXTS:
        found.append(_("At most %(most)d contexts.") % {"most": MOST_CONTEXTS})
    if len({context["name"] for context in contexts}) < len(contexts):
        found.append(_("Two contexts have the same name."))
    if sum(context["is_default"] for context in contexts) > 1:
        found.append(_("Only one context can be the default one."))
    if len(orjson.dumps([context["content"] for context in contexts])) > _MOST_CONTEXT_JSON:
        found.append(_("The contexts of an agent have at most 256 KB together."))
    return found


def _guardrails(
    workspace_id: UUID, agent_id: UUID | None, content: Content, ids: Mapping[str, Collection[str]]
) -> list[str]:
    found = guardrails.problems(workspace_id, content["guardrails"], str(agent_id or ""))
    return _unknown_ids(content["guardrails"], ids["guardrails"]) + found


def _unknown_ids(parts: Iterable[Mapping[str, Any]], known: Collection[str]) -> list[str]:
    given = [part["id"] for part in parts]
    found = [_("There is no item %(id)s in this list.") % {"id": each} for each in given if each not in known]
    return found if len(set(given)) == len(given) else [*found, _("Two items have the same id.")]
