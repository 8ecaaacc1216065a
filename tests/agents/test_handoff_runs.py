"""A run that is handed over from agent to agent."""

from typing import Any

import pytest

from agent_app.models import Agent, Message, Run, Span
from billing.models import Hold
from tests.agents.team_world import definition_of, handoff_to, start_as, told, tutors
from tests.agents.world import execute, followed, make_agent, text_of
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)

TO_TUTOR = Script(tool_calls=(ToolCall("transfer_to_history_tutor"),), prompt_tokens=20)


def roles(body: dict[str, Any]) -> list[str]:
    return [message["role"] for message in body["messages"]]


def test_the_next_agent_goes_on_with_its_own_model_instructions_and_bill(cast: Cast, provider: FakeOpenAI) -> None:
    triage, tutor, definition = tutors(cast.alice)
    provider.queue(
        Script(deltas=("One moment.",), tool_calls=TO_TUTOR.tool_calls, prompt_tokens=20),
        Script(deltas=("In 1789.",), prompt_tokens=30),
    )
    run = execute(start_as(cast.alice, triage, definition, "When was the revolution?"))
    assert (run.status, run.output, run.turns) == ("succeeded", "In 1789.", 2)
    first, second = (exchange.body for exchange in provider.exchanges)
    assert [tool["function"]["name"] for tool in first["tools"]] == ["transfer_to_history_tutor"]
    assert (first["model"], second["model"], "tools" in second) == ("m", "tutor", False)
    assert second["messages"][0] == {"role": "system", "content": "Teach history."}
    assert roles(second) == ["system", "user", "assistant", "tool"]
    events = followed(run)
    (handoff,) = [event.payload() for event in events if event.type == "handoff"]
    assert (handoff["from"], handoff["to"]) == ("Triage", "History Tutor")
    assert (handoff["from_agent_id"], handoff["to_agent_id"]) == (str(triage.id), str(tutor.id))
    assert text_of(events) == "One moment.\n\nIn 1789."
    answer = Message.objects.get(id=run.message_id)
    assert (answer.content, answer.agent_name) == ("One moment.\n\nIn 1789.", "History Tutor")
    steps = Hold.objects.filter(run_id=run.id).order_by("step").values_list("step", "model", "prompt_tokens")
    assert list(steps) == [("turn:1", "fake/m", 20), ("turn:2", "fake/tutor", 30)]
    assert run.prompt_tokens == 50
    assert told(run) == [
        ("agent", "Triage", ""), ("generation", "fake/m", ""), ("handoff", "transfer_to_history_tutor", ""),
        ("agent", "History Tutor", ""), ("generation", "fake/tutor", ""),
    ]  # fmt: skip


def test_agents_may_hand_over_in_a_circle_until_the_turns_are_used_up(cast: Cast, provider: FakeOpenAI) -> None:
    triage, tutor, definition = tutors(cast.alice)
    definition["targets"][str(tutor.id)]["handoffs"] = [handoff_to(triage)]
    back = Script(tool_calls=(ToolCall("transfer_to_triage", call_id="call_b"),))
    scripts = [Script(tool_calls=(ToolCall("transfer_to_history_tutor", call_id=f"a{n}"),)) for n in range(5)]
    for number, script in enumerate(scripts):
        provider.queue(script, Script(tool_calls=(ToolCall("transfer_to_triage", call_id=f"b{number}"),)))
    provider.queue(back)
    run = execute(start_as(cast.alice, triage, definition))
    assert (run.status, run.reason, run.turns, len(provider.exchanges)) == ("partial", "max_turns", 10, 10)


PAYLOAD = {
    "type": "object", "properties": {"topic": {"type": "string", "enum": ["war", "art"]}}, "required": ["topic"],
    "additionalProperties": False,
}  # fmt: skip


