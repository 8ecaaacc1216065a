"""A run in a worker's hands: claimed, kept, given back. Each step is one transaction."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from agent_app.models import Message, Run, RunStatus
from agent_app.runs import charges, limits, registry
from agent_app.runs.events import Event
from agent_app.runs.log import last_saved_seq, save_events
from agent_app.runs.queue import enqueue
from agent_app.runs.registry import Produced
from agent_app.runs.spans import save_spans

_CLAIM_TRIES = 50  # as many as runs may want a workspace's last places at the same moment


@dataclass(frozen=True)
class Claim:
    """A run taken by a worker, with everything that executing it needs."""

    run: Run
    definition: dict[str, Any]
    history: list[Message]
    last_saved_seq: int
    held: dict[str, int | None]
    waited: bool = False


def claim(run_id: UUID, worker: str) -> Claim | None:
    """Take a queued run. None where another worker has it, it shall be cancelled, it has ended, or it is not its turn."""
    for _try in range(_CLAIM_TRIES):
        try:
            return _claim(run_id, worker)
        except IntegrityError as error:
            if not limits.lost_race(error):
                raise
    return None  # the reaper sends it again


@transaction.atomic
def _claim(run_id: UUID, worker: str) -> Claim | None:
    if (taken := limits.take(run_id, worker, settings.RUN_LEASE)) is None:
        return None
    run = Run.objects.select_related("snapshot", "conversation", "provider", "user_message").get(id=run_id)
    last_seq = last_saved_seq(run_id) if run.attempt > 1 else 0
    definition, history = registry.get(run.kind).load(run)
    return Claim(run, definition, history, last_seq, charges.held_for(run), taken.waited)


def keep(leases: dict[UUID, int]) -> dict[UUID, bool]:
    """Renew leases (run id → attempt), all in one statement. Answers those still held, with whether a cancel was asked for."""
    from_now = Now() + timedelta(seconds=settings.RUN_LEASE)
    own = Run.objects.filter(id__in=leases, status=RunStatus.RUNNING)
    rows = own.values_list("id", "attempt", "cancel_requested_at")
    held = {run_id: cancel is not None for run_id, attempt, cancel in rows if leases[run_id] == attempt}
    by_attempt: dict[int, list[UUID]] = {}
    for run_id in held:
        by_attempt.setdefault(leases[run_id], []).append(run_id)
    charges.keep(held)
    for attempt, ids in by_attempt.items():
        own.filter(id__in=ids, attempt=attempt).update(lease_expires_at=from_now)
    return held


@transaction.atomic
def release(run: Run, produced: Produced, unsaved: list[Event]) -> None:
    """Give a run back (a worker that shuts down): it is queued again at once, with all its events kept and paid for."""
    save_events([(run.id, run.attempt, unsaved)])
    save_spans([(run.id, run.attempt, produced.spans)])
    released = Run.objects.filter(id=run.id, attempt=run.attempt, status=RunStatus.RUNNING).update(
        status=RunStatus.QUEUED, lease_expires_at=None, enqueued_at=Now()
    )
    if released:
        charges.close(run, produced)
        transaction.on_commit(lambda: enqueue(run.id))
