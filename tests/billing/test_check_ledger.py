"""``check_ledger`` finds nothing where nothing is wrong, and each wrong that can be done to the rows."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from billing import invariants
from config.lib.ids import uuid7
from tests.billing.world import account_with, hold, release, settle

pytestmark = pytest.mark.django_db

WRONGS = {
    "UPDATE billing_creditaccount SET balance = balance + 1": "the sum of an account's entries is its balance",
    "UPDATE billing_creditaccount SET entries = entries + 1": "the sum of an account's entries is its balance",
    "UPDATE billing_creditaccount SET held = held + 1": "what an account has held is the sum of its open holds",
    "UPDATE billing_grant SET remaining = remaining - 1": "what remains of a lot is what its entries left",
    "DELETE FROM billing_hold WHERE state = 'settled'": "every charge has its settled hold",
    "UPDATE billing_hold SET credits = credits + 1 WHERE state = 'settled'": (
        "every closed hold has the one entry that booked its cost"
    ),
    "UPDATE billing_hold SET state = 'released' WHERE state = 'open'": (
        "every closed hold has the one entry that booked its cost"
    ),
    "UPDATE billing_ledgerentry SET amount = amount - 1 WHERE kind = 'charge'": (
        "entries are numbered without gap and each says the balance after it"
    ),
    "DELETE FROM billing_ledgerentry WHERE kind = 'release'": (
        "entries are numbered without gap and each says the balance after it"
    ),
    "DELETE FROM billing_ledgerentry WHERE kind = 'grant'": "every lot has the one entry that granted it",
    "UPDATE billing_ledgerentry SET lots = '{}' WHERE kind = 'charge'": "what remains of a lot is what its entries left",
}


def busy() -> None:
    account = account_with(10)
    for step in ("a", "b", "c"):
        hold(account, uuid7(), step=step)
    runs = [uuid7(), uuid7()]
    for run in runs:
        hold(account, run)
    release(account, runs[0])
    settle(account, runs[1], 500)


def check() -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("check_ledger", stdout=said)
    except SystemExit as end:
        return int(str(end.code)), said.getvalue()
    return 0, said.getvalue()


def test_a_busy_ledger_adds_up() -> None:
    busy()
    code, said = check()
    assert code == 0
    assert said.count("ok      ") == len(invariants.INVARIANTS)
    assert "BROKEN" not in said


@pytest.mark.parametrize("wrong", WRONGS)
def test_it_finds(wrong: str) -> None:
    busy()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_ledgerentry DISABLE TRIGGER USER")
        cursor.execute(wrong)
    code, said = check()
    assert code == 1
    assert f"BROKEN  {WRONGS[wrong]}" in said


def test_every_invariant_is_broken_by_some_test() -> None:
    guarded = set(WRONGS.values()) | {
        "what remains of an account's lots is its balance (nothing, where the balance is below zero)",  # with the others
        "no account holds or owes more than its balance and its credit line allow",  # the database refuses it
    }
    assert guarded == set(invariants.INVARIANTS)
