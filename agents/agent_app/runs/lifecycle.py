"""A run's life in the database: started, claimed, released, finished, cancelled. Each step is one transaction.

Whoever executes a run holds its present ``attempt``; every statement that changes a run names it, so that a worker which
was believed dead and comes back can change nothing.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from agent_app.events import RunEnded
from agent_app.guardrails.frozen import guarded
from agent_app.guardrails.registry import OUTPUT
from agent_app.models import Message, Run, RunEvent, RunStatus
from agent_app.runs import approvals, charges, events, limits, registry, tool_calls
from agent_app.runs.events import Event
from agent_app.runs.log import save_events, unshow_events
from agent_app.runs.registry import Outcome, Produced, RunInput, Usage
from agent_app.runs.spans import save_spans
from agent_app.runs.stream import as_event, fence_key, stream_key
from community.access import Actor
from community.services import idempotency
from config.lib import events as bus
from config.lib import logs, realtime, redis
from config.lib.errors import Conflict, NotFound
from config.lib.ids import uuid7

logger = logging.getLogger(__name__)

CONTROL_CHANNEL = "runs:control"
_CLAIM_TRIES = 50  # as many as runs may want a workspace's last places at the same moment


@dataclass(frozen=True)
class IdempotencyKey:
    """An ``Idempotency-Key`` with what it is bound to."""

    key: str
    path: str
    body_digest: str


@dataclass(frozen=True)
class Claim:
    """A run taken by a worker, with everything that executing it needs."""

    run: Run
    definition: dict[str, Any]
    history: list[Message]
    last_saved_seq: int
    held: dict[str, int | None]
    waited: bool = False


# Start


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


def enqueue(run_id: UUID) -> None:
    """Put the run on the workers' queue. If the broker is away the reaper does it later: the row is the truth."""
    try:
        current_app.send_task("agents.execute_run", args=[str(run_id)], queue="runs", retry=False)
    except (OperationalError, RedisError, OSError):
        logger.warning("not enqueued: the broker does not answer", extra={"run": str(run_id)})


# Claim, keep, give back


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


def call_next(run: Run) -> None:
    """After ``run`` has left its place: whoever waited for it may begin."""
    for run_id in limits.next_in_line(run):
        enqueue(run_id)


def last_saved_seq(run_id: UUID) -> int:
    return int(RunEvent.objects.filter(run_id=run_id).aggregate(last=Max("seq"))["last"] or 0)


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


# End


@transaction.atomic
def finish(
    run: Run, outcome: Outcome, produced: Produced, unsaved: list[Event], seq: int, *, answered: bool = True
) -> list[Event] | None:
    """Store the end of a run, its bill, and its last events (numbered after ``seq``), which it answers.

    None, and nothing stored, where another attempt owns it or it has ended.
    """
    owned = Run.objects.select_for_update(of=("self",)).filter(id=run.id, attempt=run.attempt, finished_at=None)
    if not owned.exists():
        return None
    charges.close(run, produced, unsaved)
    closed, waiting = approvals.close(run, outcome.reason) if run.attempt > 1 else ([], [])
    produced.spans += waiting
    last = _last_events(run, outcome, produced, seq, closed, answered=answered)
    save_events([(run.id, run.attempt, [*unsaved, *last])])
    if produced.unshown and not unshow_events(run.id, produced.unshown):
        produced.unshown.clear()
    save_spans([(run.id, run.attempt, produced.spans)])
    registry.get(run.kind).conclude(run, outcome, produced)
    if produced.called or run.attempt > 1:
        tool_calls.close(run.id)
    run.status, run.reason, run.output = outcome.status, outcome.reason, outcome.output
    run.credits = produced.credits
    Run.objects.filter(id=run.id).update(
        status=outcome.status, reason=outcome.reason, output=outcome.output,
        error=_trouble(outcome) if outcome.error else {},
        prompt_tokens=produced.usage.prompt_tokens, completion_tokens=produced.usage.completion_tokens,
        cached_tokens=produced.usage.cached_tokens, reasoning_tokens=produced.usage.reasoning_tokens,
        credits=produced.credits, turns=produced.turns, first_token_at=run.first_token_at, model=run.model,
        metadata=run.metadata,
        finished_at=Now(), lease_expires_at=None, last_seq=last[-1].seq,
    )  # fmt: skip
    realtime.send_on_commit(
        realtime.workspace_group(run.workspace_id), "run.ended", {"run_id": run.id, "status": outcome.status}
    )
    bus.publish(RunEnded(run.id, run.workspace_id, outcome.status))
    return last


