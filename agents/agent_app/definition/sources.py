"""Where contents come from: drafts and published versions, with the agents that handoffs and tools reach from them."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from agent_app.capabilities import capability_problems, refuse
from agent_app.definition.closure import Source, definition, reach
from agent_app.definition.content import complete, draft_content, draft_contents
from agent_app.model_references import ResolvedModel, resolve_agent
from agent_app.models import Agent, AgentStatus, AgentVersion
from config.lib.errors import AppError, Conflict

OFF = (AgentStatus.INACTIVE, AgentStatus.ARCHIVED)


def draft_sources(agent: Agent) -> dict[str, Source]:
    """The draft and those of all agents that handoffs and tools reach."""

    def fetch(wanted: Mapping[str, int | None]) -> dict[str, Source]:
        return {
            agent_id: Source(content) for agent_id, (_, content) in draft_contents(agent.workspace_id, wanted).items()
        }

    return reach(str(agent.id), Source(draft_content(agent)), fetch)


def draft_definition(agent: Agent) -> dict[str, Any]:
    return definition(str(agent.id), draft_sources(agent))


def version_sources(workspace_id: UUID, wanted: Mapping[str, int | None]) -> dict[str, Source]:
    """Published contents by their agents' ids."""
    which = Q(pk__in=[])
    for agent_id, number in wanted.items():
        which |= Q(agent_id=agent_id, number=number)
    rows = AgentVersion.objects.in_workspace(workspace_id).filter(which)
    return {str(row.agent_id): Source(complete(row.content), row.pins) for row in rows}


def check_runs(workspace_id: UUID, frozen: Mapping[str, Any], resolved: ResolvedModel) -> None:
    """Refuse what could not be executed by ``resolved``: a model that cannot do what is asked, a target that is switched off.

    Raises Conflict or Refused; without handoffs it costs nothing.
    """
    refuse(capability_problems(frozen, resolved))
    targets: Mapping[str, Any] = frozen.get("targets") or {}
    if not targets:
        return
    check_targets(workspace_id, targets)
    for part in targets.values():
        found = capability_problems(part, resolve_agent(workspace_id=workspace_id, definition=part))
        refuse([replace(problem, message=f"{part['name']}: {problem.message}") for problem in found])


def check_targets(workspace_id: UUID, targets: Collection[str]) -> None:
    """Raises Conflict where a target is gone, inactive or archived."""
    rows = Agent.objects.in_workspace(workspace_id).filter(id__in=targets).values_list("id", "name", "status")
    off = [name for _, name, status in rows if status in OFF]
    if len(rows) < len(targets):
        raise Conflict(
            _("An agent that this one hands over to or calls was deleted. Publish again."), code="target_gone"
        )
    if off:
        raise Conflict(
            _("These agents, which this one hands over to or calls, are switched off: %(names)s.")
            % {"names": ", ".join(off)},
            code="agent_inactive",
        )


def warnings(agent: Agent) -> list[dict[str, str]]:
    """What its model cannot do of what the draft asks, and where its model ends: for whoever has just saved it."""
    content = draft_content(agent)
    try:
        resolved = resolve_agent(workspace_id=agent.workspace_id, definition=content)
    except AppError as error:
        return [{"code": error.error_code, "message": error.detail, "field": "model", "severity": "error"}]
    return [problem.shown() for problem in capability_problems(content, resolved)]
