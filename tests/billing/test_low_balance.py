"""Who runs low is told: once each time, at a fifth of the last grant and at a number of their own."""

from decimal import Decimal
from typing import Any

import pytest

from billing.events import CreditsAdded, CreditsLow
from billing.models import CreditAccount, LowBalance
from billing.services.accounts import account_open, notice_set
from config.lib import events
from config.lib.errors import Forbidden, InvalidInput
from config.lib.ids import uuid7
from tests.agents.world import actor_of
from tests.billing.world import account_with, give, hold, reload, settle
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def spend(account: CreditAccount, tokens: int) -> None:
    run = uuid7()
    hold(account, run, tokens=tokens)
    settle(account, run, tokens)


def noted(account: CreditAccount) -> list[tuple[str, Decimal, bool]]:
    rows = LowBalance.objects.filter(account=account).order_by("id")
    return [(row.kind, row.balance, row.ended_at is None) for row in rows]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> list[object]:
    heard: list[object] = []
    monkeypatch.setattr(events, "publish", heard.append)
    return heard


def test_each_crossing_is_noted_once(told: list[object]) -> None:
    account = account_with(10)
    spend(account, 8000)
    assert noted(account) == [], "a fifth is not below a fifth"
    spend(account, 500)
    spend(account, 500)
    assert noted(account) == [("grant", Decimal("1.5"), True)]
    give(account, 5)
    assert noted(account) == [("grant", Decimal("1.5"), False)]
    spend(account, 5500)
    assert noted(account)[1:] == [("grant", Decimal("0.5"), True)]
    low = [event for event in told if isinstance(event, CreditsLow)]
    assert [(event.kind, event.threshold) for event in low] == [("grant", Decimal(2)), ("grant", Decimal(1))]
    assert [event.amount for event in told if isinstance(event, CreditsAdded)] == [10, 5]


def test_the_owner_chooses_a_number(cast: Cast) -> None:
    account = account_open(workspace_id=cast.alice.workspace_id)
    notice_set(actor=actor_of(cast.alice), threshold="9.5")
    spend(account, 600)
    assert noted(account) == [("chosen", Decimal("9.4"), True)]
    notice_set(actor=actor_of(cast.alice), threshold="")
    assert noted(account) == [("chosen", Decimal("9.4"), False)]
    assert reload(account).notice_at is None
    with pytest.raises(Forbidden):
        notice_set(actor=actor_of(cast.bob), threshold="1")
    for wrong in ("-1", "NaN", "0", "1.00001", "many"):
        with pytest.raises(InvalidInput):
            notice_set(actor=actor_of(cast.alice), threshold=wrong)


@pytest.mark.parametrize(
    ("left", "words"), [("5", ""), ("1", "Credits are running low."), ("0", "There are no credits left.")]
)
def test_every_page_says_so(cast: Cast, left: str, words: str) -> None:
    account = account_open(workspace_id=cast.alice.workspace_id)
    spend(account, 10000 - int(left) * 1000)
    for person in (cast.alice, cast.carol):
        page = person.browser().get("/").content.decode()
        assert ("low-balance" in page) == bool(words)
        assert words in page
        assert "data-balance" in page
        assert ('href="/billing/"' in page) == (person is cast.alice), "the ledger is the owner's"


def test_with_credits_turned_off_no_page_says_anything(cast: Cast, settings: Any) -> None:
    settings.BILLING_MODE = "off"
    page = cast.alice.browser().get("/").content.decode()
    assert "data-balance" not in page and "low-balance" not in page and "/billing/" not in page