def test_a_payload_is_checked_and_given_to_the_next_agent(cast: Cast, provider: FakeOpenAI) -> None:
    triage, _tutor, definition = tutors(cast.alice, payload_schema=PAYLOAD)
    provider.queue(
        Script(tool_calls=(ToolCall("transfer_to_history_tutor", '{"topic": "love"}', call_id="c1"),)),
        Script(tool_calls=(ToolCall("transfer_to_history_tutor", '{"topic": "art"}', call_id="c2"),)),
        Script(deltas=("Giotto.",)),
    )
    run = execute(start_as(cast.alice, triage, definition))
    assert run.output == "Giotto."
    first, second, third = (exchange.body for exchange in provider.exchanges)
    assert first["tools"][0]["function"]["parameters"] == PAYLOAD
    assert "'love' is not one of" in second["messages"][-1]["content"]
    assert (second["model"], third["model"]) == ("m", "tutor")
    assert third["messages"][-1]["role"] == "user"
    assert third["messages"][-1]["content"].startswith("[Triage handed this conversation over")
    assert '"topic": "art"' in third["messages"][-1]["content"]
    (handoff,) = [event.payload() for event in followed(run) if event.type == "handoff"]
    assert handoff["payload"] == {"topic": "art"}
    assert [row[2] for row in told(run) if row[0] == "handoff"] == ["invalid_payload", ""]


@pytest.mark.parametrize(
    ("input_filter", "seen"),
    [
        ("all", ["One", "First.", "Two", None, '{"assistant":"History Tutor"}']),
        ({"type": "last_n", "n": 2}, ["First.", "Two"]),
        ("remove_tools", ["One", "First.", "Two"]),
    ],
    ids=["all", "last_n", "remove_tools"],
)
def test_the_filter_decides_what_the_next_agent_sees(
    cast: Cast, provider: FakeOpenAI, input_filter: Any, seen: list[str | None]
) -> None:
    triage, _tutor, definition = tutors(cast.alice, input_filter=input_filter)
    provider.queue(Script(deltas=("First.",)), TO_TUTOR, Script(deltas=("Done.",)))
    first = execute(start_as(cast.alice, triage, definition_of(triage), "One"))
    run = execute(start_as(cast.alice, triage, definition, "Two", conversation_id=first.conversation_id))
    assert run.output == "Done."
    assert [message.get("content") for message in provider.exchanges[2].body["messages"][1:]] == seen


def test_a_summary_is_written_by_the_first_agents_model_shown_to_nobody_and_paid_for(
    cast: Cast, provider: FakeOpenAI
) -> None:
    triage, _tutor, definition = tutors(cast.alice, input_filter="summary")
    provider.queue(
        Script(deltas=("First.",)), TO_TUTOR, Script(deltas=("They want dates.",)), Script(deltas=("1789.",))
    )
    first = execute(start_as(cast.alice, triage, definition_of(triage), "One"))
    run = execute(start_as(cast.alice, triage, definition, "Two", conversation_id=first.conversation_id))
    asked, seen = provider.exchanges[2].body, provider.exchanges[3].body
    assert (asked["model"], "user: One\n\nassistant: First.\n\nuser: Two" in asked["messages"][-1]["content"]) == (
        "m",
        True,
    )
    assert [message["content"] for message in seen["messages"][1:]] == [
        "[Summary of the conversation so far:]\nThey want dates.", "Two",
    ]  # fmt: skip
    assert (run.output, text_of(followed(run))) == ("1789.", "1789.")
    assert Hold.objects.filter(run_id=run.id, state="settled").count() == 3


