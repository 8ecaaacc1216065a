"""The rows of a run's tool calls, and its checkpoint: what a worker writes down so that another can go on where it ended.

A call's row is written before the call. Whoever finds it ``started`` in another attempt does not know what became of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app.models import Run, RunCheckpoint, ToolCall, ToolCallStatus
from agent_app.runs import bodies
from agent_app.runs.ownership import check_owner
from agent_app.runs.registry import RunFailure
from agent_app.runs.spans import body
from billing import rates
from billing.models import CreditAccount
from billing.pricing import Price
from billing.services import holds
from billing.services.holds import Used
from config.lib import secrets

STATE_PURPOSE = "run.checkpoint"
MOST_KEPT = 64 * 1024  # bytes of one result in its row
UNKNOWN = {
    "code": "outcome_unknown",
    "message": "The worker was lost during this call. Whether it took effect is unknown. Do not simply repeat it: find out first.",
}


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A call that may be made. ``step`` is what it is called on the bill; empty where it costs nothing."""

    row: ToolCall
    step: str = ""


def begin(run: Run, row: ToolCall, *, rate: str, step: str, since_seq: int) -> Begun:
    """Hold what the call costs and write that it is being made. Raises NotEnoughCredits, and RunFailure where the run has
    another worker; then nothing is written."""
    with transaction.atomic():
        check_owner(run)
        price = rates.price_of(rate)
        if not price.free:
            step = holds.hold_open(
                workspace_id=run.workspace_id, run_id=run.id, attempt=run.attempt, step=step, model=rate, price=price,
                since_seq=since_seq, actor_id=run.actor_id,
            ).step  # fmt: skip
        _write(run, row)
    return Begun(row=row, step="" if price.free else step)


def refuse(run: Run, row: ToolCall) -> None:
    """Write down a call that was not made."""
    with transaction.atomic():
        check_owner(run)
        row.ended_at = timezone.now()
        _write(run, row)


def end(run: Run, begun: Begun, *, rate: str) -> Decimal:
    """Write down how a call has ended, and book it; one that failed costs nothing. Answers what it has cost."""
    row = begun.row
    row.ended_at = timezone.now()
    with transaction.atomic():
        check_owner(run)
        if begun.step and row.status == ToolCallStatus.SUCCEEDED:
            row.credits = holds.hold_settle(
                workspace_id=run.workspace_id,
                run_id=run.id,
                attempt=run.attempt,
                step=begun.step,
                model=rate,
                used=Used(),
            )
        elif begun.step:
            holds.hold_release(workspace_id=run.workspace_id, run_id=run.id, attempt=run.attempt, step=begun.step)
        row.save(
            update_fields=["status", "result", "result_bytes", "details", "error", "credits", "ended_at", "updated_at"]
        )
    return row.credits


