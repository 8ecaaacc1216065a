"""Credits that come in, are taken back, are given back, and corrected."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing import limits
from billing.models import CreditAccount, Grant, LedgerEntry, Plan
from billing.pricing import amount_of
from billing.services import grants
from billing.services.accounts import account_open, accounts_sweep, credit_line_set, plan_set
from community.models import AuditEntry, Workspace
from config.lib.errors import Conflict, InvalidInput, NotFound
from config.lib.ids import uuid7
from tests.billing.world import account_with, assert_adds_up, empty_account, entries, give, hold, kinds, reload, settle
from tests.cast import make_user

pytestmark = pytest.mark.django_db
STAFF = uuid7()


def adjust(account: CreditAccount, amount: object, key: str = "k", reason: str = "a mistake of ours") -> LedgerEntry:
    return grants.credits_adjust(
        workspace_id=account.workspace_id, amount=amount, reason=reason, actor_id=STAFF, key=key,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    "amount", ["0", "-1", "NaN", "sNaN", "Infinity", "-Infinity", "1e30", "0.00001", "1.23456", "", "ten", None, True, [], "1e-9999"]
)  # fmt: skip
def test_what_is_no_amount_is_refused_and_nothing_changes(amount: Any) -> None:
    account = account_with(1)
    with pytest.raises(InvalidInput):
        grants.grant_add(workspace_id=account.workspace_id, amount=amount, source="gift", key="k")
    with pytest.raises(InvalidInput):
        grants.grant_claw_back(grant_id=Grant.objects.get(account=account).id, amount=amount, key="k")
    if amount != "-1":
        with pytest.raises(InvalidInput):
            adjust(account, amount)
    assert len(entries(account)) == 1
    assert_adds_up()


@pytest.mark.parametrize(
    ("written", "amount"), [("5", "5.0000"), (" 0.0001 ", "0.0001"), (Decimal("1E+2"), "100.0000")]
)
def test_amounts_have_four_places(written: Any, amount: str) -> None:
    assert str(amount_of(written)) == amount


def test_no_account_can_overflow() -> None:
    account = account_with("100000000")
    with pytest.raises(InvalidInput):
        give(account, "0.0001")
    assert_adds_up()


def test_one_key_gives_once_whatever_it_says_the_second_time() -> None:
    account = account_with(0)
    assert give(account, 7, key="payment-1").id == give(account, 9, key="payment-1").id
    assert reload(account).balance == 7


def test_taking_back_goes_to_its_own_lot_first_down_to_nothing_and_notes_the_rest() -> None:
    account, run = account_with(2), uuid7()
    bought = give(account, 5)
    hold(account, run, tokens=1000)
    entry = grants.grant_claw_back(grant_id=bought.id, amount=Decimal(4), key="dispute-1", note="disputed")
    bought.refresh_from_db()
    assert (entry.amount, bought.remaining) == (-4, 1)
    assert grants.grant_claw_back(grant_id=bought.id, amount=Decimal(4), key="dispute-1").id == entry.id
    rest = grants.grant_claw_back(grant_id=bought.id, amount=Decimal(9), key="dispute-2", note="disputed")
    assert rest.amount == -2, "what a run holds stays"
    assert "7.0000" in rest.note
    assert (reload(account).balance, account.held) == (1, 1)
    assert_adds_up()
    settle(account, run, 1000)
    assert_adds_up()


def test_a_charge_is_given_back_once_and_never_more_than_it_was() -> None:
    account, run = account_with(3), uuid7()
    hold(account, run, tokens=2000)
    settle(account, run, 2000)
    charge = entries(account)[-1]
    grants.charge_refund(entry_id=charge.id, amount=Decimal("0.5"), key="r1")
    grants.charge_refund(entry_id=charge.id, amount=Decimal("0.5"), key="r1")
    assert reload(account).balance == Decimal("1.5")
    with pytest.raises(Conflict):
        grants.charge_refund(entry_id=charge.id, amount=Decimal("1.6"), key="r2")
    grants.charge_refund(entry_id=charge.id, key="r3")
    with pytest.raises(Conflict):
        grants.charge_refund(entry_id=charge.id, key="r4")
    with pytest.raises(NotFound):
        grants.charge_refund(entry_id=uuid7(), key="r5")
    assert reload(account).balance == 3
    assert_adds_up()


def test_staff_correct_up_and_down_with_a_reason_that_is_audited() -> None:
    account = account_with(1)
    adjust(account, Decimal("2.5"), "up")
    adjust(account, Decimal("2.5"), "up")
    entry = adjust(account, Decimal("-3.5"), "down")
    assert (entry.kind, entry.note, entry.actor_id) == ("adjustment", "a mistake of ours", STAFF)
    assert reload(account).balance == 0
    with pytest.raises(InvalidInput):
        adjust(account, Decimal("-0.0001"), "too much")
    with pytest.raises(InvalidInput):
        adjust(account, Decimal(1), "no reason", reason="  ")
    audited = AuditEntry.objects.filter(action="billing.adjusted")
    assert [each.after["amount"] for each in audited.order_by("id")] == ["2.5000", "-3.5000"]
    assert_adds_up()


def test_a_correction_is_not_taken_for_another_one() -> None:
    """The form sent again says what it did; with other numbers, or for another account, it does nothing and says so."""
    account, other = account_with(1), account_with(2)
    first = adjust(account, Decimal("2.5"))
    assert adjust(account, "2.50").id == first.id
    for target, amount in ((account, 3), (account, "-2.5"), (other, "2.5")):
        with pytest.raises(Conflict):
            adjust(target, amount)
    assert (reload(account).balance, reload(other).balance) == (Decimal("3.5"), 2)
    assert AuditEntry.objects.filter(action="billing.adjusted").count() == 1
    assert_adds_up()


def test_a_credit_line_cannot_be_lowered_under_what_is_drawn() -> None:
    account, run = account_with(0), uuid7()
    credit_line_set(workspace_id=account.workspace_id, amount=Decimal(5), actor_id=STAFF)
    hold(account, run, tokens=3000)
    settle(account, run, 3000)
    with pytest.raises(InvalidInput):
        credit_line_set(workspace_id=account.workspace_id, amount=Decimal(2), actor_id=STAFF)
    credit_line_set(workspace_id=account.workspace_id, amount=Decimal(3), actor_id=STAFF)
    assert (reload(account).balance, account.available) == (-3, 0)
    assert_adds_up()


def test_the_ten_credits_come_once_to_a_persons_own_workspace_and_last_thirty_days() -> None:
    user = make_user("erin")
    account = account_open(workspace_id=user.personal_workspace.id)
    account_open(workspace_id=user.personal_workspace.id)
    assert kinds(account) == [("grant", Decimal(10))]
    lot = Grant.objects.get(account=account)
    assert lot.expires_at is not None
    assert (lot.source, round((lot.expires_at - lot.created_at) / timedelta(days=1))) == ("signup", 30)
    assert kinds(empty_account()) == [], "a second workspace brings none"


def test_where_addresses_must_be_verified_the_credits_wait(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    user = make_user("erin")
    account = account_open(workspace_id=user.personal_workspace.id)
    assert (kinds(account), accounts_sweep()) == ([], 0)
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    assert accounts_sweep() == 1
    assert kinds(account) == [("grant", Decimal(10))]


def test_the_sweep_finds_what_an_event_was_lost_for() -> None:
    user = make_user("erin")
    CreditAccount.objects.all().delete()
    Workspace.objects.exclude(id=user.personal_workspace.id).delete()
    assert accounts_sweep() == 1
    assert kinds(CreditAccount.objects.get()) == [("grant", Decimal(10))]
    assert accounts_sweep() == 0


def test_staff_set_a_plan_without_stripe_and_its_limits_hold() -> None:
    account = account_with(0)
    assert limits.get(account.workspace_id, "concurrent_runs") == 5
    plan_set(workspace_id=account.workspace_id, plan=Plan.objects.get(slug="pro"), actor_id=STAFF)
    assert limits.get(account.workspace_id, "concurrent_runs") == 50
    assert limits.get(account.workspace_id, "members") == 20
    assert AuditEntry.objects.filter(action="billing.plan_set").exists()


def test_the_database_refuses_to_change_an_entry() -> None:
    account = account_with(1)
    for attack in (
        lambda: LedgerEntry.objects.update(amount=99),
        lambda: LedgerEntry.objects.all().delete(),
        lambda: connection.cursor().execute("UPDATE billing_ledgerentry SET note = 'x'"),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            attack()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_ledgerentry ENABLE TRIGGER billing_ledger_not_emptied")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE billing_ledgerentry")
    assert len(entries(account)) == 1


@pytest.mark.parametrize(
    "attack",
    ["balance = -0.0001", "held = 1.0001", "held = -1", "credit_line = -1", "balance = balance - 2", "notice_at = 0"],
)
def test_the_database_refuses_a_balance_that_cannot_be(attack: str) -> None:
    account = account_with(1)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE billing_creditaccount SET {attack} WHERE id = %s", [account.id])  # noqa: S608


@pytest.mark.parametrize("attack", ["remaining = -1", "remaining = amount + 1", "source = 'theft'"])
def test_the_database_refuses_a_lot_that_cannot_be(attack: str) -> None:
    account_with(1)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE billing_grant SET {attack}")  # noqa: S608
