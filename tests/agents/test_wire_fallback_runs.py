"""A run whose model fails is answered by its agent's fallback, and pays that model's price."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from agent_app.models import Agent, AgentSnapshot, Run, Span
from billing.models import Hold, LedgerEntry, Rate
from tests.agents.world import execute, followed, make_agent, make_provider, start
from tests.billing.world import assert_adds_up
from tests.cast import Cast
from tests.fakes.anthropic_wire import FakeAnthropic
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture
def claude() -> Iterator[FakeAnthropic]:
    with FakeAnthropic() as fake:
        yield fake


@pytest.fixture
def agent(cast: Cast, provider: FakeOpenAI, claude: FakeAnthropic, settings: Any) -> Agent:
    settings.BILLING_OWN_KEY = "priced"
    for reference, price in [("custom/m", "1.5"), ("anthropic/claude", "4"), ("custom/gold", "9000")]:
        Rate.objects.create(reference=reference, per_1k_tokens=Decimal(price))
    make_provider(cast.alice, provider.base_url, model_ids=["m", "gold"])
    make_provider(cast.alice, claude.base_url, type="anthropic", name="ours", model_ids=["claude"])
    return make_agent(cast.alice, model="fake/m", model_settings={"max_tokens": 100})


def run_with(cast: Cast, agent: Agent, *fallbacks: str) -> Run:
    run = start(cast.alice, agent)
    snapshot = AgentSnapshot.objects.get(id=run.snapshot_id)
    AgentSnapshot.objects.update(definition={**snapshot.definition, "fallback_models": list(fallbacks)})
    return execute(run)


def test_the_fallback_s_price_is_paid_and_the_run_names_it(
    cast: Cast, agent: Agent, provider: FakeOpenAI, claude: FakeAnthropic
) -> None:
    provider.model("m", Script(status=503))
    claude.queue(Script(deltas=("Here.",), prompt_tokens=900))
    run = run_with(cast, agent, "ours/claude")
    assert (run.status, run.output, run.model, run.turns) == ("succeeded", "Here.", "ours/claude", 1)
    holds = {hold.model: (hold.state, hold.credits) for hold in Hold.objects.filter(run_id=run.id)}
    assert holds == {"fake/m": ("released", Decimal(0)), "ours/claude": ("settled", Decimal("3.6040"))}
    (charge,) = LedgerEntry.objects.filter(run_id=run.id, kind="charge").exclude(amount=0)
    assert (-charge.amount, charge.price["reference"]) == (run.credits, "anthropic/claude")
    spans = Span.objects.filter(run=run, type="generation").order_by("started_at", "id")
    assert [(span.name, span.model, span.step, span.failed) for span in spans] == [
        *[("fake/m", "fake/m", "", True)] * 3, ("ours/claude", "ours/claude", "turn:2", False),
    ]  # fmt: skip
    (told,) = [event.payload() for event in followed(run) if event.type == "run_status"]
    assert (told["model"], run.metadata["routing"]) == (
        "ours/claude",
        [{"model": "ours/claude", "why": told["detail"]}],
    )
    assert_adds_up()


def test_each_try_is_a_span_with_its_number_error_and_wait_and_only_one_is_on_the_bill(
    cast: Cast, agent: Agent, provider: FakeOpenAI, claude: FakeAnthropic
) -> None:
    provider.queue(Script(status=503), Script(status=429, retry_after=0), Script(status=401))
    claude.queue(Script(deltas=("Here.",), prompt_tokens=900))
    run = run_with(cast, agent, "gone/away", "ours/claude")
    spans = cast.carol.api.get(f"runs/{run.id}/trace/").json()["spans"]
    tries = [span for span in spans if span["type"] == "generation"]
    first = tries[0]["id"]
    assert [(span["name"], span["details"].get("try"), span["details"].get("status")) for span in tries] == [
        ("fake/m", 1, 503), ("fake/m", 2, 429), ("fake/m", 3, 401), ("gone/away", 4, None), ("ours/claude", 5, None),
    ]  # fmt: skip
    assert ["call" in span["details"] for span in tries] == [False, True, True, True, True]
    assert {span["details"]["call"] for span in tries[1:]} == {first}
    assert [span["details"].get("wait_ms") is not None for span in tries] == [True, True, False, False, False]
    assert ["HTTP 503" in (span["error"] or {}).get("error", "") for span in tries] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert [span["cost"] for span in tries] == [*["0.0000"] * 4, f"{run.credits:.4f}"]
    assert (tries[3]["details"]["passed_over"], tries[4]["details"]["provider"]) == (True, "anthropic")
    stats = cast.carol.api.get(f"agents/{agent.id}/stats/").json()["models"]
    assert {row["model"]: (row["calls"], row["errors"], row["cost"]) for row in stats} == {
        "fake/m": (3, 3, "0.0000"), "ours/claude": (1, 0, f"{run.credits:.4f}"),
    }  # fmt: skip
    page = cast.carol.browser().get(f"/runs/{run.id}/trace/").content.decode()
    assert "Asked again after" in page and ">Try<" in page
    assert_adds_up()


def test_a_fallback_that_is_too_dear_or_gone_is_passed_over_with_the_reason(
    cast: Cast, agent: Agent, provider: FakeOpenAI, claude: FakeAnthropic
) -> None:
    provider.model("m", Script(status=401))
    run = run_with(cast, agent, "fake/gold", "gone/away", "ours/claude")
    assert (run.status, run.model) == ("succeeded", "ours/claude")
    why = run.metadata["routing"][0]["why"]
    assert "HTTP 401" in why and "credits" in why and "gone/away" in why
    assert len(provider.exchanges) == 1
    assert_adds_up()


def test_without_help_the_run_fails_with_every_reason(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.model("m", Script(status=401))
    run = run_with(cast, agent, "fake/gold")
    assert (run.status, run.reason, run.model, run.credits) == ("failed", "provider_error", "fake/m", 0)
    assert "HTTP 401" in run.error["error"] and "fake/gold:" in run.error["error"]
    assert_adds_up()


def test_an_agent_that_keeps_its_answers_gives_them_again_for_nothing(
    cast: Cast, agent: Agent, provider: FakeOpenAI
) -> None:
    body = {"model_settings": {"temperature": 0, "max_tokens": 100, "cache_ttl": 60}}
    assert cast.alice.api.patch(f"agents/{agent.id}/", body).status_code == 200
    agent.refresh_from_db()
    provider.queue(Script(deltas=("Once.",)))
    first, again = execute(start(cast.alice, agent)), execute(start(cast.alice, agent))
    assert (first.output, again.output, len(provider.exchanges)) == ("Once.", "Once.", 1)
    assert first.credits > 0
    assert (again.status, again.credits, again.prompt_tokens, again.turns) == ("succeeded", 0, 0, 1)
    assert again.metadata["routing"][0]["model"] == "fake/m"
    assert_adds_up()
