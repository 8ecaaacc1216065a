"""The ledger's writer: everything that changes a balance beside the settlement of a hold (``billing/statements.py``).

All of it happens under the lock of the account's row, and writes the balance, the lots and the entry together.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Min, QuerySet
from django.db.models.functions import Now

from billing.events import CreditsLow
from billing.models import CreditAccount, Grant, LedgerEntry, LowBalance, LowBalanceKind
from billing.models.plans import FREE, Plan
from billing.pricing import UNIT
from config.lib import events

LOW_SHARE = Decimal("0.2")
Lots = dict[UUID, Decimal]


def locked(workspace_id: UUID) -> CreditAccount:
    """The workspace's account, locked until the transaction ends; opened where it has none yet."""
    accounts = CreditAccount.objects.select_for_update(no_key=True, of=("self",))
    account = accounts.filter(workspace_id=workspace_id).first()
    if account is None:
        plan = Plan.objects.only("id").get(slug=FREE)
        CreditAccount.objects.bulk_create([CreditAccount(workspace_id=workspace_id, plan=plan)], ignore_conflicts=True)
        account = accounts.get(workspace_id=workspace_id)
    return account


def booked(key: str) -> LedgerEntry | None:
    """The entry that a key has made already."""
    return LedgerEntry.objects.filter(idempotency_key=key).first()


def book(
    account: CreditAccount,
    *,
    kind: str,
    amount: Decimal,
    key: str,
    at: datetime,
    lots: Lots,
    reference: str = "",
    note: str = "",
    run_id: UUID | None = None,
    grant_id: UUID | None = None,
    actor_id: UUID | None = None,
) -> LedgerEntry:
    """Write an entry and the balance after it. The lots have been changed by the caller, who says how (``lots``)."""
    account.balance += amount
    account.entries += 1
    account.next_expiry_at = _spendable(account).aggregate(next=Min("expires_at"))["next"]
    account.save(update_fields=["balance", "entries", "next_expiry_at", "last_grant", "updated_at"])
    return LedgerEntry.objects.create(
        created_at=at, account=account, workspace_id=account.workspace_id, number=account.entries, kind=kind, amount=amount,
        balance_after=account.balance, idempotency_key=key, reference=reference, note=note, run_id=run_id, grant_id=grant_id,
        actor_id=actor_id, lots={str(lot): str(taken) for lot, taken in lots.items()},
    )  # fmt: skip


def take(account: CreditAccount, amount: Decimal, *, first: UUID | None = None) -> Lots:
    """Take ``amount`` from the lots, the soonest to expire first (or ``first`` before all). Answers how much from each.

    What the lots do not have is drawn on the credit line, and so from no lot.
    """
    lots = list(_spendable(account).order_by("expires_at", "id"))  # PostgreSQL sorts "never" last
    lots.sort(key=lambda lot: lot.id != first)
    return _take_from(lots, amount)


def expire(account: CreditAccount, at: datetime) -> Decimal:
    """Book out what has expired, except what open holds need: that expires once they are settled. Answers how much."""
    total = Decimal(0)
    while account.next_expiry_at is not None and account.next_expiry_at <= at:
        free = max(account.balance - account.held, Decimal(0))
        lot = _spendable(account).filter(expires_at__lte=at).order_by("expires_at", "id").first()
        if lot is None or not free:
            break
        taken = _take_from([lot], min(free, lot.remaining))
        amount = sum(taken.values(), Decimal(0))
        book(
            account, kind="expiry", amount=-amount, key=f"expiry:{lot.id}:{lot.remaining}", at=at, lots=taken,
            grant_id=lot.id, reference=lot.source,
        )  # fmt: skip
        total += amount
    if total:
        watch(account)
    return total


def watch(account: CreditAccount) -> None:
    """Note that the balance has gone below a threshold, once, and that it is above again."""
    low = {kind: threshold for kind, threshold in thresholds(account).items() if account.balance < threshold}
    LowBalance.objects.filter(account=account, ended_at=None).exclude(kind__in=low).update(ended_at=Now())
    fresh = [
        LowBalance(
            workspace_id=account.workspace_id, account=account, kind=kind, threshold=threshold, balance=account.balance
        )
        for kind, threshold in low.items()
    ]
    if not fresh:
        return
    known = set(LowBalance.objects.filter(account=account, ended_at=None).values_list("kind", flat=True))
    for crossing in fresh:
        if crossing.kind not in known:
            crossing.save(force_insert=True)
            events.publish(CreditsLow(account.workspace_id, crossing.kind, crossing.threshold, crossing.balance))


def thresholds(account: CreditAccount) -> dict[str, Decimal]:
    """The balances below which the owner is told."""
    found = {LowBalanceKind.GRANT.value: (account.last_grant * LOW_SHARE).quantize(UNIT)}
    if account.notice_at is not None:
        found[LowBalanceKind.CHOSEN.value] = account.notice_at
    return found


def _spendable(account: CreditAccount) -> QuerySet[Grant]:
    return Grant.objects.filter(account=account, remaining__gt=0)


def _take_from(lots: Iterable[Grant], amount: Decimal) -> Lots:
    taken: Lots = {}
    for lot in lots:
        part = min(lot.remaining, amount)
        if part <= 0:
            break
        lot.remaining -= part
        amount -= part
        taken[lot.id] = part
        lot.save(update_fields=["remaining", "updated_at"])
    return taken
