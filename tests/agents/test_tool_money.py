"""Loops of tools and agents on a small balance: whatever they do, each step was held before it, and nothing is overspent."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from agent_app.engine import tool_caps
from agent_app.models import Agent, Run
from billing.models import CreditAccount, Hold, LedgerEntry, Rate
from tests.agents.probe_world import ECHO, agent_with, calls, probing
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)

TEN = Decimal(10)  # credits of a new workspace


@pytest.fixture
def provider(cast: Cast, settings: Any) -> Iterator[FakeOpenAI]:
    settings.BILLING_OWN_KEY = "priced"
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url, model_ids=["m", "other"])
        yield server


def price(reference: str, **of: float) -> None:
    Rate.objects.update_or_create(
        reference=reference, defaults={name: Decimal(str(value)) for name, value in of.items()}
    )


def asks(name: str, count: int = 1, **arguments: Any) -> Script:
    text = json.dumps(arguments or {"input": "again"})
    return Script(tool_calls=tuple(ToolCall(name, text, call_id=f"c{number}") for number in range(count)))


def think(**params: Any) -> dict[str, Any]:
    return {"name": "think", "type": "llm", "params": {"prompt": "Think.", "model": "fake/other", **params}}


def settled(run: Run) -> Decimal:
    """What the run has cost, once it is sure that the books agree."""
    account = CreditAccount.objects.get(workspace_id=run.workspace_id)
    entries = LedgerEntry.objects.filter(workspace_id=run.workspace_id).aggregate(sum=Sum("amount"))["sum"]
    assert (account.held, account.balance) == (0, entries)
    assert account.balance >= 0
    assert not Hold.objects.filter(run_id=run.id, state="open").exists()
    assert TEN - account.balance == run.credits
    return run.credits


def test_a_loop_of_priced_models_ends_with_the_balance_and_never_below(cast: Cast, provider: FakeOpenAI) -> None:
    """Eight calls side by side in every turn, of a model that says more than it was allowed to at the end."""
    price("custom/m", per_1k_tokens=0.5)
    price("custom/other", per_1k_tokens=2)
    provider.model("m", asks("think", 8))
    provider.model("other", Script(tokens=900))
    run = execute(start(cast.alice, agent_with(cast.alice, think(max_tokens=1000), model_settings={"max_tokens": 200})))
    assert (run.status, run.reason) == ("partial", "credits")
    assert settled(run) > 8
    held = Hold.objects.filter(run_id=run.id, amount__gt=0)
    assert held.count() >= len(provider.exchanges), "nothing was asked that was not held"
    asked = [exchange.body["max_tokens"] for exchange in provider.exchanges if exchange.body["model"] == "other"]
    assert set(asked) <= set(held.values_list("max_tokens", flat=True))


def test_a_model_as_a_tool_is_asked_for_no_more_than_can_be_paid(cast: Cast, provider: FakeOpenAI) -> None:
    price("custom/other", per_1k_tokens=10)
    provider.queue(asks("think"), Script(deltas=("Hm.",)), Script(deltas=("Done.",)))
    run = execute(start(cast.alice, agent_with(cast.alice, think(max_tokens=100_000))))
    assert run.status == "succeeded"
    asked = provider.exchanges[1].body
    assert (asked["model"], 16 <= asked["max_tokens"] < 1000) == ("other", True), "a thousand tokens are ten credits"
    settled(run)


@pytest.mark.parametrize("kind", ["llm", "agent", "image"])
def test_what_cannot_be_paid_for_is_not_begun(cast: Cast, provider: FakeOpenAI, kind: str) -> None:
    price("custom/other", per_1k_tokens=900_000)
    price("tool/image", per_call=11)
    other = make_agent(cast.alice, name="Other", model="fake/other")
    tool = {
        "llm": think(),
        "agent": {"name": "think", "type": "agent", "params": {"agent_id": str(other.id)}},
        "image": {"name": "think", "type": "image", "params": {"model": "fake/other"}},
    }[kind]
    provider.queue(asks("think", **({"prompt": "a stoat"} if kind == "image" else {})))
    run = execute(start(cast.alice, agent_with(cast.alice, tool)))
    assert (run.status, run.reason) == ("partial", "credits")
    assert [exchange.body["model"] for exchange in provider.exchanges] == ["m"]
    assert 0 < settled(run) < Decimal("0.1")
    assert list(Hold.objects.filter(run_id=run.id, state="settled").values_list("step", flat=True)) == ["turn:1"]


def test_a_run_has_an_end_of_calls_whoever_makes_them(
    cast: Cast, provider: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Agents that call agents share the run's calls."""
    monkeypatch.setattr(tool_caps, "MOST_CALLS", 5)
    with probing() as probe:
        inner: Agent = agent_with(cast.alice, ECHO, name="Inner", model="fake/other")
        outer = agent_with(cast.alice, {"name": "inner", "type": "agent", "params": {"agent_id": str(inner.id)}})
        provider.queue(asks("inner"), asks("echo", 9, text="again"), Script(deltas=("In.",)), Script(deltas=("Out.",)))
        run = execute(start(cast.alice, outer))
        assert (run.status, run.output, len(probe.calls)) == ("succeeded", "Out.", 4)
    assert [code for _text, _status, code in calls(run)].count("max_calls") == 5
