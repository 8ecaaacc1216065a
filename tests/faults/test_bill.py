"""A worker dies at the worst moment for money: everything used is booked once, and the ledger adds up."""

import json
import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.benchmarks.stack import Child, Person, Stack
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall
from tests.faults.conftest import MODEL, World

WORDS = ("one ", "two ", "three ", "four")
HELD = Script(deltas=WORDS, hold_after=2)
WHOLE = Script(deltas=WORDS)


@pytest.fixture(scope="module")
def priced(stack: Stack) -> Iterator[Stack]:
    """The stack, whose new workers charge for tokens bought with one's own key too."""
    before = dict(stack.variables)
    stack.variables["BILLING_OWN_KEY"] = "priced"
    stack.children["web"].stop()
    stack.start("web")
    yield stack
    stack.variables = before
    stack.children["web"].stop()
    stack.start("web")


@pytest.fixture
def world(priced: Stack, alice: Person, provider: FakeOpenAI, workers: list[Child]) -> Iterator[World]:
    for worker in workers:  # those of other files do not charge
        worker.kill()
    workers.clear()
    name = f"fake-{time.time_ns()}"
    alice.provider(provider.base_url, [MODEL], name=name)
    world = World(priced, alice, provider, alice.agent(f"{name}/{MODEL}"), workers)
    yield world
    for follower in world.followers:
        follower.stop()
    for exchange in provider.exchanges:
        exchange.release()
    for worker in workers:
        worker.kill()
    workers.clear()


def check_bill(world: World, run_id: str, attempts: int) -> None:
    """One charge for each attempt, what the run says is their sum, nothing is held, and the ledger adds up."""
    charges = world.rows(
        "SELECT amount FROM billing_ledgerentry WHERE run_id = %s AND kind = 'charge' ORDER BY number", run_id
    )
    assert len(charges) == attempts
    assert all(row["amount"] < 0 for row in charges)
    assert world.run(run_id)["usage"]["credits"] == f"{-sum(row['amount'] for row in charges):.4f}"
    assert world.person.request("GET", "/credits/balance/", expect=200).json()["held"] == "0.0000"
    assert "BROKEN" not in world.stack.manage("check_ledger")


def test_a_worker_killed_in_mid_answer_is_paid_for_once_and_so_is_the_next(world: World) -> None:
    world.provider.queue(HELD, WHOLE)
    world.start_workers(2)
    follower = world.start()
    follower.wait_text("one two ")
    world.owner(follower.run_id).kill()
    world.lose(follower.run_id)
    assert follower.wait_end()["status"] == "succeeded"
    world.check_ended(follower)
    check_bill(world, follower.run_id, attempts=2)


def test_a_worker_killed_between_the_answer_and_its_settlement_is_paid_for(world: World) -> None:
    """The whole answer has come and the end cannot be stored, since the test holds the run's row: then the worker dies."""
    world.provider.queue(HELD, WHOLE)
    world.start_workers(2)
    follower = world.start()
    follower.wait_text("one two ")
    owner = world.owner(follower.run_id)
    with psycopg.connect(world.stack.urls["DATABASE_URL"]) as held:
        held.execute("SELECT 1 FROM agents_run WHERE id = %s FOR UPDATE", [follower.run_id])
        world.provider.exchanges[0].release()
        follower.wait_text("".join(WORDS))
        assert world.provider.wait_end(world.provider.exchanges[0]) == "complete"
        owner.kill()
        held.rollback()
    world.lose(follower.run_id)
    assert follower.wait_end()["status"] == "succeeded"
    world.check_ended(follower)
    check_bill(world, follower.run_id, attempts=2)


def test_a_call_that_was_approved_within_another_is_made_once_whoever_is_killed_afterwards(world: World) -> None:
    """One worker dies in the call, right after somebody has allowed it, the next one in the model call that comes after it."""
    model = world.person.request("GET", f"/agents/{world.agent_id}/", expect=200).json()["model"]
    clerk, payer = world.person.agent(model, "Clerk"), world.person.agent(model, "Payer")
    for agent_id, name, target, approval in (
        (clerk, "pay", payer, "always"),
        (world.agent_id, "clerk", clerk, "never"),
    ):
        tool = {"name": name, "type": "agent", "params": {"agent_id": target}, "approval": approval}
        world.person.create(f"/agents/{agent_id}/tools/", tool)

    def asks(name: str, text: str) -> Script:
        return Script(tool_calls=(ToolCall(name, json.dumps({"input": text})),))

    world.provider.queue(
        asks("clerk", "the bill"), asks("pay", "Pay ten."), HELD, HELD, Script(deltas=("Nobody knows.",)), WHOLE
    )
    world.start_workers(3)
    follower = world.start()
    asked = follower.wait_type("approval_required").data
    world.wait(lambda: world.run(follower.run_id)["status"] == "waiting")
    answer = {"call_id": asked["call_id"], "decision": "approve"}
    world.person.request("POST", f"/runs/{follower.run_id}/decisions/", answer, expect=200)
    for request in (3, 4):
        world.provider.wait_request(request, deltas=2)
        world.owner(follower.run_id).kill()
        world.lose(follower.run_id)
    assert follower.wait_end()["status"] == "succeeded"
    assert world.check_ended(follower)["output"] == "".join(WORDS)
    given = [each.body["messages"] for each in world.provider.exchanges]
    assert [messages[-1]["content"] for messages in given].count("Pay ten.") == 1, "it is not paid twice"
    told = [messages[-1]["content"] for messages in given if messages[-1]["role"] == "tool"]
    assert [json.loads(text)["error"]["code"] for text in told[:2]] == ["outcome_unknown"] * 2, "and the clerk is told"
    assert (told[2], len(given)) == ("Nobody knows.", 6)
    calls = world.rows(
        "SELECT tool_name, status, call_id FROM agents_toolcall WHERE run_id = %s ORDER BY id", follower.run_id
    )
    assert [(row["tool_name"], row["status"]) for row in calls] == [("clerk", "succeeded"), ("pay", "unknown")]
    assert asked["within"] == [calls[0]["call_id"]]
    check_bill(world, follower.run_id, attempts=6)
    trace = world.person.request("GET", f"/runs/{follower.run_id}/trace/", expect=200).json()["spans"]
    assert all(span["ended_at"] for span in trace)
    assert [span["name"] for span in trace if span["type"] in ("agent", "approval")] == ["Bench", "Clerk", "pay"]
