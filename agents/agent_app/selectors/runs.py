"""Runs, and what was called and asked in them."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from agent_app.models import Approval, Run, ToolCall
from community.access import Actor

RUN_ORDERINGS = ("created_at", "-created_at", "finished_at", "-finished_at", "credits", "-credits")


def run_list(
    actor: Actor,
    *,
    agent_id: UUID | None = None,
    conversation_id: UUID | None = None,
    status: str = "",
    search: str = "",
    ordering: str = "-created_at",
) -> QuerySet[Run]:
    """The workspace's runs that somebody started; ``search`` looks at what was asked and at the agent's name."""
    actor.require("run.read")
    waiting = Prefetch("approvals", Approval.objects.pending())
    rows = Run.objects.in_workspace(actor.workspace_id).roots().select_related("agent").prefetch_related(waiting)
    if agent_id is not None:
        rows = rows.of_agent(agent_id)
    if conversation_id is not None:
        rows = rows.filter(conversation_id=conversation_id)
    if status:
        rows = rows.filter(status=status)
    if search:
        rows = rows.filter(Q(input__message__icontains=search) | Q(agent__name__icontains=search))
    return rows.order_by(ordering if ordering in RUN_ORDERINGS else "-created_at", "-id")


def calls_of(run_ids: Iterable[UUID]) -> dict[UUID, list[ToolCall]]:
    """The tool calls of several runs, in their order."""
    found: dict[UUID, list[ToolCall]] = {}
    for row in ToolCall.objects.filter(run_id__in=list(run_ids)).order_by("started_at", "id"):
        found.setdefault(row.run_id, []).append(row)
    return found


def asked_in(run_ids: Iterable[UUID]) -> dict[UUID, list[Approval]]:
    """What was asked in several runs, in its order."""
    found: dict[UUID, list[Approval]] = {}
    for row in Approval.objects.filter(run_id__in=list(run_ids)).select_related("decided_by").order_by("id"):
        found.setdefault(row.run_id, []).append(row)
    return found
