"""Tools as parts of an agent's content: each is complete, also one of the library, so that versions and runs need nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from agent_app.models import Agent, AgentTool, Tool
from agent_app.models.tools import ToolContent
from agent_app.tools import registry
from agent_app.tools.registry import Function, ToolDefinition
from config.lib.ids import parse_uuid, uuid7

Part = dict[str, Any]

OWN = ("name", "description", "type", "params")
POLICY = ("approval", "max_calls", "timeout_s")  # what an agent may have otherwise than the library


def tools_of(agent: Agent) -> list[Part]:
    """One query, or none where the tools were prefetched."""
    known = "tools" in getattr(agent, "_prefetched_objects_cache", {})
    rows = agent.tools.all() if known else agent.tools.select_related("tool")
    return [_part(row) for row in sorted(rows, key=lambda row: row.position)]


def _part(row: AgentTool) -> Part:
    content: ToolContent = row.tool or row
    policy = {name: getattr(row, name) if getattr(row, name) is not None else getattr(content, name) for name in POLICY}
    return _complete(
        {name: getattr(content, name) for name in OWN} | policy,
        part_id=str(row.id),
        tool_id=str(row.tool_id) if row.tool_id else None,
        credential_id=str(content.credential_id) if content.credential_id else None,
        enabled=row.enabled and content.enabled,
    )


def _complete(
    values: Mapping[str, Any], *, part_id: str, tool_id: str | None, credential_id: str | None, enabled: bool
) -> Part:
    return {
        "id": part_id, "tool_id": tool_id, "name": values.get("name") or "", "type": values.get("type") or "",
        "description": values.get("description") or "", "params": values.get("params") or {}, "credential_id": credential_id,
        "approval": values.get("approval") or "never", "max_calls": values.get("max_calls"),
        "timeout_s": values.get("timeout_s"), "enabled": enabled,
    }  # fmt: skip


def library(workspace_id: UUID, given: Iterable[Mapping[str, Any]]) -> dict[str, Tool]:
    """The tools of the workspace's library that ``given`` mean, by id."""
    ids = {found for values in given if (found := parse_uuid(str(values.get("tool_id") or "")))}
    rows: Iterable[Tool] = Tool.objects.in_workspace(workspace_id).filter(id__in=ids) if ids else []
    return {str(row.id): row for row in rows}


def new_tool(values: Mapping[str, Any], known: Mapping[str, Tool]) -> Part:
    """A tool as content, from what a client said: what it left out is the default, or what the library says."""
    part_id = str(values.get("id") or uuid7())
    enabled = bool(values.get("enabled", True))
    tool_id = str(values.get("tool_id") or "")
    if not tool_id:
        credential = values.get("credential_id")
        return _complete(
            usual(values),
            part_id=part_id,
            tool_id=None,
            credential_id=str(credential) if credential else None,
            enabled=enabled,
        )
    row = known.get(tool_id)
    if row is None:  # the checks say so
        return _complete({}, part_id=part_id, tool_id=tool_id, credential_id=None, enabled=enabled)
    policy = {name: values[name] if values.get(name) is not None else getattr(row, name) for name in POLICY}
    return _complete(
        {name: getattr(row, name) for name in OWN} | policy,
        part_id=part_id,
        tool_id=tool_id,
        credential_id=str(row.credential_id) if row.credential_id else None,
        enabled=enabled and row.enabled,
    )


def usual(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with an approval that was said among the params in its place, and an endpoint as the http tool that it is."""
    result = dict(values)
    params = dict(result.get("params") or {})
    approval = params.pop("approval", None)
    if result.get("approval") is None and approval is not None:
        result["approval"] = approval
    if result.get("type") == "function" and "endpoint" in params and "code" not in params:
        result["type"] = "http"
        params = {"method": "POST", "url": params.pop("endpoint"), **params}
    return result | {"params": params}


def write_tools(agent: Agent, parts: Iterable[Part]) -> None:
    """Put the whole list in the place of the old one. Ids keep their identity."""
    parts = list(parts)
    known = library(agent.workspace_id, parts)
    agent.tools.all().delete()
    AgentTool.objects.bulk_create(_row(agent, place, part, known) for place, part in enumerate(parts))


def _row(agent: Agent, place: int, part: Part, known: Mapping[str, Tool]) -> AgentTool:
    common: dict[str, Any] = {
        "id": part["id"], "workspace_id": agent.workspace_id, "agent": agent, "position": place, "enabled": part["enabled"],
    }  # fmt: skip
    if (row := known.get(part["tool_id"] or "")) is None:
        return AgentTool(**common, **{name: part[name] for name in (*OWN, *POLICY, "credential_id")})
    otherwise = {name: part[name] for name in POLICY if part[name] != (getattr(row, name) or _DEFAULT.get(name))}
    return AgentTool(**common, tool=row, **otherwise)


_DEFAULT = {"approval": "never"}


def definitions(parts: Iterable[Mapping[str, Any]]) -> list[ToolDefinition]:
    return [ToolDefinition.of(part) for part in parts]


def enabled(parts: Iterable[Part]) -> list[Part]:
    return [part for part in parts if part.get("enabled", True)]


def functions(parts: Iterable[Mapping[str, Any]]) -> list[Function]:
    """What the model sees of these tools; nothing of a type that is not here."""
    found: list[Function] = []
    for tool in definitions(parts):
        kind = registry.find(tool.type)
        found += kind.functions(tool) if kind else []
    return found


def function_names(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    return [function.name for function in functions(parts)]
