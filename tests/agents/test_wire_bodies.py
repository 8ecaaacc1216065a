"""What each provider is asked, byte for byte where it matters: settings, tools, schemas, and what goes back to it in a tool loop."""

from collections.abc import Iterator
from typing import Any

import pytest
from agents import ModelSettings
from openai.types.shared import Reasoning

from agent_app.engine.providers import select
from agent_app.engine.providers.anthropic_schema import fits, strict_form
from agent_app.model_references import ResolvedModel
from tests.agents import wire_world
from tests.agents.wire_world import Said, Schema, provider_of, request, tool
from tests.agents.world import KEY
from tests.fakes.anthropic_wire import SIGNATURE, VERSION, FakeAnthropic
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

PERSON = {"type": "object", "properties": {"name": {"type": "string", "minLength": 2}}, "required": ["name"]}
MAP = {"type": "object", "properties": {"by_name": {"type": "object", "additionalProperties": {"type": "number"}}}}


@pytest.fixture(scope="module")
def openai_fake() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture(scope="module")
def claude() -> Iterator[FakeAnthropic]:
    with FakeAnthropic() as fake:
        yield fake


def body_of(fake: Any, kind: str, wanted: Any = None, **fields: Any) -> dict[str, Any]:
    fake.clear()
    said = wire_world.ask(fake.base_url, wanted or request(), kind=kind, **fields)
    assert said.error is None, said.error
    body: dict[str, Any] = fake.exchanges[-1].body
    return body


def looped(fake: Any, kind: str, script: Script, **fields: Any) -> tuple[Said, dict[str, Any]]:
    """The answer that calls a tool, and what is asked once the tool has answered."""
    fake.queue(script, Script())
    said = wire_world.ask(fake.base_url, request(tools=[tool()]), kind=kind, **fields)
    calls = [item for item in said.items if item.type == "function_call"]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "3"} for call in calls]
    history = [{"role": "user", "content": "Hello"}, *said.history, *results]
    return said, body_of(fake, kind, request(history, tools=[tool()]), **fields)


# Which protocol


@pytest.mark.parametrize(
    ("kind", "config", "path"),
    [
        ("openai", {}, "/v1/chat/completions"), ("openai", {"api": "responses"}, "/v1/responses"),
        ("custom", {}, "/v1/chat/completions"), ("custom", {"api": "responses"}, "/v1/responses"),
        ("groq", {}, "/v1/chat/completions"),
    ],
)  # fmt: skip
def test_a_provider_is_spoken_to_in_its_protocol(openai_fake: FakeOpenAI, kind: str, config: Any, path: str) -> None:
    openai_fake.clear()
    wire_world.ask(openai_fake.base_url, kind=kind, additional_config=config)
    assert openai_fake.exchanges[-1].path == path


def test_openai_itself_is_asked_by_its_responses() -> None:
    assert (
        ResolvedModel("m", provider_of("https://api.openai.com/v1", "openai", additional_config={})).api == "responses"
    )


def test_anthropic_gets_its_key_and_version_in_the_headers_it_wants_now(claude: FakeAnthropic) -> None:
    claude.clear()
    assert wire_world.ask(claude.base_url, kind="anthropic").produced.content
    headers = claude.exchanges[-1].headers
    assert (headers["authorization"], headers["anthropic-version"]) == (f"Bearer {KEY}", VERSION)
    assert "x-api-key" not in headers


# Settings


SETTINGS = ModelSettings(
    temperature=0.5, top_p=0.9, max_tokens=700, tool_choice="required", parallel_tool_calls=False,
    reasoning=Reasoning(effort="high"),
)  # fmt: skip


def test_settings_in_the_words_of_chat_completions(openai_fake: FakeOpenAI) -> None:
    body = body_of(openai_fake, "custom", request(settings=SETTINGS, tools=[tool()]))
    told = {key: body[key] for key in ("temperature", "top_p", "max_tokens", "tool_choice", "reasoning_effort")}
    assert told == {
        "temperature": 0.5, "top_p": 0.9, "max_tokens": 700, "tool_choice": "required", "reasoning_effort": "high",
    }  # fmt: skip
    assert body["parallel_tool_calls"] is False
    assert body["stream_options"] == {"include_usage": True}
    assert [each["function"]["name"] for each in body["tools"]] == ["add"]
    untooled = body_of(openai_fake, "custom", request(settings=SETTINGS))
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & untooled.keys()


