"""Runs that nobody takes care of: found every five seconds, so that every run ends."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from agent_app.models import Run, RunStatus
from agent_app.runs import charges, closing, limits, orphans
from agent_app.runs.queue import enqueue
from agent_app.runs.registry import Outcome

_LEASE_OVER = Q(status=RunStatus.RUNNING, lease_expires_at__lt=Now())


def reap() -> int:
    """End or queue again what was left behind. Answers how many runs it touched.

    - a cancel was asked for and no worker is there to obey: cancelled;
    - its worker is gone: queued again, or failed with ``worker_lost`` when it has cost two workers already;
    - queued, but no worker was told (the broker lost the message): told again, unless it waits for its turn;
    - its workspace was closed: cancelled (what the event of closing did not reach, or was started at that moment).

    What waiting runs hold is kept for them.
    """
    touched = closing.runs_of_closed_cancel()
    orphaned = Run.objects.filter(_LEASE_OVER).values_list("id", "attempt", "takeovers", "cancel_requested_at")
    for run_id, attempt, takeovers, cancel_requested_at in orphaned[:500]:
        unchanged = _LEASE_OVER & Q(attempt=attempt)
        if cancel_requested_at:
            outcome = Outcome(status=RunStatus.CANCELLED, reason="user_cancelled")
            touched += orphans.end_without_worker(run_id, outcome, only_if=unchanged)
        elif takeovers >= settings.RUN_MAX_TAKEOVERS:
            touched += orphans.end_without_worker(run_id, _worker_lost(), only_if=unchanged)
        else:
            touched += _queue_again(run_id, unchanged)
    forgotten_since = Now() - timedelta(seconds=settings.RUN_REENQUEUE_AFTER)
    forgotten = Run.objects.filter(status=RunStatus.QUEUED, enqueued_at__lt=forgotten_since)
    for run_id in list(limits.with_a_place(forgotten).order_by("enqueued_at").values_list("id", flat=True)[:500]):
        touched += _queue_again(run_id, Q(status=RunStatus.QUEUED, enqueued_at__lt=forgotten_since), lost=0)
    waiting = Run.objects.filter(status__in=(RunStatus.QUEUED, RunStatus.WAITING)).order_by("enqueued_at")
    charges.keep(list(waiting.values_list("id", flat=True)[:5000]))  # no worker renews what they hold
    return touched


def _queue_again(run_id: UUID, unchanged: Q, *, lost: int = 1) -> int:
    rows = Run.objects.filter(unchanged, id=run_id).update(
        status=RunStatus.QUEUED, lease_expires_at=None, enqueued_at=Now(), takeovers=F("takeovers") + lost
    )
    if rows:
        enqueue(run_id)
    return rows


def _worker_lost() -> Outcome:
    return Outcome(
        status=RunStatus.FAILED, reason="worker_lost", code="worker_lost",
        error=_("The worker that executed this run was lost, more than once. What it had produced is kept; you can run it again."),
    )  # fmt: skip
