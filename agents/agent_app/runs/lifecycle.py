"""What people do with a run: they start it, and they cancel it. What its worker does is in ``claims`` and ``ending``.

Whoever executes a run holds its present ``attempt``; every statement that changes a run names it, so that a worker which
was believed dead and comes back can change nothing.
"""

import logging
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from agent_app.models import Run, RunStatus
from agent_app.runs import charges, limits, registry
from agent_app.runs.orphans import end_without_worker
from agent_app.runs.queue import CONTROL_CHANNEL, enqueue
from agent_app.runs.registry import Outcome, RunInput
from community.access import Actor
from community.services import idempotency
from config.lib import logs, realtime, redis
from config.lib.errors import Conflict, NotFound
from config.lib.ids import uuid7

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class IdempotencyKey:
    """An ``Idempotency-Key`` with what it is bound to."""

    key: str
    path: str
    body_digest: str


@transaction.atomic
def start(
    *,
    kind: str,
    object_id: UUID,
    actor: Actor,
    run_input: RunInput,
    source: str,
    idempotency_key: IdempotencyKey | None = None,
) -> tuple[Run, bool]:
    """Start a run, or find the one that the same idempotency key has started. Answers the run and whether it is new.

    Raises what access, limits, capability and billing have against it; then nothing has changed.
    """
    run_id = uuid7()
    if idempotency_key is not None:
        first = idempotency.claim(
            actor_id=actor.id, workspace_id=actor.workspace_id, path=idempotency_key.path, key=idempotency_key.key,
            body_digest=idempotency_key.body_digest, object_id=run_id,
        )  # fmt: skip
        if first is not None:
            return _started_before(actor, first.object_id), False
    limits.check_rate(actor.id, object_id)
    concurrency = limits.check(actor.workspace_id)
    run = registry.get(kind).plan(run_id, actor=actor, object_id=object_id, run_input=run_input, source=source)
    run.status = RunStatus.QUEUED
    run.enqueued_at = timezone.now()
    run.request_id = logs.request_id.get()
    run.language = get_language() or ""
    run.concurrency = concurrency if run.parent_id is None else 0
    run.save(force_insert=True)
    charges.open_first(run, registry.get(kind).first_call(run))
    transaction.on_commit(lambda: enqueue(run.id))
    realtime.send_on_commit(
        realtime.workspace_group(run.workspace_id), "run.started", {"run_id": run.id, "status": run.status}
    )
    return run, True


def _started_before(actor: Actor, run_id: UUID) -> Run:
    run = Run.objects.in_workspace(actor.workspace_id).filter(id=run_id).first()
    if run is None:
        raise NotFound(_("The run of this Idempotency-Key was deleted. Use a new key."))
    return run


def cancel(run: Run) -> Run:
    """Ask for the end of a run. A queued one ends at once, a running one within half a second (its worker is told).

    Cancelling twice is cancelling once. Raises Conflict for a run that ended otherwise.
    """
    if run.status == RunStatus.CANCELLED:
        return run
    if run.ended:
        raise Conflict(
            _("The run has already ended: %(status)s.") % {"status": run.get_status_display().lower()},
            code="run_ended",
            run_status=run.status,
        )
    Run.objects.filter(id=run.id, finished_at=None, cancel_requested_at=None).update(cancel_requested_at=Now())
    cancelled = Outcome(status=RunStatus.CANCELLED, reason="user_cancelled")
    if not end_without_worker(run.id, cancelled, only_if=~Q(status=RunStatus.RUNNING)):
        try:
            redis.client().publish(CONTROL_CHANNEL, f"cancel {run.id}")
        except RedisError:
            logger.warning("cancel waits for the next heartbeat", extra={"run": str(run.id)})
    run.refresh_from_db()
    return run
