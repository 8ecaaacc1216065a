"""What an agent's run sends to its model, and what it makes of unusual answers."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from agent_app.engine.history import input_items
from agent_app.models import Agent, Message, Provider
from tests.agents.world import execute, followed, make_agent, make_provider, start
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def agent(cast: Cast, provider: FakeOpenAI) -> Agent:
    make_provider(cast.alice, provider.base_url, organization_id="org-1")
    return make_agent(cast.alice, model="fake/m", model_settings={"temperature": 0.5, "max_tokens": 40})


def test_the_agents_settings_and_the_organisation_reach_the_provider(
    cast: Cast, agent: Agent, provider: FakeOpenAI
) -> None:
    execute(start(cast.alice, agent))
    asked = provider.exchanges[0]
    assert (asked.body["model"], asked.body["temperature"], asked.body["max_tokens"]) == ("m", 0.5, 40)
    assert asked.headers["openai-organization"] == "org-1"
    assert [each["role"] for each in asked.body["messages"]] == ["user"]


def test_the_local_model_gets_what_fits_its_window(cast: Cast, provider: FakeOpenAI, settings: Settings) -> None:
    settings.LOCAL_MODEL_URL = provider.base_url
    agent = make_agent(cast.alice, model="local/smollm2-135m-instruct", instructions="Be brief.")
    provider.queue(Script(deltas=("One.",)), Script(deltas=("Two.",)))
    first = execute(start(cast.alice, agent, "word " * 6000))
    run = execute(start(cast.alice, agent, "And now?", conversation_id=first.conversation_id))
    assert (run.status, run.output, run.provider_id) == ("succeeded", "Two.", None)
    said = [each["content"] for each in provider.exchanges[1].body["messages"]]
    assert said == ["Be brief.", "One.", "And now?"]
    assert "authorization" not in provider.exchanges[1].headers


def test_the_last_message_is_sent_whatever_its_length() -> None:
    history = [Message(role="user", content="a" * 100), Message(role="user", content="b" * 100)]
    assert [each["content"] for each in input_items(history, budget=1)] == ["b" * 100]  # type: ignore[index, typeddict-item]
    assert len(input_items(history)) == 2


def test_reasoning_is_told_and_kept_apart_from_the_answer(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(reasoning=("Let me ", "think."), deltas=("Yes.",)))
    run = execute(start(cast.alice, agent))
    answer = Message.objects.get(id=run.message_id)
    assert (run.output, answer.content, answer.reasoning) == ("Yes.", "Yes.", "Let me think.")
    assert run.reasoning_tokens == 2
    said = [event.payload()["delta"] for event in followed(run) if event.type == "reasoning_delta"]
    assert "".join(said) == "Let me think."


def test_an_answer_that_a_filter_stopped_is_told_as_a_refusal(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(tokens=0, finish_reason="content_filter"))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.reason, run.error["code"]) == ("failed", "provider_error", "refusal")
    assert "content filter" in run.error["error"]
    assert "Ask in other words, or choose another model." in run.error["error"]


def test_a_model_that_only_calls_tools_which_are_not_there_runs_out_of_turns(
    cast: Cast, agent: Agent, provider: FakeOpenAI
) -> None:
    provider.queue(*[Script(tool_calls=(ToolCall("nothing", '{"a": 1}'),))] * 11)
    run = execute(start(cast.alice, agent))
    assert (run.status, run.reason, run.turns) == ("partial", "max_turns", 10)
    assert "Its trace shows where it goes in circles" in run.error["error"]
    assert len(provider.exchanges) == 10


@pytest.mark.parametrize(
    "script",
    [
        Script(deltas=("Grüß ", "Gott"), crlf=True, comments=True), Script(deltas=("Grüß ", "Gott"), bare_field=True),
        Script(deltas=("Grüß ", "Gott"), split=3),
    ],
    ids=["CRLF and comments", "no space", "cut anywhere"],
)  # fmt: skip
def test_dialects_of_the_stream_say_the_same(cast: Cast, agent: Agent, provider: FakeOpenAI, script: Script) -> None:
    provider.queue(script)
    assert execute(start(cast.alice, agent)).output == "Grüß Gott"


def test_tokens_are_counted_where_the_provider_does_not(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=("Good ", "day."), usage=False))
    run = execute(start(cast.alice, agent, "Hello there"))
    assert run.prompt_tokens > 0
    assert run.completion_tokens > 0


def test_a_provider_that_was_removed_or_whose_key_is_unreadable_is_named(cast: Cast, agent: Agent) -> None:
    unreadable, removed = start(cast.alice, agent), start(cast.alice, agent)
    Provider.objects.update(api_key_encrypted="not ours")  # pragma: allowlist secret
    assert "cannot be decrypted" in execute(unreadable).error["error"]
    Provider.objects.all().delete()
    run = execute(removed)
    assert (run.status, run.reason) == ("failed", "provider_error")
    assert "fake was removed" in run.error["error"]
