"""Agents that are called as tools bring their own guardrails and files along."""

import json
from pathlib import Path

import pytest

from agent_app.models import Agent, Message, Span
from billing.models import CreditAccount, Hold
from tests.agents.guardrails.world import MAIL, guard, guarded, provider, tripped, verdict
from tests.agents.team_world import told
from tests.agents.world import execute, followed, make_agent, start, text_of
from tests.cast import Cast
from tests.community.files_world import file_room, kept
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

__all__ = ["file_room", "provider"]

pytestmark = pytest.mark.django_db(transaction=True)

THINK = {"name": "think", "type": "llm", "params": {"prompt": "Think about {{ input }}.", "model": "fake/judge"}}


def asks(text: str, name: str = "expert") -> Script:
    return Script(tool_calls=(ToolCall(name, json.dumps({"input": text})),))


def caller(cast: Cast, expert: Agent) -> Agent:
    tool = {"name": "expert", "type": "agent", "params": {"agent_id": str(expert.id)}}
    return guarded(cast.alice, tools=[tool])


def test_what_it_is_asked_and_what_it_answers_pass_its_own_guardrails(cast: Cast, provider: FakeOpenAI) -> None:
    judge = make_agent(cast.alice, name="Judge", model="fake/judge")
    expert = guarded(
        cast.alice, guard("input", "pii", action="redact"), guard("tool_input", config={"keywords": ["bread"]}),
        guard("output", "agent", mode="parallel", config={"agent_id": str(judge.id)}),
        guard("output", "pii", action="redact"), tools=[THINK], name="Expert", model="fake/tutor",
    )  # fmt: skip
    agent = caller(cast, expert)
    provider.queue(
        asks(MAIL), asks("bread", "think"), Script(deltas=(MAIL,)), verdict(False), Script(deltas=("It said so.",))
    )
    run = execute(start(cast.alice, agent, "Ask."))
    assert (run.status, run.output, text_of(followed(run))) == ("succeeded", "It said so.", "It said so.")
    sent = [exchange.body for exchange in provider.exchanges]
    assert [each["model"] for each in sent] == ["m", "tutor", "tutor", "judge", "m"]
    assert sent[1]["messages"][-1]["content"] == "Write to [redacted]."
    assert "guardrail_tripped" in sent[2]["messages"][-1]["content"], "its tool was not called"
    assert sent[4]["messages"][-1]["content"] == "Write to [redacted]."
    assert tripped(run) == [
        ("input pii", "input", "redact"), ("tool_input keywords", "tool_input", "block"), ("output pii", "output", "redact"),
    ]  # fmt: skip
    assert [(kind, name) for kind, name, _code in told(run)] == [
        ("agent", "Porter"), ("generation", "fake/m"), ("tool", "expert"), ("agent", "Expert"), ("guardrail", "input pii"),
        ("generation", "fake/tutor"), ("tool", "think"), ("guardrail", "tool_input keywords"), ("generation", "fake/tutor"),
        ("guardrail", "output pii"), ("guardrail", "output agent"), ("generation", "fake/judge"), ("generation", "fake/m"),
    ]  # fmt: skip
    own = Span.objects.get(run=run, type="agent", name="Expert")
    assert (own.input["items"][0]["content"], own.output) == ("Write to [redacted].", "Write to [redacted].")
    assert {span.agent_id for span in Span.objects.filter(run=run, type="guardrail")} == {expert.id}
    last = Span.objects.filter(run=run, model="fake/tutor").latest("started_at")
    assert "[withheld]" in str(last.output) and "ann@" not in str(last.output)
    settled = Hold.objects.filter(run_id=run.id, state="settled").values_list("step", "model")
    assert ("check:1", "fake/judge") in settled
    assert CreditAccount.objects.get(workspace_id=run.workspace_id).held == 0
    assert Message.objects.get(id=run.user_message_id).content == "Ask.", "it is not the other agent's to change"


@pytest.mark.parametrize("stage", ["input", "output"])
def test_what_they_stop_is_told_to_the_agent_that_asks(cast: Cast, provider: FakeOpenAI, stage: str) -> None:
    stop = guard(stage, mode="parallel", config={"keywords": ["darn"], "message": "Not that."})
    expert = guarded(cast.alice, stop, name="Expert", model="fake/tutor")
    agent = caller(cast, expert)
    provider.queue(asks("darn" if stage == "input" else "bread"))
    provider.queue(*[Script(deltas=("Darn.",))] * (stage == "output"), Script(deltas=("Another time.",)))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.output) == ("succeeded", "Another time.")
    models = [exchange.body["model"] for exchange in provider.exchanges]
    assert models == (["m", "m"] if stage == "input" else ["m", "tutor", "m"])
    answered = json.loads(provider.exchanges[-1].body["messages"][-1]["content"])
    assert answered == {"error": {"code": "guardrail_tripped", "message": "Not that."}}
    assert ("agent", "Expert", "guardrail_tripped") in told(run)
    assert not Message.objects.filter(withheld=True).exists()


def test_whom_it_hands_over_to_checks_the_answer_as_well(cast: Cast, provider: FakeOpenAI) -> None:
    tutor = guarded(cast.alice, guard("output", "pii", action="redact"), name="Tutor", model="fake/judge")
    expert = guarded(
        cast.alice, guard("output", action="replace", config={"keywords": ["darn"], "replacement": "Never mind."}),
        name="Expert", model="fake/tutor", handoffs=[{"target_agent_id": str(tutor.id)}],
    )  # fmt: skip
    for said in (MAIL, "Darn."):
        provider.queue(asks("Who?"), Script(tool_calls=(ToolCall("transfer_to_tutor"),)), Script(deltas=(said,)))
    provider.queue(Script(deltas=("So.",)))
    run = execute(start(cast.alice, caller(cast, expert)))
    given = [each["content"] for each in provider.exchanges[-1].body["messages"] if each["role"] == "tool"]
    assert (run.output, given) == ("So.", ["Write to [redacted].", "Never mind."])


def test_it_is_given_its_own_files_and_the_one_that_asks_is_not(
    cast: Cast, provider: FakeOpenAI, file_room: Path
) -> None:
    expert = make_agent(cast.alice, name="Expert", model="fake/tutor")
    file = kept(cast.alice, content=b"The code word is stoat.")
    assert cast.alice.api.post(f"agents/{expert.id}/files/", {"file_id": str(file.id)}).status_code == 201
    provider.queue(asks("What is it?"), Script(deltas=("Stoat.",)), Script(deltas=("A stoat.",)))
    run = execute(start(cast.alice, caller(cast, expert)))
    assert run.output == "A stoat."
    given = {exchange.body["model"]: str(exchange.body["messages"]) for exchange in provider.exchanges}
    assert "The code word is stoat." in given["tutor"]
    assert "code word" not in given["m"]
