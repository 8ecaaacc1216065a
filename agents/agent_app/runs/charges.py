"""What a run pays for: the seam between the pipeline and ``billing``.

Each call of a model is a step. Its worst case is held before it (the first one's before the run is queued), what it used is
booked after it: together with the next step's hold, or with the run's end. A step whose worker died is booked by the next
worker, or by whoever ends the run: the counted prompt, and the text that readers have seen. So every attempt is paid for once.
"""

from collections.abc import Collection, Iterable
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from agent_app.engine import tokens
from agent_app.models import Run, RunEvent
from agent_app.runs import events
from agent_app.runs.events import Event
from agent_app.runs.ownership import check_owner
from agent_app.runs.registry import ModelCall, Produced, Usage
from billing import rates
from billing.models import Hold
from billing.pricing import Price
from billing.services import holds
from billing.services.holds import Held, Used

FIRST = "turn:1"
TOOL_STEP = "tool:"
HOSTED_STEP = "hosted:"  # a call that a provider may make itself
GOES_ON = ("tool/agent",)  # what is called so goes on where a lost worker has left it, and is paid for when it ends
_TEXT = events.DELTAS


def open_first(run: Run, call: ModelCall | None) -> None:
    """Before the run is queued, in the start's transaction. Raises NotEnoughCredits; then the run was never made."""
    if call is not None:
        _open(run, 1, FIRST, call, since_seq=0)


def open_next(run: Run, step: str, call: ModelCall, unsettled: dict[str, Usage], since_seq: int) -> Held:
    """Between two steps: book what ended, hold what comes. Raises NotEnoughCredits, and RunFailure where the run has ended or
    has another worker; then nothing has changed."""
    with transaction.atomic():
        if not run._state.adding:  # else asked outside any run, see ``engine/panel.py``
            check_owner(run)
        settle(run, unsettled)
        return _open(run, run.attempt, step, call, since_seq=since_seq)


def held_for(run: Run) -> dict[str, int | None]:
    """The steps that are held for the run's present attempt, and how long their answers may be."""
    return {hold.step: hold.max_tokens for hold in holds.holds_open(run_id=run.id) if hold.attempt == run.attempt}


def keep(run_ids: Collection[UUID]) -> None:
    """The runs are cared for: so are their holds."""
    holds.leases_extend(run_ids=run_ids)


def settle(run: Run, unsettled: dict[str, Usage]) -> None:
    """Book steps of the present attempt, and give back those that nobody answered."""
    for step, usage in list(unsettled.items()):  # which grows where a tool outlives its run
        if not usage.answered:
            holds.hold_release(workspace_id=run.workspace_id, run_id=run.id, attempt=run.attempt, step=step)
            continue
        holds.hold_settle(
            workspace_id=run.workspace_id, run_id=run.id, attempt=run.attempt, step=step, model=usage.model or run.model,
            used=_used(usage),
        )  # fmt: skip


@transaction.atomic
def leave(run: Run, unsettled: dict[str, Usage]) -> None:
    """The same for who asks outside any run; what else is held for it is given back."""
    settle(run, unsettled)
    for hold in holds.holds_open(run_id=run.id):
        if hold.attempt == run.attempt:
            holds.hold_release(workspace_id=run.workspace_id, run_id=run.id, attempt=hold.attempt, step=hold.step)


def settle_lost(run: Run, shown: Iterable[Event] = ()) -> None:
    """Book what earlier attempts had begun. ``shown`` are events that readers have seen and the database has not."""
    for hold in holds.holds_open(run_id=run.id):
        if hold.attempt < run.attempt:
            _settle_lost(run, hold, list(shown))


def close(run: Run, produced: Produced, shown: Iterable[Event] = ()) -> None:
    """Book everything the run has used, give back what it has not, and put the sums of all attempts into ``produced``."""
    if run.attempt > 1:  # else there was none before
        settle_lost(run, shown)
    settle(run, produced.unsettled)
    for hold in holds.holds_open(run_id=run.id):
        holds.hold_release(workspace_id=run.workspace_id, run_id=run.id, attempt=hold.attempt, step=hold.step)
    total = holds.run_usage(run_id=run.id)
    produced.usage = Usage(
        prompt_tokens=total.prompt_tokens, completion_tokens=total.completion_tokens, cached_tokens=total.cached_tokens,
        reasoning_tokens=total.reasoning_tokens, known=produced.usage.known,
    )  # fmt: skip
    produced.credits = Decimal(total.credits)


def price_of(call: ModelCall) -> Price:
    return rates.price_of(call.rate, own_key=call.own_key)


def affordable(workspace_id: UUID, call: ModelCall) -> None:
    """Raises NotEnoughCredits where not even the shortest answer could be paid for."""
    holds.affordable(workspace_id=workspace_id, price=price_of(call), prompt_tokens=call.prompt_tokens())


def _open(run: Run, attempt: int, step: str, call: ModelCall, *, since_seq: int) -> Held:
    price = price_of(call)
    counted = call.prompt_tokens()
    return holds.hold_open(
        workspace_id=run.workspace_id, run_id=run.id, attempt=attempt, step=step, model=call.model or run.model,
        price=price, prompt_tokens=counted, max_tokens=call.max_tokens, since_seq=since_seq, actor_id=run.actor_id,
    )  # fmt: skip


def _settle_lost(run: Run, hold: Hold, shown: list[Event]) -> None:
    # Of hosted calls the answer never came, and with it no word of them.
    if hold.step.startswith(HOSTED_STEP) or hold.model in GOES_ON:
        holds.hold_release(workspace_id=run.workspace_id, run_id=run.id, attempt=hold.attempt, step=hold.step)
        return
    if hold.step.startswith(TOOL_STEP):  # it was begun, and may have been done
        holds.hold_settle(
            workspace_id=run.workspace_id, run_id=run.id, attempt=hold.attempt, step=hold.step, model=hold.model, used=Used()
        )  # fmt: skip
        return
    received = _received(run.id, hold.since_seq, shown)
    used = Used(prompt_tokens=hold.prompt_tokens, completion_tokens=tokens.estimate(received), exact=False)
    holds.hold_settle(
        workspace_id=run.workspace_id, run_id=run.id, attempt=hold.attempt, step=hold.step, model=hold.model, used=used
    )


def _received(run_id: UUID, since_seq: int, shown: list[Event]) -> str:
    """The text from an event on, up to where another worker began anew."""
    stored = RunEvent.objects.filter(run_id=run_id, seq__gt=since_seq, type__in=(*_TEXT, events.CONTENT_RESET))
    rows = [
        Event(seq, kind, data.encode()) for seq, kind, data in stored.order_by("seq").values_list("seq", "type", "data")
    ]
    last = rows[-1].seq if rows else since_seq
    text = []
    for event in [*rows, *(event for event in shown if event.seq > last)]:
        if event.type == events.CONTENT_RESET and event.payload().get("reason") == "worker_lost":
            break
        if event.type in _TEXT:
            text.append(event.payload()["delta"])
    return "".join(text)


def _used(usage: Usage) -> Used:
    return Used(
        prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens, cached_tokens=usage.cached_tokens,
        reasoning_tokens=usage.reasoning_tokens, exact=usage.known,
    )  # fmt: skip