def test_a_handoff_is_offered_only_where_its_condition_holds(cast: Cast, provider: FakeOpenAI) -> None:
    triage, _tutor, definition = tutors(cast.alice, enabled_when="context.plan == 'pro'")
    provider.queue(Script(deltas=("No.",)), Script(deltas=("Yes.",)), Script(deltas=("None.",)))
    for number, context in enumerate([{"plan": "free"}, {"plan": "pro"}, {}]):
        execute(start_as(cast.alice, triage, definition | {"instructions": f"Be {number}."}, context=context))
    assert ["tools" in exchange.body for exchange in provider.exchanges] == [False, True, False]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"status": "archived"}, "was archived"),
        ({"status": "inactive"}, "is inactive"),
        ({"workspace": True}, "not in this"),
    ],
    ids=["archived", "inactive", "another workspace's"],
)
def test_a_target_that_may_not_take_part_is_refused_before_anything_is_asked(
    cast: Cast, provider: FakeOpenAI, change: dict[str, Any], says: str
) -> None:
    triage, tutor, definition = tutors(cast.alice)
    if change.pop("workspace", False):
        change["workspace_id"] = cast.dave.workspace_id
    Agent.objects.filter(id=tutor.id).update(**change)
    run = execute(start_as(cast.alice, triage, definition))
    assert (run.status, run.reason, run.error["code"]) == ("failed", "error", "handoff_target")
    assert "History Tutor" in run.error["error"] and says in run.error["error"]
    assert provider.exchanges == []
    assert not Hold.objects.filter(run_id=run.id, state="open").exists()


def test_agents_of_one_name_are_told_apart(cast: Cast, provider: FakeOpenAI) -> None:
    triage, _tutor, definition = tutors(cast.alice)
    other = make_agent(cast.alice, name="History Tutor", model="fake/m")
    definition["handoffs"].append(handoff_to(other, tool_name="transfer_to_the_other"))
    definition["targets"][str(other.id)] = definition_of(other)
    provider.queue(Script(tool_calls=(ToolCall("transfer_to_the_other"),)), Script(deltas=("Me.",)))
    run = execute(start_as(cast.alice, triage, definition))
    assert Message.objects.get(id=run.message_id).agent_name == "History Tutor 2"
    assert Span.objects.get(run=run, type="agent", name="History Tutor 2").agent_id == other.id


def test_how_tools_are_to_be_called_reaches_the_model(cast: Cast, provider: FakeOpenAI) -> None:
    triage, _tutor, definition = tutors(cast.alice)
    chosen = {"tool_choice": "transfer_to_history_tutor", "parallel_tool_calls": False}
    saved = cast.bob.api.patch(f"agents/{triage.id}/", {"model_settings": chosen})
    assert saved.json()["model_settings"].items() >= chosen.items()
    assert (
        cast.bob.api.patch(f"agents/{triage.id}/", {"model_settings": {"tool_choice": "any of them"}}).status_code
        == 400
    )
    provider.queue(TO_TUTOR, Script(deltas=("In 1789.",)))
    execute(start_as(cast.alice, triage, definition | {"model_settings": chosen}))
    asked = provider.exchanges[0].body
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "transfer_to_history_tutor"}}
    assert asked["parallel_tool_calls"] is False
    assert "tool_choice" not in provider.exchanges[1].body


def test_the_spans_lie_below_their_agents_and_hold_what_was_asked_and_said(cast: Cast, provider: FakeOpenAI) -> None:
    triage, tutor, definition = tutors(cast.alice)
    provider.queue(TO_TUTOR, Script(status=400, message="The moon is in the way."))
    run: Run = execute(start_as(cast.alice, triage, definition, "Use sk-abcdefghijklmnop please"))
    assert (run.status, run.reason) == ("failed", "provider_error")
    first, asked, handoff, second, failed = Span.objects.filter(run=run).order_by("started_at", "id")
    assert [first.parent_id, asked.parent_id, handoff.parent_id] == [None, first.id, first.id]
    assert [second.parent_id, failed.parent_id, second.agent_id] == [None, second.id, tutor.id]
    assert (asked.step, asked.usage["prompt_tokens"]) == ("turn:1", 20)
    assert asked.input["items"][0]["content"] == "Use [redacted] please"
    assert asked.output[0]["name"] == "transfer_to_history_tutor"
    assert "moon is in the way" in failed.error["error"]
    assert second.error["code"] == "provider_error"
    assert not first.error
