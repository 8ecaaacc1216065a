"""Our wire readers and the stock models read the same wire, and say the same: text, items, tool calls, usage, errors.

Where they differ it is on purpose, and stands in ``ON_PURPOSE`` with the reason.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import anthropic
import httpx2
import openai
import orjson
import pytest
from agents import ModelSettings, ModelTracing, OpenAIChatCompletionsModel, OpenAIResponsesModel
from agents.exceptions import ModelBehaviorError
from agents.models.interface import Model
from anthropic.types import ThinkingBlock
from openai.types.responses import ResponseCompletedEvent

from tests.agents import wire_world
from tests.agents.wire_world import Said
from tests.agents.world import KEY
from tests.fakes.anthropic_wire import FakeAnthropic
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Fault, Script, ToolCall

# An outcome: ("said", items, usage) or ("failed", the provider's status, or None where there was none).
Outcome = tuple[Any, ...]
PROTOCOLS = ("chat", "responses", "anthropic")
CALLS = (ToolCall("add", '{"a": 1, "b": [2]}', "call_one"), ToolCall("now", "{}", "call_two"))

CASES = {
    "text": Script(deltas=("Grüß ", "Gott"), prompt_tokens=7, cached_tokens=3),
    "nothing": Script(tokens=0),
    "thinking": Script(reasoning=("Let me ", "see."), deltas=("Yes.",)),
    "tool calls": Script(tool_calls=CALLS),
    "thinking, words and a call": Script(reasoning=("Hm.",), deltas=("I add.",), tool_calls=CALLS[:1]),
    "cut into bytes": Script(deltas=("日本", "語 🙂"), split=2, crlf=True),
    "refusal": Script(refusal="I will not."),
    "length": Script(deltas=("one ", "two"), finish_reason="length"),
    "no usage": Script(deltas=("one ", "two"), usage=False),
    "400": Script(status=400),
    "401": Script(status=401),
    "429": Script(status=429),
    "500": Script(status=500),
    "dropped": Script(deltas=("one ", "two ", "three"), fault=Fault.DROP),
    "ends too early": Script(deltas=("one ", "two ", "three"), fault=Fault.TRUNCATE),
    "no JSON": Script(deltas=("one ", "two ", "three"), fault=Fault.BAD_JSON),
    "error within": Script(deltas=("one ", "two ", "three"), fault=Fault.ERROR_OBJECT),
}

SAID = ("said", [("text", "one two")])
CUT = "a stream that ends before the answer has is cut, not complete"
UNCOUNTED = "where the provider counts nothing, the prompt and the answer are counted by us"
ON_PURPOSE: dict[tuple[str, str], tuple[str, Outcome]] = {
    ("chat", "ends too early"): (CUT, ("failed", None)),
    ("chat", "no usage"): (UNCOUNTED, (*SAID, "counted")),
    ("responses", "no usage"): (UNCOUNTED, (*SAID, "counted")),
    ("anthropic", "no usage"): (UNCOUNTED, (*SAID, "counted")),
    ("anthropic", "ends too early"): (CUT, ("failed", None)),
    ("responses", "length"): (
        "an answer that reached its limit is kept, and the run partial; the stock model throws it away",
        (*SAID, (11, 2, 0, 0)),
    ),
    ("responses", "error within"): (
        "an error's code says which HTTP status it stands for, so that it is known what to do about it", ("failed", 500),
    ),
    ("anthropic", "error within"): (
        "the client gives errors in the stream the status 200; their type says which it would have been", ("failed", 529),
    ),
    ("anthropic", "refusal"): (
        "Anthropic refuses by its reason for stopping; the SDK knows refusals as content",
        ("said", [("refusal", "The model declined to answer this: I will not.")], (11, 0, 0, 0)),
    ),
    ("anthropic", "nothing"): ("an empty block is no item", ("said", [], (11, 0, 0, 0))),
}  # fmt: skip


def outcome(said: Said) -> Outcome:
    """Ours, in the common form."""
    if said.error is not None:
        return ("failed", said.error.status)
    assert said.response is not None
    usage: Any = usage_of(said.response.usage)
    if not said.produced.usage.known:
        assert usage[0] > 0 < usage[1]
        usage = "counted"
    return ("said", [part for item in said.items for part in parts(item)], usage)


def usage_of(usage: Any) -> tuple[int, ...]:
    return (
        usage.input_tokens, usage.output_tokens, usage.input_tokens_details.cached_tokens,
        usage.output_tokens_details.reasoning_tokens,
    )  # fmt: skip


def parts(item: Any) -> list[tuple[str, ...]]:
    """What matters of an item, whichever class it is."""
    if item.type == "message":
        return [(c.type.removeprefix("output_"), c.refusal if c.type == "refusal" else c.text) for c in item.content]
    if item.type == "function_call":
        return [("call", item.call_id, item.name, item.arguments)]
    assert item.type == "reasoning"
    return [("thought", "".join(part.text for part in item.summary))]


# The stock readers


async def openai_reads(model_of: Callable[[openai.AsyncOpenAI], Model], base_url: str) -> Outcome:
    async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:
        final: Any = None
        try:
            async for event in model_of(client).stream_response(
                "Be kind.", "Hello", ModelSettings(include_usage=True), [], None, [], ModelTracing.DISABLED,
                previous_response_id=None, conversation_id=None, prompt=None,
            ):  # fmt: skip
                if isinstance(event, ResponseCompletedEvent):
                    final = event.response
        except openai.APIStatusError as error:
            return ("failed", error.status_code)
        except (openai.APIError, httpx2.HTTPError, ModelBehaviorError, ValueError):
            return ("failed", None)
    if final is None:  # the SDK's runner fails with "Model did not produce a final response!"
        return ("failed", None)
    usage = usage_of(final.usage) if final.usage else None
    return ("said", [part for item in final.output for part in parts(item)], usage)


async def chat(base_url: str) -> Outcome:
    return await openai_reads(lambda client: OpenAIChatCompletionsModel("m", client), base_url)


async def responses(base_url: str) -> Outcome:
    return await openai_reads(lambda client: OpenAIResponsesModel("m", client), base_url)


async def messages(base_url: str) -> Outcome:
    """Anthropic's own client, whose blocks are put into the SDK's terms."""
    async with anthropic.AsyncAnthropic(base_url=base_url, api_key=KEY, max_retries=0) as client:
        try:
            async with client.messages.stream(
                model="m", max_tokens=100, messages=[{"role": "user", "content": "Hello"}]
            ) as stream:
                final = await stream.get_final_message()
        except anthropic.APIStatusError as error:
            return ("failed", error.status_code)
        except (
            anthropic.APIError,
            httpx2.HTTPError,
            ValueError,
            AttributeError,
        ):  # the last: it cannot do without usage
            return ("failed", None)
    found: list[tuple[str, ...]] = []
    for block in final.content:
        if isinstance(block, ThinkingBlock):
            found.append(("thought", block.thinking))
        elif block.type == "text":
            found.append(("text", block.text))
        elif block.type == "tool_use":
            found.append(("call", block.id, block.name, orjson.dumps(block.input).decode()))
    used = final.usage
    thought = used.output_tokens_details.thinking_tokens if used.output_tokens_details else 0
    prompt = used.input_tokens + (used.cache_read_input_tokens or 0) + (used.cache_creation_input_tokens or 0)
    return ("said", found, (prompt, used.output_tokens, used.cache_read_input_tokens or 0, thought))


STOCK: dict[str, Callable[[str], Coroutine[Any, Any, Outcome]]] = {
    "chat": chat, "responses": responses, "anthropic": messages,
}  # fmt: skip
KIND: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("openai", {"additional_config": {"api": "chat_completions"}}), "responses": ("openai", {}),
    "anthropic": ("anthropic", {}),
}  # fmt: skip


def compact(found: Outcome) -> Outcome:
    """Arguments as values: the same JSON may be written in several ways."""
    if found[0] != "said":
        return found
    items = [
        (*each[:3], orjson.dumps(orjson.loads(each[3])).decode()) if each[0] == "call" else each for each in found[1]
    ]
    return ("said", items, *found[2:])


@pytest.fixture(scope="module")
def fakes() -> Any:
    with FakeOpenAI() as one, FakeAnthropic() as other:
        yield {"chat": one, "responses": one, "anthropic": other}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_we_read_what_the_stock_models_read(fakes: Any, settings: Any, protocol: str) -> None:
    settings.PROVIDER_RETRY_DELAY = 0.0
    fake, (kind, fields) = fakes[protocol], KIND[protocol]
    wrong = []
    for name, script in CASES.items():
        fake.model("m", script)
        theirs = compact(asyncio.run(STOCK[protocol](fake.base_url)))
        ours = compact(outcome(wire_world.ask(fake.base_url, kind=kind, **fields)))
        why, expected = ON_PURPOSE.get((protocol, name), ("", theirs))
        if ours != compact(expected):
            wrong.append(f"{name}: we read {ours}, not {compact(expected)} {why}")
        if why and ours == theirs:
            wrong.append(f"{name}: there is no difference any more, though one was meant: {why}")
    assert not wrong, "\n".join(wrong)
