"""Ending a run that no living worker has: what readers have seen of it is what it has produced."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import override
from redis.exceptions import RedisError

from agent_app.guardrails.frozen import guarded
from agent_app.guardrails.registry import OUTPUT
from agent_app.models import Run, RunEvent
from agent_app.runs import events, tool_calls
from agent_app.runs.ending import finish
from agent_app.runs.events import Event
from agent_app.runs.log import last_saved_seq
from agent_app.runs.queue import call_next
from agent_app.runs.registry import Outcome, Produced, Usage
from agent_app.runs.stream import as_event, fence_key, send_now, stream_key
from config.lib import redis


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
    send_now(run.id, last or [], anew=bool(produced.unshown))
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
