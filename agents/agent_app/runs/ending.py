"""The end of a run, in one transaction: its bill, its last events, its answer."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from agent_app.events import RunEnded
from agent_app.models import Run, RunStatus
from agent_app.runs import approvals, charges, events, registry, tool_calls
from agent_app.runs.events import Event
from agent_app.runs.log import save_events, unshow_events
from agent_app.runs.registry import Outcome, Produced
from agent_app.runs.spans import end_open_spans, save_spans
from config.lib import events as bus
from config.lib import realtime


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
        end_open_spans(run.id)
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
