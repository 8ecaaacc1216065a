"""Answers that must have a form: asked for, checked, given anew once, answered as values."""

from typing import Any

import pytest

from agent_app.models import Agent, Message
from agent_app.runs.lifecycle import IdempotencyKey
from billing.models import Hold
from config.lib import http
from tests.agents.team_world import definition_of, start_as, told
from tests.agents.world import execute, followed, make_agent
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

pytestmark = pytest.mark.django_db(transaction=True)

LABELS = {"type_name": "classification", "labels": ["praise", "complaint"]}
GOOD = Script(deltas=('{"label": ', '"praise"}'), prompt_tokens=9)
BAD = Script(deltas=('{"label": "rant"}',), prompt_tokens=9)


@pytest.fixture
def agent(cast: Cast) -> Agent:
    return make_agent(cast.alice, name="Sorter", model="fake/m")


def test_the_answer_is_asked_for_by_its_schema_and_answered_as_a_value(
    cast: Cast, agent: Agent, provider: FakeOpenAI
) -> None:
    provider.queue(GOOD)
    run = execute(start_as(cast.alice, agent, definition_of(agent, output_type=LABELS)))
    asked: dict[str, Any] = provider.exchanges[0].body["response_format"]["json_schema"]
    assert (asked["strict"], asked["schema"]["properties"]["label"]["enum"]) == (True, ["praise", "complaint"])
    assert (run.status, run.output) == ("succeeded", {"label": "praise"})
    answered = cast.carol.api.get(f"runs/{run.id}/").json()
    assert answered["output"] == {"label": "praise"}
    assert answered["messages"][0]["content"] == '{\n  "label": "praise"\n}'
    assert Message.objects.get(id=run.message_id).content == '{"label": "praise"}'


def test_an_answer_that_does_not_fit_is_given_anew_once_and_paid_for(
    cast: Cast, agent: Agent, provider: FakeOpenAI
) -> None:
    provider.queue(BAD, GOOD)
    run = execute(start_as(cast.alice, agent, definition_of(agent, output_type=LABELS), "Great!"))
    assert (run.status, run.output, run.turns) == ("succeeded", {"label": "praise"}, 2)
    said = provider.exchanges[1].body["messages"]
    assert [message["role"] for message in said] == ["user", "assistant", "user"]
    assert said[1]["content"] == '{"label": "rant"}'
    assert "'rant' is not one of" in said[2]["content"]
    reset = [event.payload()["reason"] for event in followed(run) if event.type == "content_reset"]
    assert reset == ["invalid_output"]
    assert Message.objects.get(id=run.message_id).content == '{"label": "praise"}'
    assert Hold.objects.filter(run_id=run.id, state="settled").count() == 2
    assert [row[0] for row in told(run)] == ["agent", "generation", "generation"]


def test_a_second_wrong_answer_ends_the_run_with_the_reason(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(BAD, Script(deltas=("I would say praise.",)))
    run = execute(start_as(cast.alice, agent, definition_of(agent, output_type=LABELS)))
    assert (run.status, run.reason, run.error["code"]) == ("failed", "invalid_output", "invalid_output")
    assert "not JSON" in run.error["error"]
    assert "Make the output type simpler" in run.error["error"]
    assert (run.output, len(provider.exchanges)) == ("I would say praise.", 2)
    assert told(run)[0] == ("agent", "Sorter", "invalid_output")


def test_an_answer_cut_by_its_length_is_partial_and_not_repaired(
    cast: Cast, agent: Agent, provider: FakeOpenAI
) -> None:
    provider.queue(Script(deltas=('{"label": "pra',), finish_reason="length"))
    run = execute(start_as(cast.alice, agent, definition_of(agent, output_type=LABELS)))
    assert (run.status, run.reason, run.output) == ("partial", "max_tokens", '{"label": "pra')


def test_what_the_database_cannot_keep_does_not_hold_up_the_end(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=('["a\\u0000b"]',)))
    own = {"type": "array", "items": {"type": "string"}}
    run = execute(start_as(cast.alice, agent, definition_of(agent, output_type=own)))
    assert (run.status, run.output) == ("succeeded", ["ab"])
    assert provider.exchanges[0].body["response_format"]["json_schema"]["strict"] is True


def test_a_caller_who_waits_is_told_that_the_answer_has_another_form(
    cast: Cast, agent: Agent, provider: FakeOpenAI
) -> None:
    provider.queue(BAD, BAD)
    path, body = f"/api/v1/agents/{agent.id}/run", {"message": "Hello"}
    key = IdempotencyKey("once", path, http.digest(body))
    run = execute(start_as(cast.alice, agent, definition_of(agent, output_type=LABELS), idempotency_key=key))
    answer = cast.alice.api.request("POST", path, body, headers={"Idempotency-Key": "once"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_output")
    assert (answer.json()["run_id"], answer.json()["output"]) == (str(run.id), '{"label": "rant"}')
