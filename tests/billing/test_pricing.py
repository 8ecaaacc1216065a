"""What things cost: one rounding a call, half up, and the price that fits a name best."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import rates
from billing.models import Rate
from billing.pricing import Price
from billing.services.rates import rate_delete, rate_save
from community.models import AuditEntry
from config.lib.ids import uuid7
from tests.billing.world import account_with, assert_adds_up, entries, hold, reload, settle

TINY = Price(reference="tiny", per_1k_tokens=Decimal("0.05"))


@pytest.mark.parametrize(
    ("per_1k", "tokens", "cost"),
    [("0.5", 0, "0.0000"), ("0.05", 1, "0.0001"), ("0.04", 1, "0.0000"), ("0.0499", 1, "0.0000"), ("3", 1, "0.0030"),
     ("1.5", 333, "0.4995"), ("0.02", 7, "0.0001"), ("5", 1_000_000, "5000.0000")],
)  # fmt: skip
def test_a_call_is_rounded_once_half_up(per_1k: str, tokens: int, cost: str) -> None:
    assert str(Price(reference="x", per_1k_tokens=Decimal(per_1k)).cost(tokens)) == cost


@given(
    per_1k=st.decimals(min_value=0, max_value=10, places=4), tokens=st.integers(0, 10**7), calls=st.integers(0, 3),
    per_call=st.decimals(min_value=0, max_value=5, places=4),
)  # fmt: skip
def test_no_call_is_off_by_more_than_half_a_unit(per_1k: Decimal, tokens: int, calls: int, per_call: Decimal) -> None:
    cost = Price(reference="x", per_1k_tokens=per_1k, per_call=per_call).cost(tokens, calls)
    exact = Fraction(per_1k) * tokens / 1000 + Fraction(per_call) * calls
    assert -Fraction(1, 20000) <= exact - Fraction(cost) < Fraction(1, 20000)  # a half is rounded up


def test_a_hundred_thousand_tiny_charges_are_what_they_are() -> None:
    costs = [TINY.cost(1) for _ in range(100_000)]
    assert sum(costs) == Decimal("10.0000")
    assert TINY.cost(100_000) == Decimal("5.0000"), "a call is the unit of rounding, and the price list says so"


@pytest.mark.django_db
def test_tiny_charges_add_up_in_the_ledger() -> None:
    account, run = account_with(1), uuid7()
    for number in range(300):
        hold(account, run, step=f"turn:{number}", price=TINY, tokens=20)
        settle(account, run, 1, step=f"turn:{number}")
    assert reload(account).balance == Decimal("0.9700")
    assert len(entries(account)) == 301
    assert_adds_up()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reference", "price"),
    [
        ("local/smollm2-135m-instruct", "0.5"), ("openai/gpt-3.5-turbo", "1"), ("openai/gpt-3.5-turbo-0125", "1"),
        ("openai/gpt-4o", "3"), ("openai/gpt-4-0613", "3"), ("anthropic/claude-3-5-haiku-latest", "2"),
        ("anthropic/claude-sonnet-4-5", "3"), ("Anthropic/Claude-Opus-4-1", "5"), ("google/gemini-1.5-pro-002", "1.5"),
        ("google/gemini-ultra", "4"), ("huggingface/HuggingFaceH4/zephyr-7b", "0.5"), ("custom/llama_3.1-8b", "0.5"),
        ("custom/somebodys-own", "3"), ("embedding/local/minilm", "0"), ("embedding/openai/text-embedding-3-small", "0.02"),
    ],
)  # fmt: skip
def test_the_price_list(reference: str, price: str) -> None:
    found = rates.price_of(reference)
    assert (found.per_1k_tokens, found.per_call) == (Decimal(price), 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tool", "per_call", "per_1k"),
    [
        ("web_search", "2", "0"),
        ("file_search", "1", "0.5"),
        ("computer", "3", "0"),
        ("image", "2", "0"),
        ("function", "0", "0"),
    ],
)
def test_the_price_list_of_tools(tool: str, per_call: str, per_1k: str) -> None:
    found = rates.price_of(f"tool/{tool}")
    assert (found.per_call, found.per_1k_tokens) == (Decimal(per_call), Decimal(per_1k))


@pytest.mark.django_db
def test_a_file_search_costs_its_call_and_its_context() -> None:
    assert rates.price_of("tool/file_search").cost(804) == Decimal("1.4020")


@pytest.mark.django_db
def test_an_exact_price_beats_its_class_and_special_characters_mean_nothing() -> None:
    Rate.objects.create(reference="custom/a_b%c\\d", per_1k_tokens=9)
    assert rates.price_of("custom/a_b%c\\d").per_1k_tokens == 9
    assert rates.price_of("custom/aXbYc\\d").per_1k_tokens == 3
    Rate.objects.create(reference="custom/a_b*", per_1k_tokens=7)
    assert rates.price_of("custom/a_bcd").per_1k_tokens == 7
    assert rates.price_of("custom/axbcd").per_1k_tokens == 3


@pytest.mark.django_db
def test_with_ones_own_key_tokens_are_free_and_calls_are_not(settings: Any) -> None:
    Rate.objects.create(reference="custom/both", per_1k_tokens=9, per_call=2)
    found = rates.price_of("custom/both", own_key=True)
    assert (found.per_1k_tokens, found.per_call) == (0, 2)
    settings.BILLING_OWN_KEY = "priced"
    assert rates.price_of("custom/both", own_key=True).per_1k_tokens == 9


@pytest.mark.django_db
def test_a_changed_price_is_audited() -> None:
    staff = uuid7()
    rate = rate_save(rate=Rate(reference=" Custom/New ", per_1k_tokens=Decimal(1)), actor_id=staff)
    rate.per_1k_tokens = Decimal(2)
    rate_save(rate=rate, actor_id=staff)
    rate_delete(rate=rate, actor_id=staff)
    audited = AuditEntry.objects.filter(object_type="rate", actor_id=staff).order_by("id")
    assert [(each.before.get("per_1k_tokens"), each.after.get("per_1k_tokens")) for each in audited] == [
        (None, "1"), ("1.0000", "2"), ("2", None),
    ]  # fmt: skip
    assert rate.reference == "custom/new"
