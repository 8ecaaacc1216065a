"""Answers that are kept: found by the very same request only, shown as such, and free."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from agents import ModelSettings

from agent_app.engine.response_cache import ResponseCache
from config.lib.ids import uuid7
from tests.agents import wire_world
from tests.agents.wire_world import Said, asked, request, tool
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

COLD = ModelSettings(temperature=0)


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


def ask(provider: FakeOpenAI, workspace: UUID, wanted: Any = None, **fields: Any) -> Said:
    cache = ResponseCache(workspace_id=workspace, ttl=60)
    resolved = wire_world.ResolvedModel(fields.pop("model", "m"), wire_world.provider_of(provider.base_url))
    return wire_world.run(asked(resolved, wanted or request(settings=COLD), cache=cache))


def test_the_same_question_is_answered_from_memory_at_no_cost_and_says_so(provider: FakeOpenAI) -> None:
    workspace = uuid7()
    provider.queue(Script(reasoning=("Hm.",), deltas=("Grüß ", "Gott")))
    first, again = ask(provider, workspace), ask(provider, workspace)
    assert len(provider.exchanges) == 1
    assert again.produced.content == first.produced.content == "Grüß Gott"
    assert [item.type for item in again.items] == ["reasoning", "message"]
    assert (again.produced.usage.prompt_tokens, again.produced.unsettled, again.produced.turns) == (0, {}, 1)
    (told,) = [event for event in again.events if event["type"] == "run_status"]
    assert (told["reason"], told["model"]) == ("cached", "fake/m")
    assert again.run.metadata["routing"] == [{"model": "fake/m", "why": "This answer was given before and kept."}]


@pytest.mark.parametrize(
    "other",
    [
        {"wanted": request("Hello?", settings=COLD)}, {"wanted": request(settings=COLD, instructions="Be rude.")},
        {"wanted": request(settings=COLD, tools=[tool()])}, {"model": "n"},
        {"wanted": request(settings=ModelSettings(temperature=0, max_tokens=9))},
    ],
    ids=["message", "instructions", "tools", "model", "settings"],
)  # fmt: skip
def test_another_question_is_asked(provider: FakeOpenAI, other: dict[str, Any]) -> None:
    workspace = uuid7()
    ask(provider, workspace)
    ask(provider, workspace, **other)
    assert len(provider.exchanges) == 2


def test_no_workspace_gets_another_s_answer(provider: FakeOpenAI) -> None:
    ask(provider, uuid7())
    ask(provider, uuid7())
    assert len(provider.exchanges) == 2


@pytest.mark.parametrize("settings", [ModelSettings(), ModelSettings(temperature=0.1)])
def test_what_may_be_answered_in_many_ways_is_asked_each_time(provider: FakeOpenAI, settings: ModelSettings) -> None:
    workspace = uuid7()
    for _ in range(2):
        ask(provider, workspace, request(settings=settings))
    assert len(provider.exchanges) == 2


def test_what_was_cut_or_failed_is_not_kept(provider: FakeOpenAI) -> None:
    workspace = uuid7()
    provider.queue(Script(status=400), Script(finish_reason="length"), Script(deltas=("Whole.",)))
    for _ in range(3):
        said = ask(provider, workspace)
    assert (len(provider.exchanges), said.produced.content) == (3, "Whole.")


def test_a_kept_call_of_a_tool_has_an_id_of_its_own(provider: FakeOpenAI) -> None:
    workspace, wanted = uuid7(), request(settings=COLD, tools=[tool()])
    provider.queue(Script(tool_calls=(ToolCall("add", '{"a": 1}'),)))
    (first,), (again,) = ask(provider, workspace, wanted).items, ask(provider, workspace, wanted).items
    assert (first.name, first.arguments) == (again.name, again.arguments)
    assert first.call_id != again.call_id
