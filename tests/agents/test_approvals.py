"""Runs that ask people before a tool is called: they wait without a worker, and go on with another."""

from collections.abc import Iterator
from decimal import Decimal

import orjson
import pytest

from agent_app.models import Approval, RunCheckpoint, Span, ToolCall
from billing.models import CreditAccount, Hold, Rate
from billing.services.holds import run_usage
from tests.agents.approval_world import FREE, GATED, asks, decided, given, waiting
from tests.agents.probe_world import Probe, agent_with, calls, probing
from tests.agents.world import execute, followed, make_provider, stored, text_of
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider(cast: Cast) -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url, model_ids=["m", "other"])
        yield server


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


def test_an_approved_call_is_made_by_another_worker_and_readers_see_one_answer(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    Rate.objects.create(reference="tool/probe", per_call=Decimal("1.5"))
    run = waiting(cast.alice, provider)
    assert probe.calls == []
    assert (run.lease_expires_at, run.turns) == (None, 1)
    account = CreditAccount.objects.get(workspace_id=run.workspace_id)
    assert (account.held, Hold.objects.filter(state="open").exists()) == (0, False), "nothing is held while it waits"
    sealed = [RunCheckpoint.objects.get().state_encrypted, Approval.objects.get().arguments_encrypted]
    assert not [text for text in sealed if "pay" in text or "echo" in text]
    [asked] = cast.alice.api.get(f"runs/{run.id}/").json()["approvals"]
    assert (asked["tool_name"], asked["arguments"], asked["agent_name"]) == ("echo", {"text": "pay"}, "Porter")
    assert (asked["prompt"], asked["permissions"]) == ("Porter asks to call echo.", ["reads_untrusted"])
    provider.queue(Script(deltas=("Paid.",)))
    assert decided(cast.bob, run).status == "queued"
    run = execute(run)
    assert (run.status, run.output, run.turns, run.attempt) == ("succeeded", "Let me see. Paid.", 2, 2)
    assert (probe.calls, given(provider)) == ([{"text": "pay"}], ['{"said":"pay"}'])
    assert len(provider.exchanges) == 2, "the model is not asked the same again"
    told = followed(run)
    assert [event.seq for event in told] == list(range(1, run.last_seq + 1))
    assert text_of(told) == "Let me see. Paid."
    kinds = [event.type for event in told if "delta" not in event.type]
    assert kinds == [
        "conversation_started", "run_started", "approval_required", "run_status", "approval_decided", "run_status",
        "tool_use_start", "tool_use_complete", "message_complete", "run_finished",
    ]  # fmt: skip
    assert [event.data.decode() for event in told] == [row.data for row in stored(run)]
    said = next(event.payload() for event in told if event.type == "approval_decided")
    assert (said["decision"], said["decided_by"]) == ("approve", cast.bob.user.display_name)
    account.refresh_from_db()
    assert (account.held, run.credits) == (0, run_usage(run_id=run.id).credits)
    assert not RunCheckpoint.objects.exists()
    span = Span.objects.get(type="approval")
    row = Approval.objects.get()
    assert (span.started_at, span.ended_at, span.output["by"]) == (row.created_at, row.decided_at, said["decided_by"])
    assert Span.objects.get(id=span.parent_id).type == "agent"
    assert row.arguments_encrypted == ""
    assert run.waited_s > 0
    assert run.execution_time < run.waited_s + 60


def test_a_rejected_call_is_not_made_and_the_model_is_told_why(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    run = waiting(cast.alice, provider)
    provider.queue(Script(deltas=("Then not.",)))
    run = execute(decided(cast.alice, run, "reject", reason="Too dear."))
    assert (run.status, run.output, probe.calls) == ("succeeded", "Let me see. Then not.", [])
    error = orjson.loads(given(provider)[0])["error"]
    assert (error["code"], "Too dear." in error["message"]) == ("rejected", True)
    assert calls(run) == [("pay", "refused", "rejected")]


def test_an_edited_call_is_made_with_the_new_arguments_and_both_are_kept(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    run = waiting(cast.alice, provider)
    provider.queue(Script(deltas=("Done.",)))
    run = execute(decided(cast.alice, run, "edit", arguments={"text": "pay less"}))
    assert (run.status, probe.calls) == ("succeeded", [{"text": "pay less"}])
    row = Approval.objects.get()
    assert (row.arguments, row.decided_arguments) == ({"text": "pay"}, {"text": "pay less"})
    assert ToolCall.objects.get().arguments == {"text": "pay less"}


def test_calls_that_need_nobody_are_made_and_the_run_waits_for_all_others(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    agent = agent_with(cast.alice, GATED, FREE)
    run = waiting(cast.alice, provider, ("echo", "one"), ("free", "look"), ("echo", "two"), agent=agent)
    assert probe.calls == [{"text": "look"}]
    assert decided(cast.alice, run, call=0).status == "waiting"
    assert [each["arguments"]["text"] for each in cast.alice.api.get(f"runs/{run.id}/").json()["approvals"]] == ["two"]
    assert decided(cast.alice, run, "reject", call=1).status == "queued"
    provider.queue(Script(deltas=("Done.",)))
    run = execute(run)
    assert (run.status, [each["text"] for each in probe.calls]) == ("succeeded", ["look", "one"])
    first, looked, second = given(provider)
    assert (first, looked) == ('{"said":"one"}', '{"said":"look"}')
    assert orjson.loads(second)["error"]["code"] == "rejected"


def test_always_allows_the_tool_for_the_rest_of_the_run_and_for_what_waits(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    agent = agent_with(cast.alice, GATED, {**GATED, "name": "other"})
    run = waiting(cast.alice, provider, ("echo", "one"), ("echo", "two"), agent=agent)
    assert decided(cast.alice, run, "always").status == "queued"
    provider.queue(asks(("echo", "three")), asks(("other", "four")))
    run = execute(run)
    assert (run.status, [each["text"] for each in probe.calls]) == ("waiting", ["one", "two", "three"])
    assert Approval.objects.filter(run=run).pending().get().tool_name == "other"
    provider.queue(Script(deltas=("Done.",)))
    assert execute(decided(cast.alice, run, "approve", call=2)).status == "succeeded"
    again = waiting(cast.alice, provider, agent=agent)
    assert again.status == "waiting", "another run is asked again"
