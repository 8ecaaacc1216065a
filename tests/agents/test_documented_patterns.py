"""The patterns that the Agents SDK documents, built and run through the public API only."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.agents.world import execute_together, one_worker
from tests.cast import Api, Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider(cast: Cast) -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        body = {"type": "custom", "name": "fake", "base_url": server.base_url, "models": ["m"]}
        assert cast.alice.api.post("providers/", body).status_code == 201
        yield server


def make(api: Api, name: str, **fields: Any) -> str:
    answer = api.post("agents/", {"name": name, "model": "fake/m", **fields})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def run(api: Api, agent_id: str, message: str, **fields: Any) -> dict[str, Any]:
    """Ask and wait for the answer, as a program does."""
    with one_worker():
        answer = api.post(f"agents/{agent_id}/run/", {"message": message, **fields})
    assert answer.status_code == 200, answer.content
    document: dict[str, Any] = answer.json()
    return document


def test_triage_hands_homework_to_the_tutor_it_is_for(cast: Cast, provider: FakeOpenAI) -> None:
    api = cast.alice.api
    history = make(api, "History Tutor", instructions="You explain events.", handoff_description="For history.")
    maths = make(api, "Math Tutor", instructions="You explain each step.", handoff_description="For numbers.")
    triage = make(api, "Triage", instructions="Choose the tutor.")
    for target in (history, maths):
        assert api.post(f"agents/{triage}/handoffs/", {"target_agent_id": target}).status_code == 201
    provider.queue(Script(tool_calls=(ToolCall("transfer_to_math_tutor"),)), Script(deltas=("x = 2.",)))
    done = run(api, triage, "Solve x + 1 = 3")
    assert (done["status"], done["output"]) == ("succeeded", "x = 2.")
    asked, solved = (exchange.body for exchange in provider.exchanges)
    offered = {tool["function"]["name"]: tool["function"]["description"] for tool in asked["tools"]}
    assert set(offered) == {"transfer_to_history_tutor", "transfer_to_math_tutor"}
    assert "For numbers." in offered["transfer_to_math_tutor"]
    assert solved["messages"][0]["content"] == "You explain each step."
    trace = api.get(f"runs/{done['run_id']}/trace/").json()
    assert [span["name"] for span in trace["spans"] if span["type"] == "agent"] == ["Triage", "Math Tutor"]


def test_a_message_is_classified_and_routed_to_the_agent_for_its_class(cast: Cast, provider: FakeOpenAI) -> None:
    api = cast.alice.api
    sorter = make(api, "Sorter", output_type={"type_name": "classification", "labels": ["refund", "technical"]})
    desks = {
        label: make(api, f"{label} desk", instructions=f"You answer {label}.") for label in ("refund", "technical")
    }
    provider.queue(Script(deltas=('{"label": "refund"}',)), Script(deltas=("You get it back.",)))
    label = run(api, sorter, "I want my money back")["output"]["label"]
    assert run(api, desks[label], "I want my money back")["output"] == "You get it back."
    assert provider.exchanges[1].body["messages"][0]["content"] == "You answer refund."


def test_a_draft_is_judged_and_written_again_until_it_is_good_enough(cast: Cast, provider: FakeOpenAI) -> None:
    api = cast.alice.api
    writer = make(api, "Writer", instructions="Write an outline.")
    judge = make(api, "Judge", output_type={"type_name": "score", "minimum": 0, "maximum": 10})
    scripts = [
        "A dull outline.",
        '{"score": 3, "reason": "No tension."}',
        "A tense outline.",
        '{"score": 9, "reason": "Good."}',
    ]
    provider.queue(*[Script(deltas=(text,)) for text in scripts])
    written = run(api, writer, "A story about a lighthouse")
    rounds = 0
    while (verdict := run(api, judge, written["output"])["output"])["score"] < 8:
        rounds += 1
        written = run(api, writer, f"Make it better: {verdict['reason']}", conversation_id=written["conversation_id"])
    assert (rounds, written["output"]) == (1, "A tense outline.")
    said = [message["content"] for message in provider.exchanges[2].body["messages"]]
    assert said == [
        "Write an outline.", "A story about a lighthouse", "A dull outline.", "Make it better: No tension.",
    ]  # fmt: skip


def test_several_answers_at_once_and_an_agent_that_chooses_the_best(cast: Cast, provider: FakeOpenAI) -> None:
    api = cast.alice.api
    translator = make(api, "Translator", instructions="Translate into Spanish.")
    picker = make(api, "Picker", output_type={"type_name": "json_schema", "schema": {"type": "integer"}})
    provider.model("m", Script(deltas=("Hola",)))
    begun = [
        api.post(f"agents/{translator}/run/", {"message": "Hello"}, headers={"Prefer": "respond-async"}).json()
        for _ in range(3)
    ]
    execute_together(each["run_id"] for each in begun)
    answers = [api.get(f"runs/{each['run_id']}/").json() for each in begun]
    assert [answer["output"] for answer in answers] == ["Hola"] * 3
    provider.queue(Script(deltas=('{"response": 2}',)))
    assert run(api, picker, "\n".join(answer["output"] for answer in answers))["output"] == 2
