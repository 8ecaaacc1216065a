"""Who signs up has ten credits at once; staff help on."""

from decimal import Decimal
from typing import Any

import pytest
from allauth.account.models import EmailConfirmationHMAC
from django.test import Client

from billing.models import CreditAccount, LedgerEntry, Plan, Rate
from billing.services.accounts import account_open
from community.models import AuditEntry, User
from config.lib.ids import uuid7
from tests.billing.world import account_with, assert_adds_up, hold, reload, settle
from tests.cast import PASSWORD, Api, Cast, fresh_address


@pytest.mark.django_db(transaction=True)
def test_account_and_credits_are_there_before_register_answers(anyone: Api) -> None:
    email = fresh_address("erin")
    answer = anyone.post("auth/register/", {"email": email, "password": PASSWORD, "name": "Erin"})
    assert answer.status_code == 201
    program = Api()
    program.headers["Authorization"] = f"Bearer {answer.json()['access']}"
    balance = program.get("credits/balance/").json()
    assert (balance["available"], [lot["amount"] for lot in balance["expiring"]]) == ("10.0000", ["10.0000"])
    assert program.post("workspaces/", {"name": "Second"}).status_code == 201
    assert program.get("credits/balance/").json()["available"] == "0.0000"
    assert_adds_up()


@pytest.mark.django_db(transaction=True)
def test_a_confirmed_address_brings_the_credits_where_it_must_be_confirmed(anyone: Api, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    email = fresh_address("erin")
    anyone.post("auth/register/", {"email": email, "password": PASSWORD, "name": "Erin"})
    user = User.objects.get(email=email)
    account = CreditAccount.objects.get(workspace=user.personal_workspace)
    assert account.balance == 0
    address = user.emailaddress_set.get()
    Client().post(f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/")
    assert reload(account).balance == 10


def staff_of(cast: Cast) -> Client:
    User.objects.filter(id=cast.dave.user.id).update(is_staff=True, is_superuser=True)
    return cast.dave.browser()


@pytest.mark.django_db
def test_staff_correct_a_balance_with_a_reason(cast: Cast) -> None:
    account = account_open(workspace_id=cast.alice.workspace_id)
    browser = staff_of(cast)
    page = browser.get(f"/admin/billing/creditaccount/{account.id}/change/")
    assert f"/admin/billing/creditaccount/{account.id}/adjust/" in page.content.decode()
    form = {"amount": "2.5", "reason": "a broken run", "key": str(uuid7())}
    for _ in range(2):  # sent twice by an impatient hand
        assert browser.post(f"/admin/billing/creditaccount/{account.id}/adjust/", form).status_code == 302
    assert reload(account).balance == Decimal("12.5")
    entry = LedgerEntry.objects.latest("number")
    assert (entry.kind, entry.note, entry.actor_id) == ("adjustment", "a broken run", cast.dave.user.id)
    assert AuditEntry.objects.filter(action="billing.adjusted", actor_id=cast.dave.user.id).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [{"amount": "NaN"}, {"amount": "0"}, {"amount": "-11"}, {"amount": "0.00001"}, {"reason": ""}, {"key": "x"}],
)
def test_a_wrong_correction_changes_nothing(cast: Cast, wrong: dict[str, str]) -> None:
    account = account_open(workspace_id=cast.alice.workspace_id)
    form = {"amount": "1", "reason": "because", "key": str(uuid7())} | wrong
    answer = staff_of(cast).post(f"/admin/billing/creditaccount/{account.id}/adjust/", form)
    assert answer.status_code == 200
    assert reload(account).balance == 10


@pytest.mark.django_db
def test_only_staff_correct(cast: Cast) -> None:
    account = account_open(workspace_id=cast.alice.workspace_id)
    for person in (cast.alice, cast.dave):
        form = {"amount": "1", "reason": "because", "key": str(uuid7())}
        answer = person.browser().post(f"/admin/billing/creditaccount/{account.id}/adjust/", form)
        assert answer.status_code in (302, 403)
    assert reload(account).balance == 10


@pytest.mark.django_db
def test_staff_set_plan_credit_line_and_prices_in_the_admin(cast: Cast) -> None:
    account, browser = account_open(workspace_id=cast.alice.workspace_id), staff_of(cast)
    basic = Plan.objects.get(slug="basic")
    browser.post(f"/admin/billing/creditaccount/{account.id}/change/", {"plan": str(basic.id), "credit_line": "50"})
    assert (reload(account).plan_id, account.credit_line, account.available) == (basic.id, 50, 60)
    rate = Rate.objects.get(reference="*gpt-4*")
    form = {"reference": rate.reference, "label": rate.label, "per_1k_tokens": "2.75", "per_call": "0"}
    assert browser.post(f"/admin/billing/rate/{rate.id}/change/", form).status_code == 302
    rate.refresh_from_db()
    assert rate.per_1k_tokens == Decimal("2.75")
    actions = set(AuditEntry.objects.filter(actor_id=cast.dave.user.id).values_list("action", flat=True))
    assert {"billing.plan_set", "billing.credit_line_set", "billing.rate_saved"} <= actions


@pytest.mark.django_db
@pytest.mark.parametrize("model", ["ledgerentry", "grant", "hold", "lowbalance", "plan", "rate", "creditaccount"])
def test_staff_see_every_part_and_change_no_entry(cast: Cast, model: str) -> None:
    account = account_with(5)
    hold(account, run := uuid7())
    settle(account, run, 100)
    browser = staff_of(cast)
    assert browser.get(f"/admin/billing/{model}/").status_code == 200
    if model in ("ledgerentry", "grant", "hold", "lowbalance"):
        assert browser.get(f"/admin/billing/{model}/add/").status_code == 403