def test_settings_in_the_words_of_responses(openai_fake: FakeOpenAI) -> None:
    body = body_of(openai_fake, "openai", request(settings=SETTINGS, tools=[tool()], output_schema=Schema(PERSON)))
    assert (body["instructions"], body["max_output_tokens"], body["tool_choice"]) == ("Be kind.", 700, "required")
    assert (body["reasoning"], body["stream"], body["tools"][0]["name"]) == ({"effort": "high"}, True, "add")
    assert (body["text"]["format"]["type"], body["text"]["format"]["schema"]) == ("json_schema", PERSON)
    bare = body_of(openai_fake, "openai", request(settings=ModelSettings(extra_args={"max_tokens": 9})))
    assert bare.keys() == {"model", "input", "instructions", "stream", "max_output_tokens"}
    assert bare["max_output_tokens"] == 9


def test_settings_in_the_words_of_anthropic(claude: FakeAnthropic) -> None:
    body = body_of(claude, "anthropic", request(settings=SETTINGS, tools=[tool()]), model="claude-opus-9")
    assert not {"temperature", "top_p", "reasoning_effort"} & body.keys()
    assert (body["max_tokens"], body["thinking"]["type"], body["output_config"]) == (
        700,
        "adaptive",
        {"effort": "high"},
    )
    assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert body["system"] == [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}]
    assert body["tools"][0]["input_schema"] == {"type": "object", "properties": {"a": {"type": "integer"}}}
    plain = body_of(claude, "anthropic", model="claude-opus-9")
    assert plain["max_tokens"] > 1000
    assert not {"thinking", "tools", "tool_choice", "output_config"} & plain.keys()


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("claude-3-haiku-20240307", None), ("claude-sonnet-4-20250514", "enabled"), ("claude-haiku-4-5", "enabled"),
        ("claude-opus-4-7", "adaptive"),
    ],
)  # fmt: skip
def test_thinking_is_asked_for_in_the_way_of_the_models_generation(
    claude: FakeAnthropic, model: str, thinking: str | None
) -> None:
    settings = ModelSettings(reasoning=Reasoning(effort="medium"))
    body = body_of(claude, "anthropic", request(settings=settings), model=model)
    assert (body.get("thinking") or {}).get("type") == thinking
    if thinking == "enabled":
        assert body["thinking"]["budget_tokens"] < body["max_tokens"] - 4000


# Dialects


def test_mistral_is_sent_no_field_that_it_does_not_know(openai_fake: FakeOpenAI) -> None:
    extra = {"store": True, "max_completion_tokens": 5, "seed": 1, "safe_prompt": True}
    wanted = request(settings=ModelSettings(tool_choice="required", extra_args=extra), tools=[tool()])
    body = body_of(openai_fake, "mistral", wanted)
    assert not {"store", "stream_options", "seed", "metadata"} & body.keys()
    assert (body["tool_choice"], body["safe_prompt"]) == ("any", True)


def test_mistral_gets_call_ids_of_nine_letters_whoever_made_the_call(openai_fake: FakeOpenAI) -> None:
    _said, body = looped(openai_fake, "mistral", Script(tool_calls=(ToolCall("add", "{}", "call_from-elsewhere"),)))
    calling, result = body["messages"][-2:]
    call_id = calling["tool_calls"][0]["id"]
    assert (len(call_id), call_id.isalnum(), result["tool_call_id"]) == (9, True, call_id)
    _said, body = looped(openai_fake, "mistral", Script(tool_calls=(ToolCall("add", "{}", "D681PevKs"),)))
    assert body["messages"][-1]["tool_call_id"] == "D681PevKs"


def test_groq_is_spared_what_makes_it_refuse(openai_fake: FakeOpenAI) -> None:
    extra = {"n": 2, "logprobs": True, "logit_bias": {}, "service_tier": "flex"}
    body = body_of(openai_fake, "groq", request(settings=ModelSettings(extra_args=extra)))
    assert not {"n", "logprobs", "logit_bias"} & body.keys()
    assert body["service_tier"] == "flex"


