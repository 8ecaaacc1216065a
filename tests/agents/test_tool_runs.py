"""Runs that call tools: what the model is given, what readers see, what is kept and paid."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
import pytest

from agent_app.models import Agent, Run, ToolCall
from agent_app.tools.registry import CallContext
from billing.models import CreditAccount, Hold, Rate
from tests.agents.probe_world import ECHO, Probe, agent_with, calls, probing
from tests.agents.team_world import definition_of, start_as, told
from tests.agents.world import execute, followed, make_agent, start, text_of
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


def asks(*arguments: Any, name: str = "echo", **more: Any) -> Script:
    """The model calls a tool, once for each of ``arguments``."""
    called = [each if isinstance(each, str) else orjson.dumps(each).decode() for each in arguments]
    return Script(tool_calls=tuple(Asked(name, text, call_id=f"c{n}") for n, text in enumerate(called)), **more)


def given(provider: FakeOpenAI, turn: int) -> list[str]:
    """What the tools answered, as the model of that turn was given it."""
    return [each["content"] for each in provider.exchanges[turn].body["messages"] if each["role"] == "tool"]


def error_in(text: str) -> str:
    return str(orjson.loads(text)["error"]["code"])


@pytest.mark.parametrize(("before", "after", "said"), [
    ("I look.", "It is.", "I look.\n\nIt is."), ("I look. ", "It is.", "I look. It is."), ("I look.", " It is.", "I look. It is."),
    ("", "It is.", "It is."), ("I look.", "", "I look."),
])  # fmt: skip
def test_what_is_said_after_a_tool_does_not_stick_to_what_was_said_before(
    cast: Cast, provider: FakeOpenAI, probe: Probe, before: str, after: str, said: str
) -> None:
    provider.queue(asks({"text": "x"}, deltas=(before,)), Script(deltas=(after[:3], after[3:])))
    run = execute(start(cast.alice, agent_with(cast.alice, ECHO)))
    assert (run.output, text_of(followed(run))) == (said, said)


def test_a_call_reaches_the_tool_the_model_the_reader_and_the_record(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    agent = agent_with(cast.alice, {**ECHO, "description": "Says it again."})
    provider.queue(asks({"text": "hello"}, deltas=("Let me see. ",)), Script(deltas=("It said hello.",)))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.output, run.turns) == ("succeeded", "Let me see. It said hello.", 2)
    [offered] = provider.exchanges[0].body["tools"]
    assert (offered["function"]["name"], offered["function"]["description"]) == ("echo", "Says it again.")
    assert probe.calls == [{"text": "hello"}]
    assert given(provider, 1) == ['{"said":"hello"}']
    seen = [event.payload() for event in followed(run) if event.type.startswith("tool_use")]
    assert [event["type"] for event in seen] == ["tool_use_start", "tool_use_complete"]
    assert (seen[0]["tool_name"], seen[0]["arguments"]) == ("echo", {"text": "hello"})
    assert (seen[1]["call_id"], seen[1]["result"], seen[1]["is_error"]) == (
        seen[0]["call_id"],
        {"said": "hello"},
        False,
    )
    assert isinstance(seen[1]["duration_ms"], int)
    row = ToolCall.objects.get(run=run)
    assert row.call_id == seen[0]["call_id"]
    assert (row.status, row.arguments, row.result, row.details) == (
        "succeeded", {"text": "hello"}, '{"said":"hello"}', {"through": "echo"},
    )  # fmt: skip
    assert (row.agent_id, row.tool_type, row.attempt, row.ended_at is not None) == (agent.id, "probe", 1, True)
    assert told(run) == [
        ("agent", "Porter", ""), ("generation", "fake/m", ""), ("tool", "echo", ""), ("generation", "fake/m", ""),
    ]  # fmt: skip
    [context] = probe.contexts
    assert (context.run_id, context.workspace_id, context.values["message"]) == (run.id, run.workspace_id, "Hello")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [("{", "invalid_arguments"), ("[]", "invalid_arguments"), ({"text": 3}, "invalid_arguments"), ({}, "invalid_arguments"),
     ({"text": "x", "more": 1}, "invalid_arguments"), ('{"text": "a\\u0000"}', "invalid_arguments"), ({"text": "fail"}, "no_luck")],
)  # fmt: skip
def test_what_goes_wrong_is_told_to_the_model_in_one_form(
    cast: Cast, provider: FakeOpenAI, probe: Probe, arguments: Any, code: str
) -> None:
    provider.queue(asks(arguments), Script(deltas=("Sorry.",)))
    run = execute(start(cast.alice, agent_with(cast.alice, ECHO)))
    assert (run.status, run.output) == ("succeeded", "Sorry.")
    [text] = given(provider, 1)
    assert error_in(text) == code
    assert [row[1:] for row in calls(run)] == [("failed" if code == "no_luck" else "refused", code)]
    assert len(probe.calls) == (1 if code == "no_luck" else 0)
    [done] = [event.payload() for event in followed(run) if event.type == "tool_use_complete"]
    assert (done["is_error"], done["result"]["error"]["code"]) == (True, code)
    assert ("tool", "echo", code) in told(run)


def test_calls_side_by_side_with_the_same_id_are_told_apart(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    same = Script(tool_calls=(Asked("echo", '{"text": "a"}', call_id="x"),))
    provider.queue(same, same, asks({"text": "b"}, {"text": "c"}), Script(deltas=("Done.",)))
    run = execute(start(cast.alice, agent_with(cast.alice, ECHO)))
    assert run.output == "Done."
    assert sorted(calls(run)) == [(text, "succeeded", "") for text in ("a", "a", "b", "c")]
    assert ToolCall.objects.values("call_id").distinct().count() == 4


def test_a_tool_is_called_as_often_as_it_may_be(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    provider.queue(asks({"text": "1"}), asks({"text": "2"}), asks({"text": "3"}), Script(deltas=("Enough.",)))
    run = execute(start(cast.alice, agent_with(cast.alice, {**ECHO, "max_calls": 2})))
    assert (run.output, len(probe.calls)) == ("Enough.", 2)
    assert error_in(given(provider, 3)[-1]) == "max_calls"


def test_a_slow_tool_is_ended_in_its_time_and_a_broken_one_says_nothing_of_itself(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    ended: list[str] = []

    async def slow(arguments: dict[str, Any], _context: CallContext) -> Any:
        if arguments["text"] == "break":
            raise ValueError("the password is swordfish")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    probe.act = slow
    provider.queue(asks({"text": "a"}, {"text": "break"}), Script(deltas=("Well.",)))
    run = execute(start(cast.alice, agent_with(cast.alice, {**ECHO, "timeout_s": 1})))
    assert [error_in(text) for text in given(provider, 1)] == ["timeout", "tool_fault"]
    assert "swordfish" not in str([given(provider, 1), [event.data for event in followed(run)]])
    assert ended == ["cancelled"]


def test_a_long_output_is_cut_and_says_so_and_keys_are_taken_out(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    async def long(_arguments: dict[str, Any], _context: CallContext) -> Any:
        return "Bearer abcdefghijklmnop\0 " + "x" * (2 * 1024 * 1024)  # pragma: allowlist secret

    probe.act = long
    provider.queue(asks({"text": "a"}), Script(deltas=("Long.",)))
    run = execute(start(cast.alice, agent_with(cast.alice, ECHO)))
    [text] = given(provider, 1)
    assert text.startswith("[redacted] xxx")
    assert 1024 * 1024 < len(text) < 1024 * 1024 + 200
    assert "cut here" in text[-100:]
    [event] = [event for event in followed(run) if event.type == "tool_use_complete"]
    assert len(event.data) < 70 * 1024
    row = ToolCall.objects.get(run=run)
    assert (len(row.result), row.result_bytes > 1024 * 1024) == (64 * 1024, True)


def test_what_a_call_costs_is_held_booked_and_shown_and_a_failed_one_is_free(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    Rate.objects.create(reference="tool/probe", per_call=Decimal("1.5"))
    provider.queue(asks({"text": "a"}, {"text": "fail"}), Script(deltas=("Done.",)))
    run = execute(start(cast.alice, agent_with(cast.alice, ECHO)))
    cost = {row.arguments["text"]: row.credits for row in ToolCall.objects.all()}
    assert cost == {"a": Decimal("1.5"), "fail": Decimal(0)}
    held = Hold.objects.filter(run_id=run.id, step__startswith="tool:").order_by("step")
    assert sorted(held.values_list("state", "credits")) == [("released", Decimal(0)), ("settled", Decimal("1.5"))]
    trace = cast.alice.api.get(f"runs/{run.id}/trace/").json()
    assert [span["cost"] for span in trace["spans"] if span["type"] == "tool"].count("1.5000") == 1
    assert run.credits >= Decimal("1.5")
    done = [event.payload() for event in followed(run) if event.type == "tool_use_complete"]
    assert sorted(event["credits"] for event in done) == ["0.0000", "1.5000"]


def test_a_loop_of_calls_cannot_spend_more_than_there_is(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    Rate.objects.create(reference="tool/probe", per_call=Decimal(4))
    agent = agent_with(cast.alice, ECHO)
    for _turn in range(10):
        provider.queue(asks({"text": "again"}))
    run = execute(start(cast.alice, agent))
    account = CreditAccount.objects.get(workspace_id=agent.workspace_id)
    assert (run.status, run.reason) == ("partial", "credits")
    assert account.balance >= 0
    assert account.held == 0
    assert len(probe.calls) == 2, "of the ten credits of a new workspace"


def test_an_endless_loop_ends_with_the_turns(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    for _turn in range(12):
        provider.queue(asks({"text": "again"}))
    run = execute(start(cast.alice, agent_with(cast.alice, ECHO)))
    assert (run.status, run.reason, len(probe.calls)) == ("partial", "max_turns", 10)


def test_a_switched_off_tool_is_not_offered(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    agent = agent_with(cast.alice, {**ECHO, "enabled": False}, {**ECHO, "name": "other"})
    provider.queue(Script(deltas=("Hi.",)))
    execute(start(cast.alice, agent))
    assert [tool["function"]["name"] for tool in provider.exchanges[0].body["tools"]] == ["other"]


def test_a_tool_that_is_not_here_any_more_ends_the_run_before_anything_is_asked(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    run = start(cast.alice, agent_with(cast.alice, ECHO))
    probe.missing = "No sandbox can be made here."
    run = execute(run)
    assert (run.status, run.error["code"]) == ("failed", "tool_unavailable")
    assert "No sandbox" in run.error["error"]
    assert not provider.exchanges


# Agents and models as tools


def ask_agent(agent: Agent, name: str) -> dict[str, Any]:
    return {"name": name, "type": "agent", "params": {"agent_id": str(agent.id)}}


def test_an_agent_answers_as_a_tool_with_its_own_model_in_a_fresh_context_and_silently(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    expert = agent_with(cast.alice, ECHO, name="Expert", model="fake/other", instructions="Know it all.")
    agent = agent_with(cast.alice, ask_agent(expert, "expert"))
    provider.queue(
        asks({"input": "What is it?"}, name="expert"),
        Script(deltas=("Hm. ",), tool_calls=(Asked("echo", '{"text": "it"}', call_id="c0"),)),
        Script(deltas=("A stoat.",)),
        Script(deltas=("The expert says: a stoat.",)),
    )
    run = execute(start(cast.alice, agent, "Ask."))
    assert (run.status, run.output, run.turns) == ("succeeded", "The expert says: a stoat.", 2)
    inner = provider.exchanges[1].body
    assert (inner["model"], [each["content"] for each in inner["messages"]]) == (
        "other",
        ["Know it all.", "What is it?"],
    )
    assert given(provider, 3) == ["A stoat."]
    assert text_of(followed(run)) == "The expert says: a stoat."
    assert told(run) == [
        ("agent", "Porter", ""), ("generation", "fake/m", ""), ("tool", "expert", ""), ("agent", "Expert", ""),
        ("generation", "fake/other", ""), ("tool", "echo", ""), ("generation", "fake/other", ""),
        ("generation", "fake/m", ""),
    ]  # fmt: skip
    assert Hold.objects.filter(run_id=run.id, state="settled", step__startswith="turn:").count() == 4
    owners = dict(ToolCall.objects.values_list("tool_name", "agent_id"))
    assert owners == {"expert": agent.id, "echo": expert.id}


def test_what_goes_wrong_with_an_agent_that_was_asked_is_told_to_the_one_that_asks(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    expert = make_agent(cast.alice, name="Expert", model="fake/other")
    provider.queue(
        asks({"input": "?"}, name="expert"), Script(status=400, message="Not today."), Script(deltas=("No luck.",))
    )
    run = execute(start(cast.alice, agent_with(cast.alice, ask_agent(expert, "expert"))))
    assert run.output == "No luck."
    assert "Not today." in given(provider, 2)[0]


def test_a_model_answers_one_prompt_as_a_tool(cast: Cast, provider: FakeOpenAI) -> None:
    params = {"model": "fake/other", "prompt": "Translate for {{ user.name }}: {{ input }}"}
    agent = agent_with(cast.alice, {"name": "translate", "type": "llm", "params": params})
    provider.queue(
        asks({"input": "stoat"}, name="translate"), Script(deltas=("hermine",)), Script(deltas=("Une hermine.",))
    )
    run = execute(start(cast.alice, agent))
    assert (run.output, given(provider, 2)) == ("Une hermine.", ["hermine"])
    inner = provider.exchanges[1].body
    assert inner["model"] == "other"
    assert [each["content"] for each in inner["messages"]] == [f"Translate for {run.actor_name}: stoat"]


def test_agents_that_call_each_other_in_a_circle_are_stopped_at_the_fifth(cast: Cast, provider: FakeOpenAI) -> None:
    """Saving refuses a circle; a definition made otherwise must end all the same."""
    agent = make_agent(cast.alice, model="fake/m")
    tool = ask_agent(agent, "myself") | {"id": str(agent.id)}
    definition = definition_of(agent, tools=[tool])
    definition["targets"] = {str(agent.id): definition_of(agent, tools=[tool])}
    for _depth in range(6):
        provider.queue(asks({"input": "deeper"}, name="myself"))
    for _depth in range(6):
        provider.queue(Script(deltas=("up",)))
    run = execute(start_as(cast.alice, agent, definition))
    assert (run.status, run.output) == ("succeeded", "up")
    assert [row[2] for row in calls(run)].count("too_deep") == 1
    assert Run.objects.count() == 1


def test_whatever_form_arguments_and_answers_have_the_model_is_told_and_the_run_goes_on(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    """Numbers beyond 64 bits, and what is nested deeper than can be written: in what strangers answer, and in what models ask."""
    deep: Any = []
    for _level in range(600):
        deep = [deep]
    said: list[Any] = [{"n": 10**30}, deep, {"deep": deep}]

    async def act(_arguments: dict[str, Any], _context: CallContext) -> Any:
        return said.pop(0)

    probe.act = act
    nested = "[" * 400 + "]" * 400
    agent = agent_with(cast.alice, ECHO)
    texts = ('{"text": "a"}', '{"text": "b"}', '{"text": "c"}', f'{{"text": {nested}}}')
    provider.queue(*(Script(tool_calls=(Asked("echo", text, call_id=f"c{n}"),)) for n, text in enumerate(texts)))
    provider.queue(Script(deltas=("Done.",)))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.output) == ("succeeded", "Done.")
    told = [each["content"] for each in provider.exchanges[-1].body["messages"] if each["role"] == "tool"]
    assert told[0] == '{"n": 1000000000000000000000000000000}'
    assert told[1].startswith("[[[")
    assert orjson.loads(told[3])["error"]["code"] == "invalid_arguments"
    assert [status for _text, status, _code in calls(run)] == ["succeeded"] * 3 + ["refused"]
