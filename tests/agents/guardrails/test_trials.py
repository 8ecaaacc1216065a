"""Trying judges: outside any run, on the workspace's bill, and not without end."""

from decimal import Decimal
from typing import Any

import pytest

from agent_app.guardrails import trial
from agent_app.models import Agent, Run, Span
from billing.models import CreditAccount, Hold, Rate
from tests.agents.guardrails.world import guard, guarded, provider, verdict
from tests.agents.world import make_agent
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

__all__ = ["provider"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(cast: Cast, provider: FakeOpenAI, settings: Any) -> Agent:
    settings.BILLING_OWN_KEY = "priced"
    Rate.objects.create(reference="custom/judge", per_1k_tokens=Decimal(10))
    judge = make_agent(cast.alice, name="Judge", model="fake/judge", instructions="For {{ user.name }}: no homework.")
    strict = guard("input", "agent", name="Strict", config={"agent_id": str(judge.id)})
    return guarded(cast.alice, guard("input", "pii", action="redact"), strict)


def account(agent: Agent) -> CreditAccount:
    return CreditAccount.objects.get(workspace_id=agent.workspace_id)


def test_a_judge_is_asked_and_paid_for_as_in_a_run_of_which_nothing_stays(
    cast: Cast, provider: FakeOpenAI, agent: Agent
) -> None:
    provider.queue(verdict(True, prompt_tokens=90))
    before = account(agent).balance
    found = cast.bob.api.post(f"agents/{agent.id}/guardrails/test/", {"text": "Mail ann@example.org 2+2?"}).json()
    private, strict = found["results"]
    assert (found["blocked"], private["tripped"], strict["tripped"]) == (True, True, True)
    assert (strict["info"], strict["failed"], strict["duration_ms"] > 0) == ({"reason": "because"}, False, True)
    [exchange] = provider.exchanges
    assert exchange.body["messages"][0]["content"] == "For Bob: no homework."
    assert "Mail [redacted] 2+2?" in exchange.body["messages"][1]["content"]
    [hold] = Hold.objects.filter(workspace_id=agent.workspace_id)
    assert (hold.state, hold.model, hold.prompt_tokens, hold.actor_id) == (
        "settled",
        "fake/judge",
        90,
        cast.bob.user.id,
    )
    now = account(agent)
    assert (now.held, before - now.balance, f"{hold.credits:.4f}") == (0, hold.credits, found["credits"])
    assert hold.credits >= Decimal("0.9")
    assert not Run.objects.exists() and not Span.objects.exists()


def test_what_cannot_be_paid_for_is_not_asked(cast: Cast, provider: FakeOpenAI, agent: Agent) -> None:
    Rate.objects.update(per_1k_tokens=Decimal(900_000))
    answer = cast.bob.api.post(f"agents/{agent.id}/guardrails/test/", {"text": "Hello"})
    assert (answer.status_code, answer.json()["code"]) == (402, "credits")
    assert (provider.exchanges, account(agent).held) == ([], 0)


def test_a_judge_that_fails_lets_nothing_through_and_costs_nothing(
    cast: Cast, provider: FakeOpenAI, agent: Agent
) -> None:
    provider.queue(Script(status=400, message="Not today."))
    found = cast.bob.api.post(f"agents/{agent.id}/guardrails/test/", {"text": "Hello"}).json()
    assert (found["blocked"], found["results"][1]["failed"], found["credits"]) == (True, True, "0.0000")
    assert "Not today." in found["results"][1]["message"]
    Agent.objects.filter(name="Judge").update(status="archived")
    found = cast.bob.api.post(f"agents/{agent.id}/guardrails/test/", {"text": "Hello"}).json()
    assert "archived" in found["results"][1]["message"]
    assert (account(agent).held, len(provider.exchanges)) == (0, 1)


@pytest.mark.usefixtures("one_window")
def test_trials_are_counted_by_themselves_and_end_in_time(
    cast: Cast, provider: FakeOpenAI, agent: Agent, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.THROTTLE_TRIALS = 0
    provider.queue(verdict(False, hold_after=0))  # it never comes
    path = f"agents/{agent.id}/guardrails/test/"
    for seconds in (0.3, 3, 30):  # longer where the machine is too busy to ask the judge meanwhile
        monkeypatch.setattr(trial, "SECONDS", seconds)
        found = cast.bob.api.post(path, {"text": "Hello"}).json()
        assert found["results"][1]["failed"]
        assert account(agent).held == 0
        if provider.exchanges:
            break
    settings.THROTTLE_TRIALS, settings.THROTTLE_RUNS = 1, 1
    browser = cast.bob.browser()
    provider.queue(verdict(False))
    monkeypatch.setattr(trial, "SECONDS", 90)
    page = browser.post(f"/agents/{agent.id}/guardrails/try/", {"text": "Hello", "type": ""}).content.decode()
    assert ("Asking has cost" in page, len(provider.exchanges)) == (True, 2)
    third = cast.bob.api.post(path, {"text": "Hello"})
    assert (third.status_code, int(third.headers["Retry-After"]) > 0) == (429, True)
    assert cast.alice.api.post(path, {"text": "Hello", "type": "output"}).status_code == 200, "it is Bob who waits"