def _last_events(
    run: Run, outcome: Outcome, produced: Produced, seq: int, closed: list[approvals.Told], *, answered: bool
) -> list[Event]:
    """What nobody needs to decide any more, the whole answer with what it has used and cost, what went wrong, and the end."""
    last = list(closed)
    if answered and (produced.content or outcome.status == RunStatus.SUCCEEDED):
        used = produced.usage
        usage = {
            "prompt_tokens": used.prompt_tokens, "completion_tokens": used.completion_tokens,
            "cached_tokens": used.cached_tokens, "reasoning_tokens": used.reasoning_tokens,
            "total_tokens": used.prompt_tokens + used.completion_tokens, "credits": f"{produced.credits:.4f}",
        }  # fmt: skip
        answer = {"message_id": run.message_id, "content": produced.content, "usage": usage}
        last.append((events.MESSAGE_COMPLETE, answer))
    if outcome.error:
        last.append((events.ERROR, _trouble(outcome)))
    last.append((events.RUN_FINISHED, {"status": outcome.status, "reason": outcome.reason}))
    return [events.encode(run.id, seq + number, kind, data) for number, (kind, data) in enumerate(last, start=1)]


def _trouble(outcome: Outcome) -> dict[str, Any]:
    return {"code": outcome.code, "error": outcome.error} | ({"cause": outcome.cause} if outcome.cause else {})


def end_without_worker(run_id: UUID, outcome: Outcome, *, only_if: Q) -> bool:
    """End a run that no living worker has, if it is still in the state ``only_if`` says. Answers whether it did."""
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",)).filter(only_if, id=run_id, finished_at=None).first()
        if run is None:
            return False
        run.attempt += 1  # whoever had it may write no more
        if run.waiting_since is not None:
            run.waited_s += (timezone.now() - run.waiting_since).total_seconds()
        Run.objects.filter(id=run_id).update(attempt=run.attempt, waited_s=run.waited_s, waiting_since=None)
        seq = last_saved_seq(run_id)
        shown = _fence_and_read_stream(run, seq)
        seq = shown[-1].seq if shown else seq
        produced = _produced_so_far(run_id, run.message_id, shown)
        produced.turns = run.turns
        produced.passed |= tool_calls.passed_in(run_id)
        if guarded(run, OUTPUT) and OUTPUT not in produced.passed:
            produced.text.clear()  # nobody has checked it, and nobody will
            produced.unshown = dict.fromkeys(events.DELTAS, seq)
        if produced.content and outcome.output is None:
            outcome = Outcome(**{**vars(outcome), "output": produced.content})
        if outcome.error:
            with override(run.language or settings.LANGUAGE_CODE):
                outcome = Outcome(**{**vars(outcome), "error": str(outcome.error)})
        last = finish(run, outcome, produced, shown, seq, answered=False)
    send_now(run, last or [], anew=bool(produced.unshown))
    transaction.on_commit(lambda: call_next(run))
    return True


def _produced_so_far(run_id: UUID, answer_id: UUID, shown: list[Event]) -> Produced:
    """The text that readers have seen, from the events."""
    produced = Produced(usage=Usage(known=False))
    stored = RunEvent.objects.filter(run_id=run_id).order_by("seq").values_list("seq", "type", "data")
    for event in [*(Event(seq, kind, data.encode()) for seq, kind, data in stored), *shown]:
        if event.type == events.CONTENT_DELTA:
            produced.text.append(event.payload()["delta"])
        elif event.type == events.CONTENT_RESET:
            produced.text.clear()
        elif event.type == events.MESSAGE_REPLACED:
            _take_replaced(event, answer_id, produced)
    return produced


def _take_replaced(event: Event, answer_id: UUID, produced: Produced) -> None:
    """What a guardrail has put in the place of the answer, or of what was asked."""
    payload = event.payload()
    if payload["message_id"] == str(answer_id):
        produced.text[:] = [payload["content"]]
        produced.passed.add(OUTPUT)
        produced.unshown = dict.fromkeys(events.DELTAS, event.seq)
    else:
        produced.asked = payload["content"]


def _fence_and_read_stream(run: Run, saved_seq: int) -> list[Event]:
    """Refuse earlier attempts in Valkey, then take what readers have seen and the database has not."""
    try:
        client = redis.client()
        client.set(fence_key(run.id), run.attempt, ex=settings.RUN_STREAM_EXPIRY)
        rows = client.xrange(stream_key(run.id), min=f"{saved_seq + 1}-0")
    except RedisError:
        return []
    return events.without_gap(run.id, saved_seq, [as_event(row) for row in rows or []])


def send_now(run: Run, sent: list[Event], *, anew: bool = False) -> None:
    try:
        pipeline = redis.client().pipeline(transaction=False)
        if anew:
            pipeline.delete(stream_key(run.id))
        for event in sent:
            pipeline.xadd(stream_key(run.id), {"t": event.type, "d": event.data}, id=f"{event.seq}-0")
        pipeline.expire(stream_key(run.id), settings.RUN_STREAM_EXPIRY)
        pipeline.execute()
    except RedisError:
        logger.warning("last events not sent", extra={"run": str(run.id)})


# Cancel


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
