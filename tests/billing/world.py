"""What the tests of credits start from."""

import itertools
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing import invariants
from billing.models import CreditAccount, Grant, LedgerEntry
from billing.pricing import Price
from billing.services import grants, holds
from billing.services.accounts import account_open
from billing.services.holds import Held, Used
from community.services.workspaces import workspace_create
from config.lib.ids import uuid7
from tests.cast import make_user

PRICE = Price(reference="test/model", per_1k_tokens=Decimal(1))
_numbers = itertools.count(1)


def account_with(amount: str | int = 0, **fields: Any) -> CreditAccount:
    """The account of a new person's second workspace (no sign-up credits), with one lot of ``amount``."""
    account = empty_account()
    if Decimal(amount):
        give(account, amount, **fields)
    return reload(account)


def empty_account() -> CreditAccount:
    workspace = workspace_create(owner=make_user("alice"), name="Office")
    return account_open(workspace_id=workspace.id)


def give(account: CreditAccount, amount: str | int, **fields: Any) -> Grant:
    values: dict[str, Any] = {"source": "purchase", "key": f"test:{next(_numbers)}:{uuid7()}"} | fields
    return grants.grant_add(workspace_id=account.workspace_id, amount=Decimal(amount), **values)


def hold(account: CreditAccount, run_id: UUID, *, prompt: int = 0, tokens: int = 1000, **fields: Any) -> Held:
    values: dict[str, Any] = {"attempt": 1, "step": "turn:1", "model": "test/model", "price": PRICE} | fields
    return holds.hold_open(
        workspace_id=account.workspace_id, run_id=run_id, prompt_tokens=prompt, max_tokens=tokens, **values
    )


def settle(account: CreditAccount, run_id: UUID, tokens: int, *, at: datetime | None = None, **fields: Any) -> Decimal:
    values: dict[str, Any] = {"attempt": 1, "step": "turn:1", "model": "test/model"} | fields
    return holds.hold_settle(
        workspace_id=account.workspace_id, run_id=run_id, used=Used(completion_tokens=tokens), at=at, **values
    )


def release(account: CreditAccount, run_id: UUID, **fields: Any) -> None:
    holds.hold_release(workspace_id=account.workspace_id, run_id=run_id, **{"attempt": 1, "step": "turn:1"} | fields)


def reload(account: CreditAccount) -> CreditAccount:
    account.refresh_from_db()
    return account


def entries(account: CreditAccount) -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(account=account).order_by("number"))


def kinds(account: CreditAccount) -> list[tuple[str, Decimal]]:
    return [(entry.kind, entry.amount) for entry in entries(account)]


def assert_adds_up() -> None:
    assert invariants.check() == []
