"""How many runs a workspace may have under way, and who is next.

The cap holds for root runs only: children would wait for their parents. Whoever claims a run takes one of the workspace's
places in the same statement (``claims.claim``); a run that finds none stays queued, and whoever frees a place calls the
next ones. A call that gets lost is made again by the reaper.
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection
from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from agent_app.models import Agent, Run, RunStatus
from billing import limits
from config.lib import http
from config.lib.errors import Throttled

_MOST = 32_767  # what the column holds
_SLOT = "run_slot_once"

# Any free place, not the first: runs that are claimed at the same moment rarely want the same one.
_CLAIM = """
    WITH wanted AS (
        SELECT run.id, run.waiting_since, (
            SELECT place FROM generate_series(1, run.concurrency) place
            WHERE NOT EXISTS (
                SELECT FROM agents_run other
                WHERE other.workspace_id = run.workspace_id AND other.status = 'running' AND other.slot = place
            )
            ORDER BY random() LIMIT 1
        ) AS slot
        FROM agents_run run
        WHERE run.id = %(run)s AND run.status = 'queued' AND run.cancel_requested_at IS NULL
    )
    UPDATE agents_run run
    SET status = 'running', slot = wanted.slot, attempt = attempt + 1, worker = %(worker)s,
        lease_expires_at = now() + make_interval(secs => %(lease)s), started_at = COALESCE(started_at, now()),
        waited_s = waited_s + COALESCE(extract(epoch FROM now() - run.waiting_since), 0), waiting_since = NULL
    FROM wanted
    WHERE run.id = wanted.id AND run.status = 'queued' AND run.cancel_requested_at IS NULL
      AND (run.concurrency = 0 OR wanted.slot IS NOT NULL)
    RETURNING wanted.waiting_since IS NOT NULL
"""


@dataclass(frozen=True)
class Taken:
    """A run that is the worker's now. ``waited``: it goes on after it was told what it had waited for."""

    waited: bool


def check_rate(actor_id: UUID, object_id: UUID) -> None:
    """Count one start, whatever door it comes through. Raises Throttled past what a person, or an agent, may do in a minute.

    What a token may do is counted where it comes in, with its other requests.
    """
    http.throttle("runs", str(actor_id), settings.THROTTLE_RUNS)
    http.throttle("runs-of", str(object_id), settings.THROTTLE_AGENT_RUNS)


def check_agent(agent: Agent) -> None:
    """What the builder allows, in the transaction that starts a run. Raises Throttled."""
    if agent.runs_per_minute:
        try:
            http.throttle("runs-allowed", str(agent.id), agent.runs_per_minute)
        except Throttled as error:
            text = _("%(name)s may be run %(most)d times a minute, and was.")
            said = text % {"name": agent.name, "most": agent.runs_per_minute}
            raise Throttled(said, code="agent_rate", headers=error.headers) from error
    if not agent.concurrent_runs:
        return
    # Who starts one of its runs at the same moment waits here, and counts this one.
    most = agent.concurrent_runs
    list(Agent.objects.select_for_update(of=("self",), no_key=True).filter(id=agent.id).values_list("id"))
    active = Run.objects.of_agent(agent.id).roots().filter(status__in=(RunStatus.QUEUED, RunStatus.RUNNING))
    if active[:most].count() == most:
        text = _("%(name)s may have %(most)d runs under way, and has. Wait until one has ended.")
        said = text % {"name": agent.name, "most": most}
        raise Throttled(said, code="agent_busy", headers={"Retry-After": "5"})


def check_trials(actor_id: UUID) -> None:
    """Count one trial of guardrails. Raises Throttled past what a person may do in a minute."""
    http.throttle("trials", str(actor_id), settings.THROTTLE_TRIALS)


def check(workspace_id: UUID) -> int:
    """How many runs the workspace may have under way at once (0: any number). Raises Throttled where its queue is full."""
    running = limits.get(workspace_id, "concurrent_runs")
    if not running:
        return 0
    most = running + limits.get(workspace_id, "queued_runs")
    if Run.objects.in_workspace(workspace_id).active().roots()[: most + 1].count() > most:
        raise Throttled(
            _("%(most)d runs are queued or running. Wait until some have ended.") % {"most": most},
            code="too_many_runs", headers={"Retry-After": "10"},
        )  # fmt: skip
    return min(running, _MOST)


def take(run_id: UUID, worker: str, lease: float) -> Taken | None:
    """Make a queued run the worker's, with a place in its workspace. None where there is none, or the run is not to be had.

    Raises IntegrityError where another run took the same place at the same moment (``lost_race``).
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"run": run_id, "worker": worker, "lease": lease})
        row = cursor.fetchone()
    return Taken(waited=row[0]) if row else None


def lost_race(error: IntegrityError) -> bool:
    return _SLOT in str(error)


def next_in_line(run: Run) -> list[UUID]:
    """Who may begin, the oldest first, now that ``run`` has left its place."""
    if not run.concurrency:
        return []
    under_way = Run.objects.in_workspace(run.workspace_id).filter(status=RunStatus.RUNNING, slot__isnull=False).count()
    free = run.concurrency - under_way
    return list(_in_line(run.workspace_id).values_list("id", flat=True)[:free]) if free > 0 else []


def position(run_id: UUID) -> int | None:
    """The place of a run that waits for its turn, from 1; None for one that does not."""
    found = Run.objects.filter(id=run_id, status=RunStatus.QUEUED, concurrency__gt=0)
    row = found.values_list("workspace_id", "created_at").first()
    if row is None:
        return None
    return _in_line(row[0]).filter(created_at__lt=row[1]).count() + 1


def with_a_place(rows: QuerySet[Run]) -> QuerySet[Run]:
    """Those of ``rows`` that a worker could take: their workspace has a place left, or needs none."""
    busy = (
        Run.objects.filter(workspace_id=OuterRef("workspace_id"), status=RunStatus.RUNNING, slot__isnull=False)
        .order_by()
        .values("workspace_id")
        .annotate(total=Count("id"))
        .values("total")
    )
    return rows.annotate(
        busy=Case(When(concurrency=0, then=Value(-1)), default=Coalesce(Subquery(busy), 0), output_field=IntegerField())
    ).filter(busy__lt=F("concurrency"))


def _in_line(workspace_id: UUID) -> QuerySet[Run]:
    rows = Run.objects.in_workspace(workspace_id).filter(Q(status=RunStatus.QUEUED), concurrency__gt=0)
    return rows.order_by("created_at", "id")
