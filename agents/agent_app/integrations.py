"""Integrations as tools use them: found by their id in the params, and put in the place of secrets of the tool's own."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, F, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _

from agent_app.models import AgentTool, Integration, Tool
from agent_app.tools import egress
from agent_app.tools.registry import Problems, ToolDefinition, ToolFailed
from config.lib.ids import parse_uuid


def find(workspace_id: UUID, params: Mapping[str, Any]) -> Integration | None:
    """The one that ``params`` name."""
    integration_id = parse_uuid(str(params.get("integration") or ""))
    if integration_id is None:
        return None
    return Integration.objects.in_workspace(workspace_id).filter(id=integration_id).first()


def problems(workspace_id: UUID, params: Mapping[str, Any], url: str) -> Problems:
    """What is wrong with the integration of a tool that calls ``url`` (empty: not known yet)."""
    if not params.get("integration"):
        return {}
    row = find(workspace_id, params)
    if row is None:
        return {"integration": [_("There is no such integration.")]}
    if (params.get("auth") or {}).get("type", "none") != "none":
        return {"integration": [_("A tool has secrets of its own, or those of an integration.")]}
    if url and not _same_host(url, row):
        return {"integration": [_("It is for %(host)s.") % {"host": egress.origin(row.url)}]}
    return {}


def ways(workspace_id: UUID, tools: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """How those integrations say who they are that ``tools`` name, by their ids: ``name``, ``url`` and ``auth``, no secret."""
    ids = {found for tool in tools if (found := parse_uuid(str(tool["params"].get("integration") or "")))}
    rows: Iterable[Integration] = Integration.objects.in_workspace(workspace_id).filter(id__in=ids) if ids else []
    return {str(row.id): {"name": row.name, "url": row.url, "auth": row.params["auth"]} for row in rows}


def applied(tool: ToolDefinition, workspace_id: UUID) -> ToolDefinition:
    """The tool with the integration's way to say who it is. Raises ToolFailed where it is gone, or for another host."""
    row = find(workspace_id, tool.params)
    if row is None:
        raise ToolFailed("The integration of this tool is gone. Choose another one.", code="credential")
    if not _same_host(str(tool.params.get("url") or ""), row):
        raise ToolFailed("The integration of this tool is for another host.", code="credential")
    credential_id = str(row.credential_id) if row.credential_id else None
    return replace(tool, params={**tool.params, "auth": row.params["auth"]}, credential_id=credential_id)


def users(row: Integration) -> list[str]:
    """The names of tools that use it: of the library, and of agents' own."""
    own = AgentTool.objects.filter(workspace_id=row.workspace_id, params__integration=str(row.id))
    shared = Tool.objects.filter(workspace_id=row.workspace_id, params__integration=str(row.id))
    named = [f"{agent}: {name}" for agent, name in own.values_list("agent__name", "name")]
    return sorted([*shared.values_list("name", flat=True), *named])


def with_counts(rows: "QuerySet[Integration]") -> "QuerySet[Integration]":
    """Each with how many ``tools`` use it."""

    def count(model: type[Tool] | type[AgentTool]) -> Coalesce:
        used = model._default_manager.filter(workspace_id=OuterRef("workspace_id")).annotate(
            used=KeyTextTransform("integration", "params")
        )
        own = used.filter(used=Cast(OuterRef("id"), CharField())).order_by().values("used")
        return Coalesce(Subquery(own.annotate(total=Count("id")).values("total")), 0)

    return rows.annotate(shared=count(Tool), own=count(AgentTool)).annotate(tools=F("shared") + F("own"))


def choices(workspace_id: UUID) -> list[tuple[str, str]]:
    """Those that a tool could use."""
    rows = Integration.objects.in_workspace(workspace_id).order_by("name")[:500]
    return [(str(row.id), f"{row.name} ({egress.origin(row.url)})") for row in rows]


def _same_host(url: str, row: Integration) -> bool:
    return egress.origin(url.strip().partition("{")[0]) == egress.origin(row.url)
