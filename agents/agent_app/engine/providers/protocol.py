"""What every wire format has in common: a protocol says how a model is asked and how its answer adds up.

``wire.read`` carries bytes between the two, so that a protocol knows nothing of connections, and transport nothing of chunks.
"""

import abc
import uuid
from typing import Any, TypeVar

import orjson
from agents.items import TResponseOutputItem
from agents.models.fake_id import FAKE_RESPONSES_ID
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputRefusal,
    ResponseOutputText,
    ResponseReasoningItem,
)
from openai.types.responses.response_reasoning_item import Content, Summary

from agent_app.engine import tokens
from agent_app.engine.providers import errors
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.request import Request
from agent_app.engine.sink import Sink
from agent_app.runs.registry import Usage

Item = TypeVar("Item", ResponseOutputMessage, ResponseReasoningItem, ResponseFunctionToolCall)

MAX_ANSWER = 4_000_000  # characters


class Answer(abc.ABC):
    """What the events of one answer have added up to. Text and reasoning go to the sink while they arrive."""

    def __init__(self, endpoint: Endpoint, sink: Sink) -> None:
        self.endpoint = endpoint
        self.id = ""
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.length = 0
        self.done = False  # the provider says that nothing follows
        self.refused = False  # the provider did nothing, and so asks nothing for it
        self._sink = sink

    @abc.abstractmethod
    def take(self, event: Any) -> None:
        """One JSON value from the wire. Raises ProviderError; TypeError, KeyError… for what is not of the protocol."""

    @property
    @abc.abstractmethod
    def whole(self) -> bool:
        """Whether the answer came to its end; a connection that ends before has cut it."""

    @property
    @abc.abstractmethod
    def truncated(self) -> bool:
        """Whether it came to its end because it may not be longer."""

    @abc.abstractmethod
    def output(self) -> list[TResponseOutputItem]:
        """The finished answer as the SDK's items."""

    @abc.abstractmethod
    def said_usage(self) -> Usage | None:
        """As the provider counted; None where it did not."""

    def say(self, text: str) -> None:
        self.grow(text)
        self.text.append(text)
        self._sink.text(text)

    def think(self, text: str) -> None:
        self.grow(text)
        self.reasoning.append(text)
        self._sink.reasoning(text)

    def grow(self, text: str) -> None:
        """Count what has arrived. A TypeError here is a content that is no text: malformed."""
        self.length += len(text)
        if self.length > MAX_ANSWER:
            raise errors.endless(self.endpoint.provider)

    def usage(self, prompt_tokens: int) -> Usage:
        """As the provider counted; where it did not say, the prompt and the received text counted by us."""
        if self.refused:
            return Usage()
        received = "".join(self.text) + "".join(self.reasoning)
        return self.said_usage() or Usage(
            prompt_tokens=prompt_tokens, completion_tokens=tokens.estimate(received), known=False
        )


class Protocol(abc.ABC):
    """One wire format. Has no state: there is one instance of each."""

    path: str

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if endpoint.api_key:
            headers["Authorization"] = f"Bearer {endpoint.api_key}"
        return headers

    @abc.abstractmethod
    def body(self, endpoint: Endpoint, request: Request) -> dict[str, Any]:
        """The request as JSON."""

    @abc.abstractmethod
    def answer(self, endpoint: Endpoint, request: Request, sink: Sink) -> Answer:
        """An empty answer to ``request``."""

    def resumed(self, body: dict[str, Any], answer: Any) -> dict[str, Any] | None:
        """What to send so that a provider that has paused goes on with its answer. None: it has not."""
        return None


# Items


def message(text: str, refusal: str = "", provider_data: dict[str, Any] | None = None) -> list[TResponseOutputItem]:
    """The answer's message; none where nothing was said."""
    content: list[ResponseOutputText | ResponseOutputRefusal] = []
    if text:
        content.append(ResponseOutputText(type="output_text", text=text, annotations=[], logprobs=[]))
    if refusal:
        content.append(ResponseOutputRefusal(type="refusal", refusal=refusal))
    if not content:
        return []
    item = ResponseOutputMessage(
        id=FAKE_RESPONSES_ID, type="message", role="assistant", status="completed", content=content
    )
    return [_with(item, provider_data)]


def reasoning(summary: str, provider_data: dict[str, Any]) -> ResponseReasoningItem:
    parts = [Summary(text=summary, type="summary_text")] if summary else []
    return _with(ResponseReasoningItem(id=FAKE_RESPONSES_ID, type="reasoning", summary=parts), provider_data)


def raw_reasoning(text: str, provider_data: dict[str, Any]) -> ResponseReasoningItem:
    content = [Content(text=text, type="reasoning_text")]
    return _with(
        ResponseReasoningItem(id=FAKE_RESPONSES_ID, type="reasoning", summary=[], content=content), provider_data
    )


def function_call(
    call_id: str, name: str, arguments: str, provider_data: dict[str, Any] | None = None
) -> ResponseFunctionToolCall:
    item = ResponseFunctionToolCall(
        id=FAKE_RESPONSES_ID, type="function_call", call_id=call_id, name=name, arguments=arguments
    )
    return _with(item, provider_data)


def new_call_id() -> str:
    """Unique over everything: the SDK takes a call whose id it has seen for one that is answered."""
    return f"call_{uuid.uuid4().hex}"


def known_call_ids(request: Request) -> set[str]:
    return {item["call_id"] for item in request.items if isinstance(item, dict) and item.get("call_id")}


def is_object(text: str) -> bool:
    """Whether these are arguments that a tool could be called with."""
    try:
        return isinstance(orjson.loads(text or "{}"), dict)
    except orjson.JSONDecodeError:
        return False


def _with(item: Item, provider_data: dict[str, Any] | None) -> Item:
    if provider_data:
        item.provider_data = provider_data  # type: ignore[attr-defined]  # a field of its own making: the SDK hands it back with the history
    return item
