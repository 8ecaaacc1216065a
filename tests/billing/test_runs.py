"""A run pays for what it used: what the run says, the ledger says."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from agent_app.engine import tokens
from agent_app.models import Agent, Message, Run
from agent_app.runs import charges as run_charges
from agent_app.runs import claims, lifecycle, reaper
from agent_app.runs.registry import ModelCall, RunFailure, Usage
from billing.models import CreditAccount, Hold, LedgerEntry, Rate
from billing.services.grants import credits_adjust
from config.lib.errors import NotEnoughCredits
from tests.agents.world import execute, followed, make_agent, make_provider, start
from tests.billing.world import assert_adds_up
from tests.cast import Cast, Person
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Fault, Script

pytestmark = pytest.mark.django_db(transaction=True)
PRICE = Decimal("1.5")  # credits for 1,000 tokens
WORDS = ("one ", "two ", "three")


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def agent(cast: Cast, provider: FakeOpenAI, settings: Any) -> Agent:
    settings.BILLING_OWN_KEY = "priced"
    Rate.objects.create(reference="custom/m", per_1k_tokens=PRICE)
    make_provider(cast.alice, provider.base_url)
    return make_agent(cast.alice, model="fake/m", instructions="Be kind.", model_settings={"max_tokens": 1000})


def account_of(person: Person) -> CreditAccount:
    return CreditAccount.objects.get(workspace_id=person.workspace_id)


def leave(person: Person, amount: str) -> None:
    """Take all but ``amount`` away."""
    account = account_of(person)
    credits_adjust(
        workspace_id=person.workspace_id, amount=Decimal(amount) - account.balance, reason="test", actor_id=person.user.id,
        key="leave",
    )  # fmt: skip


def charges(run: Run) -> list[Decimal]:
    return [-entry.amount for entry in LedgerEntry.objects.filter(run_id=run.id, kind="charge").order_by("number")]


def test_the_run_the_event_the_message_and_the_ledger_say_the_same(
    cast: Cast, agent: Agent, provider: FakeOpenAI
) -> None:
    provider.queue(Script(deltas=WORDS, prompt_tokens=397, cached_tokens=90))
    run = start(cast.alice, agent)
    account = account_of(cast.alice)
    assert account.balance == 10, "who signs up has ten credits"
    assert account.held > Decimal("1.5"), "the worst case is held before the run is queued"
    run = execute(run)
    cost = Decimal("0.6000")  # 400 tokens
    assert (run.status, run.credits, charges(run)) == ("succeeded", cost, [cost])
    assert LedgerEntry.objects.get(run_id=run.id).actor_id == cast.alice.user.id
    complete = next(event.payload() for event in followed(run) if event.type == "message_complete")
    assert complete["usage"]["credits"] == "0.6000"
    assert Message.objects.get(id=run.message_id).usage["credits"] == "0.6000"
    answer = cast.carol.api.get(f"runs/{run.id}/").json()
    assert answer["usage"]["credits"] == "0.6000"
    balance = cast.carol.api.get("credits/balance/").json()
    assert (balance["balance"], balance["held"], balance["available"]) == ("9.4000", "0.0000", "9.4000")
    assert_adds_up()


def test_with_the_workspaces_own_key_tokens_cost_nothing(
    cast: Cast, agent: Agent, provider: FakeOpenAI, settings: Any
) -> None:
    settings.BILLING_OWN_KEY = "free"
    leave(cast.alice, "0.0000") if account_of(cast.alice).balance else None
    run = execute(start(cast.alice, agent))
    assert (run.status, run.credits, charges(run)) == ("succeeded", 0, [0])
    assert provider.exchanges[0].body["max_tokens"] == 1000
    assert_adds_up()


def test_without_credits_nothing_is_queued_and_the_answer_helps(cast: Cast, agent: Agent) -> None:
    leave(cast.alice, "0.0100")
    answer = cast.bob.api.post(f"agents/{agent.id}/run/", {"message": "Hello"})
    assert answer.status_code == 402
    problem = answer.json()
    assert (problem["code"], problem["available"], problem["billing_url"]) == ("credits", "0.0100", "/billing/")
    assert Decimal(problem["price"]) > Decimal("0.01")
    assert not Run.objects.exists() and not Message.objects.exists()
    assert_adds_up()


def test_a_staff_grant_gets_one_on(cast: Cast, agent: Agent) -> None:
    leave(cast.alice, "0.0100")
    with pytest.raises(NotEnoughCredits):
        start(cast.alice, agent)
    credits_adjust(
        workspace_id=cast.alice.workspace_id, amount=Decimal(5), reason="sorry", actor_id=cast.dave.user.id, key="k"
    )
    assert execute(start(cast.alice, agent)).status == "succeeded"


def test_the_answer_is_as_long_as_the_credits_reach(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    leave(cast.alice, "0.1000")
    provider.queue(Script(deltas=WORDS, finish_reason="length"))
    run = execute(start(cast.alice, agent))
    assert 16 <= provider.exchanges[0].body["max_tokens"] < 66
    assert (run.status, run.reason) == ("partial", "max_tokens")
    assert_adds_up()


def test_a_builder_cannot_ask_for_more_than_was_held(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    Agent.objects.update(model_settings={"max_tokens": 50, "additional_params": {"max_completion_tokens": 900, "n": 7}})
    agent.refresh_from_db()
    execute(start(cast.alice, agent))
    body = provider.exchanges[0].body
    assert (body["max_completion_tokens"], body.get("max_tokens"), body.get("n")) == (50, None, None)


def test_what_the_provider_refused_costs_nothing(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    Rate.objects.update(per_call=Decimal("0.5"))
    provider.model("m", Script(status=500, message="no"))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.credits, account_of(cast.alice).held) == ("failed", 0, 0)
    assert_adds_up()


def test_a_provider_that_does_not_count_is_counted(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=WORDS, fault=Fault.DROP, after=3))
    run = execute(start(cast.alice, agent))
    hold = Hold.objects.get(run_id=run.id)
    assert (hold.exact, hold.completion_tokens) == (False, tokens.estimate("".join(WORDS)))
    assert run.credits == hold.credits > 0
    assert_adds_up()


def test_a_cancelled_queued_run_gives_everything_back(cast: Cast, agent: Agent) -> None:
    run = lifecycle.cancel(start(cast.alice, agent))
    assert (run.status, run.credits) == ("cancelled", 0)
    account = account_of(cast.alice)
    assert (account.balance, account.held) == (10, 0)
    assert_adds_up()


def claimed(run: Run) -> Run:
    claim = claims.claim(run.id, "gone:1")
    assert claim is not None
    return claim.run


def lose_worker(run: Run) -> int:
    """A worker that took the run is gone."""
    attempt = claimed(run).attempt
    Run.objects.filter(id=run.id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    return attempt


def test_every_attempt_is_paid_for_once(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=WORDS, prompt_tokens=17))
    run = start(cast.alice, agent)
    counted = Hold.objects.get().prompt_tokens
    lose_worker(run)
    assert reaper.reap() == 1
    run = execute(run)
    lost, last = Hold.objects.filter(run_id=run.id).order_by("attempt")
    assert (lost.state, lost.exact, lost.prompt_tokens, lost.completion_tokens) == ("settled", False, counted, 0)
    assert (last.attempt, last.exact, last.prompt_tokens, last.completion_tokens) == (2, True, 17, 3)
    assert run.prompt_tokens == counted + 17
    assert run.credits == lost.credits + last.credits == sum(charges(run))
    assert reaper.reap() == 0
    assert_adds_up()


def test_a_run_that_lost_all_its_workers_pays_for_each(cast: Cast, agent: Agent) -> None:
    run = start(cast.alice, agent)
    Run.objects.filter(id=run.id).update(takeovers=F("takeovers") + 5)
    lose_worker(run)
    assert reaper.reap() == 1
    run.refresh_from_db()
    assert (run.reason, len(charges(run)), run.credits) == ("worker_lost", 1, sum(charges(run)))
    assert account_of(cast.alice).held == 0
    assert_adds_up()


def test_who_comes_too_late_holds_nothing(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    """A step asked for on another thread, while the run ended on this one, would hold credits that nobody gives back."""
    provider.queue(Script(deltas=WORDS))
    ended = execute(start(cast.alice, agent))
    waiting = claimed(start(cast.alice, agent))
    Run.objects.filter(id=waiting.id).update(status="waiting")
    taken = claimed(start(cast.alice, agent))
    Run.objects.filter(id=taken.id).update(attempt=taken.attempt + 1)
    for run in (ended, waiting, taken):
        before = account_of(cast.alice).held
        call = ModelCall(rate="custom/m", own_key=True, prompt_tokens=lambda: 10, max_tokens=50)
        with pytest.raises(RunFailure, match="does not have the run"):
            run_charges.open_next(run, "turn:9", call, {"turn:1": Usage(prompt_tokens=9)}, 0)
        assert account_of(cast.alice).held == before, run.status
    assert_adds_up()


def test_a_refused_extension_ends_the_run_partial(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    run = start(cast.alice, agent)
    lose_worker(run)
    reaper.reap()
    CreditAccount.objects.update(credit_line=0)
    Rate.objects.filter(reference="custom/m").update(per_1k_tokens=9000)
    run = execute(run)
    assert (run.status, run.reason, len(provider.exchanges)) == ("partial", "credits", 0)
    assert "credits" in run.error["error"]
    assert account_of(cast.alice).held == 0
    assert_adds_up()


def test_a_price_change_during_a_run_changes_the_next_one_only(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=WORDS, prompt_tokens=397), Script(deltas=WORDS, prompt_tokens=397))
    first = start(cast.alice, agent)
    Rate.objects.filter(reference="custom/m").update(per_1k_tokens=3)
    second = start(cast.alice, agent)
    assert (execute(first).credits, execute(second).credits) == (Decimal("0.6"), Decimal("1.2"))
    prices = [entry.price["per_1k_tokens"] for entry in LedgerEntry.objects.filter(kind="charge").order_by("number")]
    assert prices == ["1.5000", "3.0000"]


def test_a_renewed_lease_renews_the_holds(cast: Cast, agent: Agent) -> None:
    run = start(cast.alice, agent)
    claim = claims.claim(run.id, "here:1")
    assert claim is not None
    Hold.objects.update(lease_expires_at=timezone.now() + timedelta(seconds=5))
    assert claims.keep({run.id: claim.run.attempt}) == {run.id: False}
    assert Hold.objects.get().lease_expires_at > timezone.now() + timedelta(minutes=9)


def test_a_queued_runs_holds_are_kept_too(cast: Cast, agent: Agent) -> None:
    start(cast.alice, agent)
    Hold.objects.update(lease_expires_at=timezone.now() + timedelta(seconds=5))
    reaper.reap()
    assert Hold.objects.get().lease_expires_at > timezone.now() + timedelta(minutes=9)


def test_with_credits_turned_off_everything_runs_and_nothing_is_booked(cast: Cast, agent: Agent, settings: Any) -> None:
    leave(cast.alice, "0.0000")
    before = LedgerEntry.objects.count()
    settings.BILLING_MODE = "off"
    run = execute(start(cast.alice, agent))
    assert (run.status, run.credits, run.completion_tokens) == ("succeeded", 0, 5)
    assert LedgerEntry.objects.count() == before
    for path in ("credits/balance/", "credits/history/"):
        assert cast.alice.api.get(path).status_code == 404
    assert cast.alice.browser().get("/billing/").status_code == 404
