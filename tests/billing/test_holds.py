"""What a step may cost is kept back before it; what it cost is booked after it, once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.models import Hold
from billing.pricing import Price
from billing.services import holds
from config.lib.errors import NotEnoughCredits
from config.lib.ids import uuid7
from tests.billing.world import (
    account_with,
    assert_adds_up,
    entries,
    give,
    hold,
    kinds,
    release,
    reload,
    settle,
)

pytestmark = pytest.mark.django_db


def test_a_hold_keeps_the_worst_case_back_and_the_settlement_books_the_use() -> None:
    account, run = account_with(10), uuid7()
    assert hold(account, run, prompt=500, tokens=1500).max_tokens == 1500
    assert (reload(account).balance, account.held, account.available) == (10, 2, 8)
    assert settle(account, run, 700) == Decimal("0.7000")
    assert (reload(account).balance, account.held) == (Decimal("9.3"), 0)
    entry = entries(account)[-1]
    assert (entry.kind, entry.amount, entry.balance_after) == ("charge", Decimal("-0.7"), Decimal("9.3"))
    assert entry.run_id == run
    assert entry.price["per_1k_tokens"] == "1"
    assert_adds_up()


def test_settling_twice_charges_once() -> None:
    account, run = account_with(10), uuid7()
    hold(account, run)
    assert settle(account, run, 400) == settle(account, run, 999) == Decimal("0.4")
    assert kinds(account)[1:] == [("charge", Decimal("-0.4"))]
    assert_adds_up()


def test_opening_twice_holds_once() -> None:
    account, run = account_with(10), uuid7()
    assert hold(account, run, tokens=300) == hold(account, run, tokens=300)
    assert reload(account).held == Decimal("0.3")


def test_the_answer_is_shortened_to_what_there_is() -> None:
    account, run = account_with("0.1000"), uuid7()
    assert hold(account, run, prompt=60, tokens=1000).max_tokens == 40
    assert reload(account).available == 0
    assert settle(account, run, 100) == Decimal("0.1")
    assert_adds_up()


@pytest.mark.parametrize(("balance", "fits"), [("0.0160", True), ("0.0159", False)])
def test_room_for_fewer_than_16_tokens_is_refused_with_price_and_advice(balance: str, fits: bool) -> None:
    account, run = account_with(balance), uuid7()
    if fits:
        assert hold(account, run).max_tokens == 16
        return
    with pytest.raises(NotEnoughCredits) as refusal:
        hold(account, run)
    problem = refusal.value.problem()
    assert (problem["status"], problem["price"], problem["available"]) == (402, "0.0160", "0.0159")
    assert problem["billing_url"] == "/billing/"
    assert not Hold.objects.exists()
    assert reload(account).held == 0


def test_a_step_that_costs_nothing_needs_no_credits_and_is_booked_all_the_same() -> None:
    account, run = account_with(0), uuid7()
    free = Price(reference="custom/m", own_key=True)
    assert hold(account, run, prompt=5000, tokens=None, price=free).max_tokens is None  # type: ignore[arg-type]
    assert settle(account, run, 9000) == 0
    assert kinds(account) == [("charge", Decimal(0))]
    assert_adds_up()


def test_the_price_is_the_one_the_step_began_with() -> None:
    account, run = account_with(10), uuid7()
    hold(account, run, price=Price(reference="a", per_1k_tokens=Decimal(2)))
    hold(account, run, step="turn:2", price=Price(reference="a", per_1k_tokens=Decimal(5)))
    assert settle(account, run, 100) == Decimal("0.2")
    assert settle(account, run, 100, step="turn:2") == Decimal("0.5")


def test_what_costs_more_than_was_held_is_charged_as_far_as_it_is_there() -> None:
    account, run, other = account_with(1), uuid7(), uuid7()
    hold(account, run, tokens=100)
    hold(account, other, tokens=500)
    assert settle(account, run, 2000) == Decimal("0.5000")
    assert Hold.objects.get(run_id=run).shortfall == Decimal("1.5")
    assert settle(account, other, 500) == Decimal("0.5")
    assert reload(account).balance == 0
    assert_adds_up()


def test_a_released_hold_comes_back_and_leaves_a_line() -> None:
    account, run = account_with(10), uuid7()
    hold(account, run)
    release(account, run)
    release(account, run)
    assert (reload(account).held, account.balance) == (0, 10)
    assert kinds(account)[1:] == [("release", Decimal(0))]
    assert_adds_up()


def test_a_hold_that_nobody_renews_is_released_and_one_that_is_renewed_stays() -> None:
    account, gone, alive = account_with(10), uuid7(), uuid7()
    hold(account, gone)
    hold(account, alive)
    later = timezone.now() + timedelta(minutes=6)
    assert holds.leases_extend(run_ids=[alive], at=later) == 1
    assert holds.leases_extend(run_ids=[alive], at=later) == 0, "not written again before half of it is over"
    assert holds.holds_sweep(at=later + timedelta(minutes=5)) == 1
    assert [each.run_id for each in holds.holds_open(run_id=alive)] == [alive]
    assert holds.holds_open(run_id=gone) == []
    assert_adds_up()


def test_a_late_settlement_of_a_released_hold_is_charged() -> None:
    account, run = account_with(10), uuid7()
    hold(account, run)
    holds.holds_sweep(at=timezone.now() + timedelta(hours=1))
    assert settle(account, run, 250) == Decimal("0.25")
    assert kinds(account)[1:] == [("release", 0), ("charge", Decimal("-0.25"))]


def test_a_step_whose_hold_was_released_is_held_again() -> None:
    account, run = account_with(10), uuid7()
    hold(account, run)
    holds.holds_sweep(at=timezone.now() + timedelta(hours=1))
    again = hold(account, run)
    assert again.step == "turn:1*"
    assert reload(account).held == 1
    assert settle(account, run, 100, step=again.step) == Decimal("0.1")
    assert_adds_up()


def test_the_soonest_expiring_lot_is_spent_first() -> None:
    account, run = account_with(5), uuid7()
    now = timezone.now()
    late = give(account, 1, expires_at=now + timedelta(days=20))
    soon = give(account, 1, expires_at=now + timedelta(days=10))
    hold(account, run, tokens=1500)
    settle(account, run, 1500)
    soon.refresh_from_db()
    late.refresh_from_db()
    assert (soon.remaining, late.remaining) == (0, Decimal("0.5"))
    assert reload(account).next_expiry_at == late.expires_at
    assert entries(account)[-1].lots == {str(soon.id): "1.0000", str(late.id): "0.5000"}
    assert_adds_up()


def test_with_a_credit_line_the_balance_goes_below_zero_and_no_further() -> None:
    account, run = account_with(1), uuid7()
    account.credit_line = Decimal(2)
    account.save()
    assert hold(account, run, tokens=5000).max_tokens == 3000
    assert settle(account, run, 2500) == Decimal("2.5")
    assert reload(account).balance == Decimal("-1.5")
    assert_adds_up()
    grant = give(account, 2)
    assert (reload(account).balance, grant.remaining) == (Decimal("0.5"), Decimal("0.5"))
    assert_adds_up()