def test_deepseek_gets_its_own_thoughts_back_while_it_calls_tools(openai_fake: FakeOpenAI) -> None:
    script = Script(reasoning=("I must ", "add."), tool_calls=(ToolCall("add", '{"a": 1}'),))
    _said, body = looped(openai_fake, "deepseek", script, model="v4")
    assert body["messages"][-2]["reasoning_content"] == "I must add."
    _said, body = looped(openai_fake, "custom", script, model="v4")
    assert "reasoning_content" not in body["messages"][-2]


def test_gemini_gets_its_thought_signatures_back_by_whatever_name_it_goes(openai_fake: FakeOpenAI) -> None:
    script = Script(tool_calls=(ToolCall("add", '{"a": 1}', signature="c2ln"),))
    _said, body = looped(openai_fake, "google", script, model="my-model")
    assert body["messages"][-2]["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "c2ln"}}


def test_openrouter_is_asked_for_usage_and_for_backends_that_can_do_it(openai_fake: FakeOpenAI) -> None:
    body = body_of(openai_fake, "openrouter", request(tools=[tool()]))
    assert (body["usage"], body["provider"]) == ({"include": True}, {"require_parameters": True})
    assert "provider" not in body_of(openai_fake, "openrouter")


def test_a_call_id_is_never_seen_twice(openai_fake: FakeOpenAI, claude: FakeAnthropic) -> None:
    calls = Script(tool_calls=(ToolCall("add", "{}", "call_0"), ToolCall("add", "{}", "call_0")))
    earlier = [{"type": "function_call", "call_id": "call_0", "name": "add", "arguments": "{}"},
               {"type": "function_call_output", "call_id": "call_0", "output": "1"}]  # fmt: skip
    for fake, kind in [(openai_fake, "custom"), (openai_fake, "openai"), (claude, "anthropic")]:
        fake.queue(calls)
        wanted = request([{"role": "user", "content": "x"}, *earlier], tools=[tool()])
        said = wire_world.ask(fake.base_url, wanted, kind=kind)
        ids = {item.call_id for item in said.items}
        assert len(ids) == 2 and "call_0" not in ids, kind


# Output types


@pytest.mark.parametrize(
    ("kind", "format", "in_words", "enforced"),
    [("custom", "json_schema", False, True), ("deepseek", "json_object", True, False), ("groq", None, True, False)],
)
def test_a_schema_is_enforced_or_else_asked_for_in_words(
    openai_fake: FakeOpenAI, kind: str, format: str | None, in_words: bool, enforced: bool
) -> None:
    body = body_of(openai_fake, kind, request(output_schema=Schema(PERSON)))
    assert (body.get("response_format") or {}).get("type") == format
    assert ('"minLength":2' in body["messages"][0]["content"]) is in_words
    assert select.enforces_schemas(ResolvedModel("m", provider_of("http://x", kind))) is enforced


def test_anthropic_enforces_a_schema_whose_words_it_knows(claude: FakeAnthropic) -> None:
    body = body_of(claude, "anthropic", request(output_schema=Schema(PERSON)), model="claude-opus-9")
    schema = body["output_config"]["format"]["schema"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["name"] == {"type": "string", "description": "{minLength: 2}"}
    assert PERSON["properties"]["name"]["minLength"] == 2, "the agent's own schema stays as it was"  # type: ignore[index]


@pytest.mark.parametrize(("model", "schema"), [("claude-3-5-sonnet", PERSON), ("claude-opus-9", MAP)])
def test_where_it_cannot_the_answer_is_the_input_of_a_tool(claude: FakeAnthropic, model: str, schema: Any) -> None:
    claude.queue(Script(tool_calls=(ToolCall("final_output", '{"name": "Ann"}', "toolu_1"),)))
    said = wire_world.ask(claude.base_url, request(output_schema=Schema(schema)), kind="anthropic", model=model)
    assert claude.exchanges[-1].body["tool_choice"] == {"type": "tool", "name": "final_output"}
    assert [part.text for part in said.items[0].content] == ['{"name": "Ann"}']
    assert said.produced.content == '{"name": "Ann"}'


def test_no_schema_loses_anything_on_its_way_to_anthropic() -> None:
    assert fits(PERSON)
    assert not fits(MAP)
    assert not fits({"type": "array", "items": {"type": "object"}})
    nested = {"type": "array", "items": {"oneOf": [{"type": "object", "properties": {"a": {"type": "string"}}}]}}
    strict = strict_form(nested)
    assert strict["items"]["anyOf"][0]["additionalProperties"] is False


# Anthropic's items


def test_claude_gets_its_thinking_back_as_it_came_and_no_other_model_does(claude: FakeAnthropic) -> None:
    script = Script(
        reasoning=("Let me ", "add."), deltas=("I add.",), tool_calls=(ToolCall("add", '{"a": 1}', "toolu_1"),)
    )
    said, body = looped(claude, "anthropic", script, model="claude-opus-9")
    assert said.produced.reasoning == ["Let me ", "add."]
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Let me add.", "signature": SIGNATURE},
        {"type": "text", "text": "I add."},
        {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}},
    ]
    assert body["messages"][2]["content"] == [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "3"}]
    assert body["cache_control"] == {"type": "ephemeral"}
    other = body_of(
        claude, "anthropic", request([{"role": "user", "content": "x"}, *said.history[:2]]), model="claude-else"
    )
    assert [block["type"] for block in other["messages"][1]["content"]] == ["text"]


