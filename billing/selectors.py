"""Reads that serve pages and the API."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet, Sum

from billing.models import CreditAccount, Grant, Hold, HoldState, LedgerEntry, LowBalance


@dataclass(frozen=True, kw_only=True)
class EntryFilter:
    """What of a ledger is asked for; an empty one is all of it."""

    kind: str = ""
    model: str = ""
    run_id: UUID | None = None
    first: datetime | None = None
    last: datetime | None = None


def entries(account: CreditAccount, asked: EntryFilter) -> QuerySet[LedgerEntry]:
    """An account's entries, newest first."""
    rows = LedgerEntry.objects.of_account(account.id).between(asked.first, asked.last)
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    if asked.model:
        rows = rows.filter(model=asked.model)
    if asked.run_id is not None:
        rows = rows.filter(run_id=asked.run_id)
    return rows


def entries_sum(account: CreditAccount, asked: EntryFilter) -> Decimal:
    """Of all entries it is the balance, which nobody needs to add up."""
    if asked == EntryFilter():
        return Decimal(account.balance)
    return Decimal(entries(account, asked).order_by().aggregate(sum=Sum("amount"))["sum"] or 0)


def lots(account: CreditAccount) -> QuerySet[Grant]:
    """What can be spent, in the order in which it will be."""
    return Grant.objects.filter(account_id=account.id, remaining__gt=0).order_by("expires_at", "id")


def open_holds(account: CreditAccount) -> QuerySet[Hold]:
    return Hold.objects.filter(account_id=account.id, state=HoldState.OPEN).order_by("id")


def low_balances(account: CreditAccount) -> QuerySet[LowBalance]:
    """The thresholds under which the balance is now."""
    return LowBalance.objects.filter(account_id=account.id, ended_at=None).order_by("-threshold")


def run_entries(workspace_id: UUID, run_id: UUID) -> QuerySet[LedgerEntry]:
    """What the ledger says of a run, step by step."""
    return LedgerEntry.objects.of_run(workspace_id, run_id)
