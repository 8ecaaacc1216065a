"""Credits that expire: never spent after, never taken from under a run that holds them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing.services import grants
from config.lib.errors import InvalidInput, NotEnoughCredits
from config.lib.ids import uuid7
from tests.billing.world import account_with, assert_adds_up, entries, give, hold, kinds, release, reload, settle

pytestmark = pytest.mark.django_db
BEFORE = datetime(2030, 5, 1, tzinfo=UTC)
EXPIRY = BEFORE + timedelta(days=1)
AFTER = EXPIRY + timedelta(seconds=1)


def test_what_has_expired_is_booked_out_once() -> None:
    account = account_with(5, at=BEFORE)
    lot = give(account, 3, expires_at=EXPIRY, at=BEFORE)
    assert grants.lots_expire(at=EXPIRY - timedelta(microseconds=1)) == 0
    assert grants.lots_expire(at=EXPIRY) == 3
    assert grants.lots_expire(at=AFTER) == 0
    last = entries(account)[-1]
    assert (last.kind, last.amount, last.grant_id) == ("expiry", -3, lot.id)
    assert (reload(account).balance, account.next_expiry_at) == (5, None)
    assert_adds_up()


def test_a_hold_after_the_expiry_finds_nothing_though_no_beat_has_passed() -> None:
    account = account_with(1, expires_at=EXPIRY, at=BEFORE)
    hold(account, uuid7(), tokens=100, at=BEFORE)
    with pytest.raises(NotEnoughCredits):
        hold(account, uuid7(), tokens=100, at=AFTER)
    assert_adds_up()


def test_what_was_held_before_the_expiry_may_be_used_after_it() -> None:
    account, run = account_with(1, expires_at=EXPIRY, at=BEFORE), uuid7()
    hold(account, run, tokens=400, at=BEFORE)
    assert grants.lots_expire(at=AFTER) == Decimal("0.6"), "what no run holds"
    assert (reload(account).balance, account.available) == (Decimal("0.4"), 0)
    assert_adds_up()
    assert settle(account, run, 300, at=AFTER) == Decimal("0.3")
    assert reload(account).balance == 0, "the rest has expired with the settlement"
    assert kinds(account)[1:] == [
        ("expiry", Decimal("-0.6")), ("charge", Decimal("-0.3")), ("expiry", Decimal("-0.1")),
    ]  # fmt: skip
    assert_adds_up()


def test_what_was_held_and_released_after_the_expiry_is_gone() -> None:
    account, run = account_with(1, expires_at=EXPIRY, at=BEFORE), uuid7()
    hold(account, run, tokens=400, at=BEFORE)
    release(account, run, at=AFTER)
    assert (reload(account).balance, account.held) == (0, 0)
    assert_adds_up()


def test_a_settlement_dearer_than_its_hold_takes_nothing_that_has_expired() -> None:
    account, run = account_with(1, expires_at=EXPIRY, at=BEFORE), uuid7()
    hold(account, run, tokens=400, at=BEFORE)
    assert settle(account, run, 900, at=AFTER) == Decimal("0.4")
    assert reload(account).balance == 0
    assert_adds_up()


def test_a_later_grant_covers_a_hold_on_an_expired_lot() -> None:
    account, run = account_with(1, expires_at=EXPIRY, at=BEFORE), uuid7()
    hold(account, run, tokens=400, at=BEFORE)
    give(account, 2, at=AFTER)
    assert reload(account).available == 2
    grants.lots_expire(at=AFTER)
    assert (reload(account).balance, account.held) == (2, Decimal("0.4"))
    settle(account, run, 400, at=AFTER)
    assert reload(account).balance == Decimal("1.6")
    assert_adds_up()


def test_a_lot_that_is_over_already_is_refused() -> None:
    account = account_with(0)
    with pytest.raises(InvalidInput):
        give(account, 1, expires_at=BEFORE, at=AFTER)
    assert entries(account) == []
