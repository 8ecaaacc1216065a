"""A run that waits for people: it leaves its worker, and goes on with another when all of one answer are decided.

A pause is a checkpoint with questions (``docs/adr/0024``). Nothing is held for a run that waits: no place, no lease, no credits.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from agent_app.models import Approval, Run, RunStatus
from agent_app.runs import approvals, charges, ending, events, orphans, tool_calls
from agent_app.runs.approvals import Told
from agent_app.runs.events import Event
from agent_app.runs.log import last_saved_seq, save_events
from agent_app.runs.queue import enqueue
from agent_app.runs.registry import Outcome, Paused, Produced
from agent_app.runs.spans import kept, save_spans
from agent_app.runs.stream import send_now
from config.lib import realtime

REASON = "approval"


@transaction.atomic
def pause(run: Run, paused: Paused, produced: Produced, unsaved: list[Event], seq: int) -> list[Event] | None:
    """Store what is asked and where the run goes on. Answers the last events (numbered after ``seq``).

    A cancel that came too late for the worker ends the run instead. None, and nothing stored, where another attempt owns it.
    """
    owner = Run.objects.select_for_update(of=("self",)).filter(id=run.id, attempt=run.attempt, status=RunStatus.RUNNING)
    owned = owner.values_list("cancel_requested_at").first()
    if owned is None:
        return None
    if owned[0] is not None:
        cancelled = Outcome(status=RunStatus.CANCELLED, reason="user_cancelled", output=produced.content or None)
        return ending.finish(run, cancelled, produced, unsaved, seq)
    charges.close(run, produced, unsaved)
    spans = {name: kept(span) for name, span in paused.spans.items()}
    tool_calls.checkpoint_save(run, paused.state | {"passed": sorted(produced.passed), "spans": spans})
    rows = approvals.ask(run, paused.requests)
    asked = zip(rows, paused.requests, strict=True)
    last = [approvals.required(row, within=request.within) for row, request in asked]
    last.append((events.RUN_STATUS, {"status": RunStatus.WAITING, "reason": REASON}))
    told = _numbered(run, seq, last)
    save_events([(run.id, run.attempt, [*unsaved, *told])])
    save_spans([(run.id, run.attempt, [*produced.spans, *(approvals.waiting(row) for row in rows)])])
    used = produced.usage
    Run.objects.filter(id=run.id).update(
        status=RunStatus.WAITING, reason=REASON, waiting_since=Now(), lease_expires_at=None, turns=produced.turns,
        prompt_tokens=used.prompt_tokens, completion_tokens=used.completion_tokens, cached_tokens=used.cached_tokens,
        reasoning_tokens=used.reasoning_tokens, credits=produced.credits, first_token_at=run.first_token_at, model=run.model,
        metadata=run.metadata, last_seq=told[-1].seq,
    )  # fmt: skip
    run.status = RunStatus.WAITING
    _announce(run)
    return told


@transaction.atomic
def answered(run: Run, rows: list[Approval]) -> None:
    """Tell readers what was decided; the run goes on where nothing is left to decide. ``run`` is locked, and waits."""
    told = _numbered(run, last_saved_seq(run.id), [approvals.decided(row) for row in rows])
    save_events([(run.id, run.attempt, told)])
    save_spans([(run.id, run.attempt, [approvals.waiting(row) for row in rows])])
    changes: dict[str, Any] = {"last_seq": told[-1].seq}
    if not Approval.objects.filter(run_id=run.id).pending().exists():
        run.status, run.reason = RunStatus.QUEUED, ""
        changes |= {"status": RunStatus.QUEUED, "reason": "", "enqueued_at": Now()}
    Run.objects.filter(id=run.id).update(**changes)
    transaction.on_commit(lambda: send_now(run.id, told))
    approvals.changed(run.workspace_id)
    if run.status == RunStatus.QUEUED:
        transaction.on_commit(lambda: enqueue(run.id))
        _announce(run)


def expire(run: Run) -> bool:
    """Nobody has answered in time, which is no. Answers whether the run ended with it."""
    outcome = Outcome(
        status=RunStatus.FAILED, reason="approval_expired", code="approval_expired",
        error=_("Nobody has decided in time whether the tool may be called, so it was not. Run the agent again to be asked again."),
    )  # fmt: skip
    overdue = Approval.objects.filter(run_id=run.id).overdue()
    waits = Q(status=RunStatus.WAITING, reason=REASON, id__in=overdue.values("run_id"))
    return orphans.end_without_worker(run.id, outcome, only_if=waits)


def _numbered(run: Run, seq: int, told: list[Told]) -> list[Event]:
    return [events.encode(run.id, seq + number, kind, data) for number, (kind, data) in enumerate(told, start=1)]


def _announce(run: Run) -> None:
    realtime.send_on_commit(
        realtime.workspace_group(run.workspace_id), "run.waiting" if run.status == RunStatus.WAITING else "run.started",
        {"run_id": run.id, "status": run.status},
    )  # fmt: skip
