"""Runs, and what was called and asked in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from agent_app.models import Approval, Run, RunQuerySet, ToolCall
from community.access import Actor
from config.lib.ids import parse_uuid

RUN_ORDERINGS = ("created_at", "-created_at", "finished_at", "-finished_at", "credits", "-credits")


@dataclass(frozen=True)
class RunFilters:
    """What a list of runs is narrowed to. What is left empty does not count.

    ``search`` is an id of a run, a conversation or a trace, or else a part of what was asked or of the agent's name;
    ``since`` is included, ``until`` is not.
    """

    agent_id: UUID | None = None
    version: int | Literal["draft"] | None = None
    conversation_id: UUID | None = None
    actor_id: UUID | None = None
    status: str = ""
    reason: str = ""
    has_error: bool | None = None
    source: str = ""
    model: str = ""
    tag: str = ""
    least_credits: Decimal | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""

    def narrow(self, rows: RunQuerySet) -> RunQuerySet:
        wanted: dict[str, Any] = {
            "agent_id": self.agent_id, "conversation_id": self.conversation_id, "actor_id": self.actor_id,
            "status": self.status, "reason": self.reason, "source": self.source, "model": self.model,
            "agent__tags__contains": [self.tag] if self.tag else None, "credits__gte": self.least_credits,
            "created_at__gte": self.since, "created_at__lt": self.until,
        }  # fmt: skip
        rows = rows.filter(**{name: value for name, value in wanted.items() if value not in (None, "")})
        if self.version is not None:
            rows = rows.filter(version=None if self.version == "draft" else self.version)
        if self.has_error is not None:
            rows = rows.exclude(error={}) if self.has_error else rows.filter(error={})
        return rows.filter(self._found()) if self.search else rows

    def _found(self) -> Q:
        if key := parse_uuid(self.search):
            return Q(id=key) | Q(conversation_id=key)
        if self.search.startswith("trace_"):
            return Q(trace_id=self.search)
        return Q(input__message__icontains=self.search) | Q(agent__name__icontains=self.search)


_ALL = RunFilters()


def run_list(actor: Actor, filters: RunFilters = _ALL, *, ordering: str = "-created_at") -> QuerySet[Run]:
    """The workspace's runs that somebody started."""
    actor.require("run.read")
    waiting = Prefetch("approvals", Approval.objects.pending())
    rows = filters.narrow(Run.objects.in_workspace(actor.workspace_id).roots())
    return (
        rows.select_related("agent")
        .prefetch_related(waiting)
        .order_by(ordering if ordering in RUN_ORDERINGS else "-created_at", "-id")
    )


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
