"""Pictures that a tool answers: each kind of model gets them as it can take them, and only the newest go along."""

from typing import Any

import pytest
from agents.run import CallModelData, ModelInputData

from agent_app.engine import pictures
from agent_app.engine.fitting import fitted
from agent_app.engine.providers.anthropic_items import messages
from agent_app.model_references import LOCAL_MODEL, ResolvedModel
from tests.agents import wire_world
from tests.agents.wire_world import provider_of, request, tool
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

PICTURE = {"type": "input_image", "image_url": "data:image/jpeg;base64,QQ==", "detail": "auto"}


def turn(number: int, *parts: Any) -> list[Any]:
    call_id = f"call_{number}"
    return [
        {"type": "function_call", "call_id": call_id, "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": call_id, "output": [{"type": "input_text", "text": f"seen {number}"}, *parts]},
    ]  # fmt: skip


ASKED = {"role": "user", "content": "Look."}


def test_only_the_newest_pictures_stay() -> None:
    items = [ASKED, *(item for number in range(5) for item in turn(number, PICTURE))]
    given = pictures.newest(CallModelData(ModelInputData(items, "Be kind."), None, None))  # type: ignore[arg-type]
    kept = [PICTURE in item["output"] for item in given.input if item.get("type") == "function_call_output"]
    assert kept == [False, False, True, True, True]
    assert given.input[0] == ASKED and given.instructions == "Be kind."
    assert "seen 0" in str(given.input[2]) and items[2]["output"][1] == PICTURE, "what was given is not changed"


def test_a_model_that_cannot_see_is_told_so() -> None:
    blind = fitted(request([ASKED, *turn(1, PICTURE)]), ResolvedModel(LOCAL_MODEL), stands_in=False)
    assert blind.items[-1]["output"][1]["text"] == "[An image was attached here. You cannot see images.]"


def test_anthropics_models_get_it_within_the_answer() -> None:
    _system, said = messages([ASKED, *turn(1, PICTURE)], "claude-x")
    [answer] = said[-1]["content"]
    assert [block["type"] for block in answer["content"]] == ["text", "image"]
    assert answer["content"][1]["source"]["data"] == "QQ=="


@pytest.mark.parametrize(("kind", "place"), [("openai", "input"), ("custom", "messages")])
def test_openais_protocols_get_it_where_they_take_it(kind: str, place: str) -> None:
    with FakeOpenAI() as fake:
        fake.queue(Script())
        two = [ASKED, *turn(1, PICTURE), *turn(2)]
        said = wire_world.run(
            wire_world.asked(ResolvedModel("m", provider_of(fake.base_url, kind)), request(two, tools=[tool("look")]))
        )
        assert said.error is None
        sent = fake.exchanges[-1].body[place]
    if kind == "openai":
        assert sent[2]["output"][1]["image_url"] == PICTURE["image_url"]
        return
    assert [each["role"] for each in sent] == ["system", "user", "assistant", "tool", "user", "assistant", "tool"]
    assert sent[3]["content"] == "seen 1"
    assert sent[4]["content"][1]["image_url"]["url"] == PICTURE["image_url"]
