"""Many at once, on the real PostgreSQL: nobody spends what another has held, and every credit is accounted for."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from billing.models import CreditAccount, Hold, LedgerEntry
from billing.services import grants
from billing.services.accounts import account_open
from config.lib.errors import NotEnoughCredits
from config.lib.ids import uuid7
from tests.billing.world import account_with, assert_adds_up, entries, give, hold, release, reload, settle

pytestmark = pytest.mark.django_db(transaction=True)
RUNS = 50


def at_once(work: Callable[[int], Any], count: int = RUNS) -> list[Any]:
    """``work(0)`` … at the same moment, each on a thread and a connection of its own."""
    ready = threading.Barrier(count)

    def begin(number: int) -> Any:
        try:
            connection.ensure_connection()
            ready.wait(60)
            return work(number)
        except Exception as error:  # noqa: BLE001  # the test looks at what went wrong
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_fifty_runs_on_a_nearly_empty_account_never_overspend() -> None:
    account = account_with("1.0000")
    runs = [uuid7() for _ in range(RUNS)]
    held = at_once(lambda number: hold(account, runs[number], prompt=100, tokens=100))
    won = [number for number, answer in enumerate(held) if not isinstance(answer, Exception)]
    assert len(won) == 5, "exactly as many as there are credits for"
    assert {type(answer) for number, answer in enumerate(held) if number not in won} == {NotEnoughCredits}
    assert (reload(account).held, account.available) == (1, 0)
    settled = at_once(lambda number: settle(account, runs[number], 150), RUNS)
    assert sum(cost for cost in settled if isinstance(cost, Decimal)) == Decimal("0.75")
    assert (reload(account).balance, account.held) == (Decimal("0.25"), 0)
    assert_adds_up()


def test_a_step_settled_by_many_at_once_is_charged_once() -> None:
    account, run = account_with(10), uuid7()
    hold(account, run)
    answers = at_once(lambda _number: settle(account, run, 400), 12)
    assert answers == [Decimal("0.4")] * 12
    assert [entry.kind for entry in entries(account)] == ["grant", "charge"]
    assert_adds_up()


def test_settled_and_released_at_once_is_one_of_both_or_charged_late() -> None:
    account, run = account_with(10), uuid7()
    hold(account, run)
    at_once(lambda number: release(account, run) if number % 2 else settle(account, run, 400), 10)
    assert (reload(account).balance, account.held) == (Decimal("9.6"), 0)
    assert_adds_up()


def test_a_grant_with_one_key_is_given_once() -> None:
    account = account_with(0)
    answers = at_once(lambda _number: give(account, 7, key="the-same").id, 12)
    assert len(set(answers)) == 1, answers
    assert reload(account).balance == 7
    assert_adds_up()


def test_an_account_is_opened_once() -> None:
    account = account_with(0)
    CreditAccount.objects.filter(id=account.id).delete()
    answers = at_once(lambda _number: account_open(workspace_id=account.workspace_id).id, 12)
    assert len(set(answers)) == 1, answers


def test_everything_at_once_adds_up() -> None:
    account = account_with(3)
    first = give(account, 2)
    seeds = [uuid7() for _ in range(RUNS)]

    def muddle(number: int) -> str:
        chance = random.Random(number)
        run = seeds[number]
        for turn in range(4):
            step = f"turn:{turn + 1}"
            try:
                hold(account, run, prompt=chance.randrange(200), tokens=chance.randrange(16, 800), step=step)
            except NotEnoughCredits:
                if not chance.randrange(3):
                    give(account, "0.3000")
                continue
            match chance.randrange(6):
                case 0:
                    release(account, run, step=step)
                case 1:
                    grants.grant_claw_back(grant_id=first.id, amount=Decimal("0.05"), key=f"{run}:{turn}")
                    settle(account, run, 50, step=step)
                case _:
                    settle(account, run, chance.randrange(1200), step=step)
        return "done"

    assert at_once(muddle) == ["done"] * RUNS
    account = reload(account)
    assert account.held == 0
    assert account.balance >= 0
    assert not Hold.objects.filter(state="open").exists()
    assert LedgerEntry.objects.filter(account=account).count() == account.entries
    assert_adds_up()


def test_two_accounts_do_not_touch_each_other() -> None:
    accounts = [account_with(1), account_with(1)]
    runs: list[UUID] = [uuid7() for _ in range(20)]
    at_once(lambda number: hold(accounts[number % 2], runs[number], tokens=200), 20)
    assert [(reload(each).held, each.available) for each in accounts] == [(1, 0), (1, 0)]
    assert_adds_up()
