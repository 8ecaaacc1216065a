"""Agents as lists, and what hangs on them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, DateTimeField, F, Field, Func, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import ngettext

from agent_app.models import Agent, AgentFile, Conversation, Run, RunStatus
from community.access import Actor
from community.registry import Dependents

AGENT_ORDERINGS = ("name", "-name", "updated_at", "-updated_at", "created_at", "-created_at")


def agent_rows(
    actor: Actor, *, search: str = "", status: str = "", tag: str = "", ordering: str = "-updated_at"
) -> QuerySet[Agent]:
    """The workspace's agents with their last run (``last_run_at``, ``last_run_status``); archived ones only when asked for."""
    actor.require("agent.read")
    rows = Agent.objects.in_workspace(actor.workspace_id)
    rows = rows.filter(status=status) if status else rows.shown()
    rows = rows.filter(tags__contains=[tag]) if tag else rows
    return (
        rows.search(search)
        .annotate(
            last_run_at=_of_last_run("created_at", DateTimeField()), last_run_status=_of_last_run("status", CharField())
        )
        .order_by(ordering if ordering in AGENT_ORDERINGS else "-updated_at", "-id")
    )


def _of_last_run(column: str, kind: "Field[Any, Any]") -> Func:
    """A column of an agent's last run. Written out: as querysets two of these took a quarter of what the list costs."""
    template = (
        "(SELECT run.%(column)s FROM agents_run run WHERE run.agent_id = %(expressions)s"
        " ORDER BY run.created_at DESC LIMIT 1)"
    )
    return Func(F("id"), template=template, column=column, output_field=kind)


def tags_of(actor: Actor, ids: list[UUID]) -> list[str]:
    """The tags that some of these agents of the workspace have."""
    rows = Agent.objects.in_workspace(actor.workspace_id).filter(id__in=ids).values_list("tags", flat=True)
    return sorted({tag for tags in rows for tag in tags})


def agent_file_rows(agent: Agent) -> QuerySet[AgentFile]:
    """The agent's files that are still there, by name."""
    rows = AgentFile.objects.filter(agent_id=agent.id, file__deleted_at=None)
    return rows.select_related("file").order_by("file__name", "id")


def agent_statistics(agent_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Runs and cost of the last 30 days by agent id, for the agents of one page."""
    rows = (
        Run.objects.filter(agent_id__in=agent_ids, created_at__gte=timezone.now() - timedelta(days=30))
        .values("agent_id")
        .annotate(
            total=Count("id"),
            succeeded=Count("id", filter=Q(status=RunStatus.SUCCEEDED)),
            cost=Sum("credits"),
        )
    )
    return {row["agent_id"]: dict(row) for row in rows}


def agent_dependents(actor: Actor, ids: list[UUID]) -> QuerySet[Agent]:
    """Agents of the workspace with what hangs on each: ``conversation_total``, ``run_total``, ``active_total`` runs under way."""

    def total(rows: QuerySet[Any]) -> Coalesce:
        counted = rows.filter(agent_id=OuterRef("id")).order_by().values("agent_id").annotate(total=Count("id"))
        return Coalesce(Subquery(counted.values("total")), 0)

    return (
        Agent.objects.in_workspace(actor.workspace_id)
        .filter(id__in=ids)
        .annotate(
            conversation_total=total(Conversation.objects.filter(draft=False)),
            run_total=total(Run.objects.all()),
            active_total=total(Run.objects.active()),
        )
        .order_by("name")
    )


def dependents(workspace_id: UUID) -> list[Dependents]:
    """What of this app goes with a workspace."""
    agents = Agent.objects.in_workspace(workspace_id).count()
    conversations = Conversation.objects.in_workspace(workspace_id).count()
    runs = Run.objects.in_workspace(workspace_id).count()
    return [
        Dependents("agent", agents, ngettext("%d agent", "%d agents", agents) % agents),
        Dependents(
            "conversation",
            conversations,
            ngettext("%d conversation", "%d conversations", conversations) % conversations,
        ),
        Dependents("run", runs, ngettext("%d run", "%d runs", runs) % runs),
    ]
