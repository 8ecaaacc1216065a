"""The seam between a run and its bill: each priced step is held before it and settled after it.

``hold_open`` keeps back the step's worst case, ``hold_settle`` books what it has cost. Billing asks nothing of runs: a hold
has a lease, which whoever executes the run renews; ``holds_sweep`` releases those that nobody renews any more.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from billing import booking, refusals, statements
from billing.models import EntryKind, Hold, HoldState
from billing.pricing import LEAST_OUTPUT, Price
from billing.services.accounts import account_open
from config.lib.ids import uuid7

DEFAULT_OUTPUT = 4096  # tokens of a priced answer where the agent sets no limit of its own


@dataclass(frozen=True, kw_only=True)
class Used:
    """What a step has used. ``exact`` is False where the provider did not say and it was counted."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    exact: bool = True

    @property
    def tokens(self) -> int:
        """Cached tokens are among the prompt's, reasoning tokens among the completion's."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, kw_only=True)
class Held:
    """A step that may go on. Its answer may have ``max_tokens`` tokens (None: no limit of ours)."""

    step: str
    max_tokens: int | None


@dataclass(frozen=True, kw_only=True)
class RunUsage(Used):
    """What a run has used and cost so far, all of its attempts and steps."""

    credits: Decimal = Decimal(0)


def hold_open(
    *,
    workspace_id: UUID,
    run_id: UUID,
    attempt: int,
    step: str,
    model: str,
    price: Price,
    prompt_tokens: int = 0,
    max_tokens: int | None = None,
    since_seq: int = 0,
    actor_id: UUID | None = None,
    at: datetime | None = None,
) -> Held:
    """Before a step: keep back what it may cost at most.

    Where the account has less than the worst case the answer must be shorter; with room for fewer than 16 tokens it raises
    NotEnoughCredits, and nothing was held. Opening the same step again opens nothing new; a step whose hold was released
    meanwhile is held again under a name of its own, by which it is settled.
    """
    now = at or timezone.now()
    wanted = (max_tokens or DEFAULT_OUTPUT) if price.per_1k_tokens else max_tokens
    values: dict[str, Any] = {
        "id": uuid7(), "workspace": workspace_id, "run": run_id, "attempt": attempt, "step": step, "model": model,
        "price": json.dumps(price.snapshot()), "rate": price.per_1k_tokens, "per_call": price.per_call, "wanted": wanted,
        "prompt": prompt_tokens, "since": since_seq, "actor": actor_id, "at": now, "lease": now + timedelta(seconds=settings.HOLD_LEASE),
        "most": price.cost(prompt_tokens + (wanted or 0)),
        "least": price.cost(prompt_tokens + min(LEAST_OUTPUT, wanted or 0)), "swept": False,
    }  # fmt: skip
    if settings.BILLING_MODE == "off":
        return _without_account(values)
    with transaction.atomic(savepoint=False):
        row = _execute(statements.HOLD, values)
        if row is None:
            account_open(workspace_id=workspace_id, at=now)  # where the event that should have is lost, or late
            booking.expire(booking.locked(workspace_id), now)
            row = _execute(statements.HOLD, values | {"swept": True})
        if row is not None:
            return Held(step=step, max_tokens=_tokens(row[0]))
        known = Hold.objects.filter(run_id=run_id, attempt=attempt, step=step).first()
    if known is not None and known.state != HoldState.RELEASED:
        return Held(step=step, max_tokens=known.max_tokens)
    if known is not None:
        return hold_open(
            workspace_id=workspace_id, run_id=run_id, attempt=attempt, step=f"{step}*", model=model, price=price,
            prompt_tokens=prompt_tokens, max_tokens=max_tokens, since_seq=since_seq, actor_id=actor_id, at=at,
        )  # fmt: skip
    raise refusals.not_enough(workspace_id=workspace_id, price=values["least"], model=model)


def hold_settle(
    *,
    workspace_id: UUID,
    run_id: UUID,
    attempt: int,
    step: str,
    model: str,
    used: Used,
    at: datetime | None = None,
) -> Decimal:
    """After a step, with what it used. Answers the credits charged; settling twice charges once.

    A step may turn out dearer than its worst case (a provider counts differently): that is charged too as far as the account
    has it, and the rest is written on the hold. A balance never goes below its credit line.
    """
    return _close(workspace_id, run_id, attempt, step, model=model, used=used, state=HoldState.SETTLED, at=at)


def hold_release(*, workspace_id: UUID, run_id: UUID, attempt: int, step: str, at: datetime | None = None) -> None:
    """Give back what was held for a step that did not happen."""
    _close(workspace_id, run_id, attempt, step, model="", used=Used(), state=HoldState.RELEASED, at=at)


def holds_open(*, run_id: UUID) -> list[Hold]:
    """What is held for a run now, the oldest first."""
    return list(Hold.objects.filter(run_id=run_id, state=HoldState.OPEN).order_by("id"))


@transaction.atomic
def leases_extend(*, run_ids: Collection[UUID], at: datetime | None = None) -> int:
    """Somebody still cares for these runs. Written only when half of a lease is over; answers how many were."""
    now = at or timezone.now()
    lease = timedelta(seconds=settings.HOLD_LEASE)
    due = Hold.objects.filter(state=HoldState.OPEN, run_id__in=run_ids, lease_expires_at__lt=now + lease / 2)
    free = due.select_for_update(skip_locked=True, of=("self",))  # one that is being settled needs no lease any more
    return int(Hold.objects.filter(id__in=free.values("id")).update(lease_expires_at=now + lease))


def holds_sweep(*, at: datetime | None = None, limit: int = 500) -> int:
    """Release holds whose run nobody cares for any more; answers how many."""
    now = at or timezone.now()
    orphans = Hold.objects.filter(state=HoldState.OPEN, lease_expires_at__lt=now).order_by("lease_expires_at")
    left = list(orphans.values_list("workspace_id", "run_id", "attempt", "step")[:limit])
    for workspace_id, run_id, attempt, step in left:
        hold_release(workspace_id=workspace_id, run_id=run_id, attempt=attempt, step=step, at=now)
    return len(left)


def run_usage(*, run_id: UUID) -> RunUsage:
    """What a run has used and cost: the very figures of its entries."""
    names = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
    settled = Hold.objects.filter(run_id=run_id, state=HoldState.SETTLED)
    sums = settled.aggregate(credits=Sum("credits"), **{name: Sum(name) for name in names})
    return RunUsage(credits=sums["credits"] or Decimal(0), **{name: int(sums[name] or 0) for name in names})  # type: ignore[arg-type]


def affordable(*, workspace_id: UUID, price: Price, prompt_tokens: int = 0) -> None:
    """Raises NotEnoughCredits where not even the shortest step could be held now. Holds nothing."""
    least = price.cost(prompt_tokens + LEAST_OUTPUT)
    if settings.BILLING_MODE == "off" or not least:
        return
    with transaction.atomic():
        account_open(workspace_id=workspace_id)
        account = booking.locked(workspace_id)
        booking.expire(account, timezone.now())
    if account.available < least:
        raise refusals.not_enough(workspace_id=workspace_id, price=least, model=price.reference)


def _close(
    workspace_id: UUID,
    run_id: UUID,
    attempt: int,
    step: str,
    *,
    model: str,
    used: Used,
    state: HoldState,
    at: datetime | None,
) -> Decimal:
    now = at or timezone.now()
    values: dict[str, Any] = {
        "workspace": workspace_id, "run": run_id, "attempt": attempt, "step": step, "model": model, "at": now, "state": state,
        "prompt": used.prompt_tokens, "completion": used.completion_tokens, "cached": used.cached_tokens,
        "reasoning": used.reasoning_tokens, "exact": used.exact,
    }  # fmt: skip
    with transaction.atomic(savepoint=False):
        found = _execute(statements.LOCK, values)
        if found is None:
            with connection.cursor() as cursor:
                cursor.execute(statements.SETTLE_FREE, values)
            return Decimal(0)
        hold_id, _state, _credits, snapshot, next_expiry_at = found
        if next_expiry_at is not None and next_expiry_at <= now:
            booking.expire(booking.locked(workspace_id), now)
        booked = _execute(statements.SETTLE, values | _booking(hold_id, snapshot, used, state))
        if booked is None:  # closed before
            return Decimal(Hold.objects.values_list("credits", flat=True).get(id=hold_id))
        charged, balance, next_expiry_at, last_grant, notice_at = booked
        due = next_expiry_at is not None and next_expiry_at <= now
        low = balance < last_grant * booking.LOW_SHARE or (notice_at is not None and balance < notice_at)
        if due or low:
            account = booking.locked(workspace_id)
            booking.expire(account, now)
            booking.watch(account)
    return Decimal(charged)


def _booking(hold_id: UUID, snapshot: str, used: Used, state: HoldState) -> dict[str, Any]:
    price = Price.of_snapshot(json.loads(snapshot) if isinstance(snapshot, str) else snapshot)
    settled = state == HoldState.SETTLED
    usage = {
        "prompt_tokens": used.prompt_tokens, "completion_tokens": used.completion_tokens, "cached_tokens": used.cached_tokens,
        "reasoning_tokens": used.reasoning_tokens, "exact": used.exact,
    }  # fmt: skip
    return {
        "id": hold_id, "entry": uuid7(), "cost": price.cost(used.tokens) if settled else Decimal(0),
        "kind": EntryKind.CHARGE if settled else EntryKind.RELEASE, "key": f"{state}:{hold_id}",
        "price": json.dumps(price.snapshot() | usage),
    }  # fmt: skip


def _without_account(values: dict[str, Any]) -> Held:
    hold = Hold(
        id=values["id"], workspace_id=values["workspace"], run_id=values["run"], attempt=values["attempt"],
        step=values["step"], actor_id=values["actor"], model=values["model"], prompt_tokens=values["prompt"], since_seq=values["since"],
        max_tokens=values["wanted"], lease_expires_at=values["lease"],
    )  # fmt: skip
    Hold.objects.bulk_create([hold], ignore_conflicts=True)
    return Held(step=values["step"], max_tokens=values["wanted"])


def _execute(statement: str, values: dict[str, Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()


def _tokens(value: Any) -> int | None:
    return None if value is None else int(value)