def room_for_hosted(run: Run, price: Price) -> int:
    """How many calls half of what the workspace has pays for: the other half is the answer's."""
    account = CreditAccount.objects.filter(workspace_id=run.workspace_id).first()
    return int(account.available / 2 // price.cost(0)) if account else 0


def hold_hosted(run: Run, *, rate: str, price: Price, step: str, since_seq: int) -> None:
    """Hold for a call that the provider may make within its next answer. Raises NotEnoughCredits, RunFailure."""
    with transaction.atomic():
        check_owner(run)
        holds.hold_open(
            workspace_id=run.workspace_id, run_id=run.id, attempt=run.attempt, step=step, model=rate, price=price,
            since_seq=since_seq, actor_id=run.actor_id,
        )  # fmt: skip


def end_hosted(run: Run, ended: list[tuple[ToolCall, str]], left: list[str], rate_of: Mapping[str, str]) -> None:
    """Write down the calls that the provider has made, each booked by the step that was held for it (empty: it costs nothing),
    and give back the steps that are left."""
    about: dict[str, Any] = {"workspace_id": run.workspace_id, "run_id": run.id, "attempt": run.attempt}
    with transaction.atomic():
        check_owner(run)
        for row, step in ended:
            if step:
                row.credits = holds.hold_settle(**about, step=step, model=rate_of[row.tool_type], used=Used())
            _write(run, row)
        for step in left:
            holds.hold_release(**about, step=step)


def keep_result(run: Run, row: ToolCall, text: str) -> None:
    """What the model was given: in the row, or its beginning there and the whole in the file storage."""
    data = text.encode()
    row.result_bytes = len(data)
    if len(data) <= MOST_KEPT:
        row.result = text
        return
    row.result = data[:MOST_KEPT].decode("utf-8", "ignore")
    row.workspace_id = run.workspace_id
    bodies.keep_result(row, text)


def keep_result_again(run: Run, row: ToolCall, text: str) -> None:
    """More came of a call that has ended."""
    with transaction.atomic():
        check_owner(run)
        keep_result(run, row, text)
        row.save(update_fields=["result", "result_bytes", "updated_at"])


def last_of_type(run_id: UUID, tool_type: str) -> ToolCall | None:
    return ToolCall.objects.filter(run_id=run_id, tool_type=tool_type).order_by("-started_at", "-id").first()


def calls_of(run_id: UUID) -> dict[str, ToolCall]:
    return {row.call_id: row for row in ToolCall.objects.filter(run_id=run_id)}


def mark_unknown(run: Run, row: ToolCall, text: str) -> None:
    """A call of a lost worker that may not be repeated. ``text`` is what the model is given, also by whoever takes over next."""
    with transaction.atomic():
        check_owner(run)
        keep_result(run, row, text)
        row.status, row.error, row.ended_at = ToolCallStatus.UNKNOWN, UNKNOWN, timezone.now()
        row.save(update_fields=["status", "result", "result_bytes", "error", "ended_at", "updated_at"])


def close(run_id: UUID) -> None:
    """The run has ended: what was under way has no known outcome, and nobody goes on from the checkpoint."""
    under_way = ToolCall.objects.filter(run_id=run_id, status=ToolCallStatus.STARTED)
    under_way.update(
        status=ToolCallStatus.UNKNOWN,
        ended_at=Now(),
        error={"code": "stopped", "message": "The run ended during this call."},
    )
    RunCheckpoint.objects.filter(run_id=run_id).delete()


def _write(run: Run, row: ToolCall) -> None:
    row.run_id, row.workspace_id, row.attempt = run.id, run.workspace_id, run.attempt
    row.arguments = body(row.arguments)
    row.save()


# Checkpoints


def checkpoint_save(run: Run, state: dict[str, Any]) -> None:
    """Keep where the run can go on. Raises RunFailure where it has another worker."""
    text = orjson.dumps(state, default=str).decode()
    sealed = secrets.encrypt(text, purpose=STATE_PURPOSE)
    with transaction.atomic():
        check_owner(run)
        RunCheckpoint.objects.update_or_create(
            run_id=run.id, defaults={"workspace_id": run.workspace_id, "state_encrypted": sealed}
        )


def passed_in(run_id: UUID) -> set[str]:
    """Which stages of guardrails a run had behind it when it paused."""
    row = RunCheckpoint.objects.filter(run_id=run_id).first()
    try:
        return set(_opened(row).get("passed") or []) if row else set()
    except secrets.DecryptionError:
        return set()


def checkpoint_of(run: Run) -> dict[str, Any] | None:
    """Where to go on; None where the run begins anew. Raises RunFailure where it cannot be read."""
    row = RunCheckpoint.objects.filter(run_id=run.id).first()
    try:
        return _opened(row) if row else None
    except secrets.DecryptionError as error:
        text = _(
            "Where this run had stopped cannot be read any more. What it had produced is kept; you can run it again."
        )
        raise RunFailure("error", text, code="state_unreadable") from error


def _opened(row: RunCheckpoint) -> dict[str, Any]:
    state: dict[str, Any] = orjson.loads(secrets.decrypt(row.state_encrypted, purpose=STATE_PURPOSE))
    return state
