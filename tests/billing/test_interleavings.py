"""Whatever happens in whatever order: the ledger adds up after each step."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from billing.models import CreditAccount, LedgerEntry
from billing.services import grants, holds
from billing.services.accounts import credit_line_set
from config.lib.errors import AppError, InvalidInput, NotEnoughCredits
from config.lib.ids import uuid7
from tests.billing.world import account_with, assert_adds_up, entries, give, hold, release, settle

START = datetime(2030, 1, 1, tzinfo=UTC)
amounts = st.decimals(min_value="0.0001", max_value=5, places=4)
tokens = st.integers(min_value=0, max_value=3000)


class Ledger(RuleBasedStateMachine):
    """An account, its runs, and a clock that only this test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.account = account_with(0)
        self.now = START
        self.open: list[UUID] = []
        self.closed: list[UUID] = []
        self.step = 0

    def fresh(self) -> CreditAccount:
        self.account.refresh_from_db()
        return self.account

    def key(self) -> str:
        self.step += 1
        return f"{self.account.id}:{self.step}"

    @rule(amount=amounts, days=st.none() | st.integers(min_value=1, max_value=20))
    def grant(self, amount: Decimal, days: int | None) -> None:
        grants.lots_expire(at=self.now)  # of every account, so what it answers says nothing of this one
        before = self.fresh().balance
        expires_at = None if days is None else self.now + timedelta(days=days)
        give(self.account, str(amount), key=self.key(), expires_at=expires_at, at=self.now)
        assert self.fresh().balance == before + amount

    @rule(prompt=st.integers(min_value=0, max_value=500), wanted=st.integers(min_value=16, max_value=3000))
    def hold(self, prompt: int, wanted: int) -> None:
        run = uuid7()
        grants.lots_expire(at=self.now)
        before = self.fresh().available
        try:
            allowed = hold(self.account, run, prompt=prompt, tokens=wanted, at=self.now).max_tokens
        except NotEnoughCredits:
            assert before < Decimal(prompt + 16) / 1000
            assert self.fresh().available == before
            return
        assert allowed is not None and 16 <= allowed <= wanted
        assert self.fresh().available == before - min(before, Decimal(prompt + wanted) / 1000)
        self.open.append(run)

    @precondition(lambda self: self.open)
    @rule(used=tokens, which=st.integers(min_value=0))
    def settle(self, used: int, which: int) -> None:
        run = self.open.pop(which % len(self.open))
        charged = settle(self.account, run, used, at=self.now)
        assert charged <= Decimal(used) / 1000
        assert settle(self.account, run, used + 77, at=self.now) == charged, "once"
        self.closed.append(run)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(min_value=0))
    def release(self, which: int) -> None:
        release(self.account, self.open.pop(which % len(self.open)), at=self.now)

    @rule(days=st.integers(min_value=1, max_value=15))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule()
    def expire(self) -> None:
        grants.lots_expire(at=self.now)

    @rule()
    def sweep(self) -> None:
        if holds.holds_sweep(at=self.now):
            self.open = [run for run in self.open if holds.holds_open(run_id=run)]

    @rule(amount=amounts, which=st.integers(min_value=0))
    def refund(self, amount: Decimal, which: int) -> None:
        charges = [entry for entry in entries(self.account) if entry.kind == "charge" and entry.amount]
        if not charges:
            return
        charge = charges[which % len(charges)]
        try:
            grants.charge_refund(entry_id=charge.id, amount=amount, key=self.key(), at=self.now)
        except AppError:
            return
        back = LedgerEntry.objects.filter(reference=f"refund of {charge.id}")
        assert sum(entry.amount for entry in back) <= -charge.amount

    @rule(amount=amounts, which=st.integers(min_value=0))
    def claw_back(self, amount: Decimal, which: int) -> None:
        given = [entry.grant_id for entry in entries(self.account) if entry.kind == "grant" and entry.grant_id]
        if given:
            entry = grants.grant_claw_back(
                grant_id=given[which % len(given)], amount=amount, key=self.key(), at=self.now
            )
            assert -amount <= entry.amount <= 0
            assert entry.balance_after >= min(Decimal(0), entry.balance_after - entry.amount)

    @rule(amount=amounts.map(lambda value: value * 2 - 5).filter(bool))
    def adjust(self, amount: Decimal) -> None:
        try:
            grants.credits_adjust(
                workspace_id=self.account.workspace_id, amount=amount, reason="test", actor_id=uuid7(), key=self.key(),
                at=self.now,
            )  # fmt: skip
        except InvalidInput:
            assert amount < 0

    @rule(line=st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(3)]))
    def credit_line(self, line: Decimal) -> None:
        try:
            credit_line_set(workspace_id=self.account.workspace_id, amount=line, actor_id=uuid7())
        except InvalidInput:
            assert self.fresh().available < self.account.credit_line - line

    @invariant()
    def it_adds_up(self) -> None:
        assert_adds_up()
        account = self.fresh()
        assert account.balance >= -account.credit_line
        assert 0 <= account.held <= account.balance + account.credit_line


@pytest.mark.django_db
def test_any_order_of_grants_holds_settlements_releases_expiries_and_refunds_adds_up() -> None:
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, database=None,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
        ),
    )  # fmt: skip