def test_pictures_and_files_reach_claude(claude: FakeAnthropic) -> None:
    content = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "auto"},
        {"type": "input_image", "image_url": "https://example.org/a.png", "detail": "auto"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"},
    ]
    body = body_of(claude, "anthropic", request([{"role": "user", "content": content}]))
    assert [block["type"] for block in body["messages"][0]["content"]] == ["text", "image", "image", "document"]
    assert body["messages"][0]["content"][1]["source"] == {"type": "base64", "media_type": "image/png", "data": "aGk="}
    assert body["messages"][0]["content"][2]["source"] == {"type": "url", "url": "https://example.org/a.png"}


def test_a_paused_turn_goes_on_by_itself_and_is_one_answer(claude: FakeAnthropic) -> None:
    claude.clear()
    claude.queue(Script(deltas=("One, ",), finish_reason="pause_turn"), Script(deltas=("two.",)))
    said = wire_world.ask(claude.base_url, kind="anthropic")
    assert [part.text for part in said.items[0].content] == ["One, two."]
    assert claude.exchanges[-1].body["messages"][-1]["content"] == [{"type": "text", "text": "One, "}]
    assert (said.produced.usage.prompt_tokens, said.produced.usage.completion_tokens) == (22, 2)


def test_tokens_of_anthropics_cache_are_among_the_prompts(claude: FakeAnthropic) -> None:
    claude.queue(Script(prompt_tokens=100, cached_tokens=60, cache_write_tokens=30))
    usage = wire_world.ask(claude.base_url, kind="anthropic").produced.usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.cache_write_tokens) == (100, 60, 30)


@pytest.mark.parametrize("reason", ["length", "model_context_window_exceeded"])
def test_an_answer_that_ran_out_of_room_is_truncated(
    claude: FakeAnthropic, openai_fake: FakeOpenAI, reason: str
) -> None:
    claude.queue(Script(deltas=("one ",), finish_reason=reason))
    assert wire_world.ask(claude.base_url, kind="anthropic").truncated
    for kind in ("openai", "custom"):
        openai_fake.queue(Script(deltas=("one ",), finish_reason="length"))
        assert wire_world.ask(openai_fake.base_url, kind=kind).truncated


def test_a_call_cut_in_the_middle_is_not_called(claude: FakeAnthropic, openai_fake: FakeOpenAI) -> None:
    cut = Script(deltas=("I add.",), tool_calls=(ToolCall("add", '{"a": ', "c"),), finish_reason="length")
    for fake, kind in [(claude, "anthropic"), (openai_fake, "openai"), (openai_fake, "custom")]:
        fake.queue(cut)
        said = wire_world.ask(fake.base_url, request(tools=[tool()]), kind=kind)
        assert [item.type for item in said.items] == ["message"], kind
        assert said.truncated
