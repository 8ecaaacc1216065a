"""Reading traces: the spans of a run with what each has cost, and the statistics that they add up to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app.models import Run, Span, SpanType
from agent_app.runs import bodies
from billing.selectors import run_entries
from community.access import Actor
from config.lib.errors import NotFound

NOTHING = Decimal("0.0000")
_DAYS = 30


@dataclass(frozen=True)
class Trace:
    """A run's spans in the order in which they began, with their costs by id."""

    run: Run
    spans: list[Span]
    costs: dict[UUID, Decimal]


def get_run_by_trace(actor: Actor, trace_id: str) -> Run:
    """The root run of a trace. Raises NotFound, Forbidden."""
    rows = Run.objects.in_workspace(actor.workspace_id).filter(trace_id=trace_id)
    run = rows.select_related("agent").order_by("created_at").first()
    if run is None:
        raise NotFound(_("There is no such trace."))
    actor.require("run.read")
    return run


def trace_of(run: Run) -> Trace:
    spans = list(Span.objects.filter(run_id=run.id).order_by("started_at", "id"))
    booked: dict[str, Decimal] = {}
    for reference, amount in run_entries(run.workspace_id, run.id).values_list("reference", "amount"):
        booked[reference] = booked.get(reference, NOTHING) - amount
    costs = {span.id: booked.get(f"{span.attempt}/{span.step}", NOTHING) if span.step else NOTHING for span in spans}
    _add_up(spans, costs)
    return Trace(run, spans, costs)


def whole_trace_of(run: Run) -> Trace:
    """The same, with bodies that are too large for their rows read from the file storage."""
    trace = trace_of(run)
    bodies.read_whole(trace.spans)
    return trace


def _add_up(spans: list[Span], costs: dict[UUID, Decimal]) -> None:
    """What lies above others has cost what they have. Those above began earlier, so this goes from the end."""
    for span in reversed(spans):
        if span.parent_id in costs:
            costs[span.parent_id] += costs[span.id]


def first_error(spans: Iterable[Span]) -> Span | None:
    """Where it went wrong first: the innermost span, not the agent that ended because of it.

    A try of a model call that another try made up for is no such place, unless nothing else went wrong.
    """
    spans = list(spans)
    made_good = {_call_of(span) for span in spans if span.type == SpanType.GENERATION and not span.failed}
    every = [span for span in spans if span.failed]
    failed = [span for span in every if span.type != SpanType.GENERATION or _call_of(span) not in made_good] or every
    inner = [span for span in failed if span.type != SpanType.AGENT]
    return next(iter(inner or failed), None)


def _call_of(span: Span) -> str:
    """What the tries of one model call have in common."""
    return str(span.details.get("call") or span.id)


# Traces of an agent


def agent_traces(actor: Actor, agent_id: UUID) -> QuerySet[Run]:
    """The runs that an agent began, newest first, with ``span_count`` and ``error_count``."""
    actor.require("run.read")
    rows = Run.objects.in_workspace(actor.workspace_id).of_agent(agent_id)
    return rows.annotate(span_count=Count("spans"), error_count=Count("spans", filter=~Q(spans__error={}))).order_by(
        "-created_at", "-id"
    )


# Statistics


_MODELS = """
SELECT span.model, count(*), count(*) FILTER (WHERE span.error <> '{}'),
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM span.ended_at - span.started_at)),
       coalesce(sum((span.usage->>'prompt_tokens')::bigint), 0), coalesce(sum((span.usage->>'completion_tokens')::bigint), 0),
       coalesce(sum(hold.credits), 0)
  FROM agents_span span
  LEFT JOIN billing_hold hold ON hold.run_id = span.run_id AND hold.attempt = span.attempt AND hold.step = span.step
 WHERE span.workspace_id = %s AND span.agent_id = %s AND span.type = 'generation' AND span.started_at >= %s
   AND span.ended_at IS NOT NULL AND NOT span.details ? 'passed_over'
 GROUP BY span.model ORDER BY count(*) DESC, span.model LIMIT 50
"""


_TOOLS = """
SELECT tool_name, tool_type, count(*), count(*) FILTER (WHERE status NOT IN ('started', 'succeeded')),
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at)),
       coalesce(sum(credits), 0)
  FROM agents_toolcall
 WHERE workspace_id = %s AND agent_id = %s AND started_at >= %s AND ended_at IS NOT NULL
 GROUP BY tool_name, tool_type ORDER BY count(*) DESC, tool_name LIMIT 50
"""


def agent_activity(actor: Actor, agent_id: UUID, *, days: int = _DAYS) -> dict[str, Any]:
    """What an agent's model calls, tool calls and handoffs of the last ``days`` days add up to, whoever began the run."""
    actor.require("run.read")
    since = timezone.now() - timedelta(days=days)
    rows = Span.objects.in_workspace(actor.workspace_id).filter(type=SpanType.HANDOFF, started_at__gte=since, error={})
    incoming = rows.filter(output__to_agent_id=str(agent_id))
    with connection.cursor() as cursor:
        cursor.execute(_MODELS, [actor.workspace_id, agent_id, since])
        models = [_measured(row) for row in cursor.fetchall()]
        cursor.execute(_TOOLS, [actor.workspace_id, agent_id, since])
        tools = [_called(row) for row in cursor.fetchall()]
    return {
        "days": days, "models": models, "tools": tools,
        "handoffs": {"to": _handoffs(rows.filter(agent_id=agent_id), "to"), "from": _handoffs(incoming, "from")},
    }  # fmt: skip


def _measured(row: tuple[Any, ...]) -> dict[str, Any]:
    model, calls, errors, (p50, p95), prompt, completion, cost = row
    return {
        "model": model, "calls": calls, "errors": errors, "error_rate": round(errors / calls, 4),
        "p50_ms": round(p50 * 1000), "p95_ms": round(p95 * 1000), "prompt_tokens": int(prompt),
        "completion_tokens": int(completion), "cost": f"{cost:.4f}",
    }  # fmt: skip


def _called(row: tuple[Any, ...]) -> dict[str, Any]:
    name, kind, calls, errors, (p50, p95), cost = row
    return {
        "tool": name, "type": kind, "calls": calls, "errors": errors, "error_rate": round(errors / calls, 4),
        "p50_ms": round(p50 * 1000), "p95_ms": round(p95 * 1000), "cost": f"{cost:.4f}",
    }  # fmt: skip


def _handoffs(rows: QuerySet[Span], side: str) -> list[dict[str, Any]]:
    name, key = f"output__{side}", f"output__{side}_agent_id"
    found = rows.values(name, key).annotate(count=Count("id")).order_by("-count", name)
    return [{"agent_id": row[key], "name": row[name], "count": row["count"]} for row in found[:50]]
