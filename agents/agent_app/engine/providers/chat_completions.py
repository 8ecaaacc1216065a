"""OpenAI's Chat Completions, as spoken by OpenAI, by every OpenAI-compatible endpoint and by the local model."""

from typing import Any

import orjson
from agents import ModelSettings
from agents.items import TResponseOutputItem
from agents.models.chatcmpl_converter import Converter
from agents.models.reasoning_content_replay import ReasoningContentReplayContext
from django.utils.translation import gettext as _

from agent_app.engine.pictures import apart
from agent_app.engine.providers import errors, protocol
from agent_app.engine.providers.dialects import Dialect, dialect_of, fitting_call_id
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.protocol import Answer, Protocol
from agent_app.engine.providers.request import Request
from agent_app.engine.sink import Sink
from agent_app.runs.registry import Usage

_IN_WORDS = "Answer with one JSON object and nothing else: no explanation, no code fence. It must fit this JSON Schema:\n{schema}"


class ChatCompletions(Protocol):
    path = "/chat/completions"

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        headers = super().headers(endpoint)
        if endpoint.organization_id:
            headers["OpenAI-Organization"] = endpoint.organization_id
        return headers

    def body(self, endpoint: Endpoint, request: Request) -> dict[str, Any]:
        dialect = dialect_of(endpoint.kind)
        settings = request.settings
        functions = [Converter.tool_to_openai(tool) for tool in request.tools]
        functions += [Converter.convert_handoff_tool(handoff) for handoff in request.handoffs]
        body: dict[str, Any] = {
            "model": endpoint.model,
            "messages": _messages(endpoint, request, dialect),
            "stream": True,
            "stream_options": {"include_usage": True} if dialect.stream_options else None,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "frequency_penalty": settings.frequency_penalty,
            "presence_penalty": settings.presence_penalty,
            dialect.limit: settings.max_tokens,
            "tools": functions or None,
            "tool_choice": _tool_choice(settings, dialect) if functions else None,
            "parallel_tool_calls": settings.parallel_tool_calls if functions else None,
            "response_format": _response_format(request, dialect),
            "reasoning_effort": settings.reasoning.effort if settings.reasoning else None,
            **dialect.always,
            **(dialect.with_tools_or_schema if functions or request.schema else {}),
            **endpoint.extra,
            **(settings.extra_args or {}),
        }
        return {key: value for key, value in body.items() if value is not None and key not in dialect.refuses}

    def answer(self, endpoint: Endpoint, request: Request, sink: Sink) -> "ChatAnswer":
        return ChatAnswer(endpoint, request, sink)


class ChatAnswer(Answer):
    """The chunks of one completion."""

    def __init__(self, endpoint: Endpoint, request: Request, sink: Sink) -> None:
        super().__init__(endpoint, sink)
        self._dialect = dialect_of(endpoint.kind)
        self._request = request
        self._refusal: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._finish_reason = ""
        self._usage: dict[str, Any] | None = None
        self._reasoning_field = "reasoning_content"

    def take(self, event: dict[str, Any]) -> None:
        if event.get("error"):
            raise errors.broke_off(self.endpoint, event)
        self.id = self.id or str(event.get("id") or "")
        self._usage = event.get("usage") or self._usage
        choices = event.get("choices")
        if not choices:
            return
        choice = choices[0]
        delta = choice.get("delta") or {}
        if content := delta.get("content"):
            self.say(content)
        if thought := delta.get("reasoning_content"):
            self.think(thought)
        elif thought := delta.get("reasoning"):
            self._reasoning_field = "reasoning"
            self.think(thought)
        if refusal := delta.get("refusal"):
            self.grow(refusal)
            self._refusal.append(refusal)
        for call in delta.get("tool_calls") or ():
            self._take_call(call)
        self._finish_reason = choice.get("finish_reason") or self._finish_reason

    def _take_call(self, part: dict[str, Any]) -> None:
        index = part.get("index")
        if index is None:  # some send each call whole and number none: a name begins a call
            begins = bool((part.get("function") or {}).get("name"))
            index = len(self._calls) if begins else max(len(self._calls) - 1, 0)
        known = self._calls.setdefault(index, {"id": "", "name": "", "arguments": "", "signature": ""})
        function = part.get("function") or {}
        known["id"] = known["id"] or part.get("id") or ""
        known["name"] += function.get("name") or ""
        arguments = function.get("arguments") or ""
        self.grow(arguments or known["name"])
        known["arguments"] += arguments
        if signature := ((part.get("extra_content") or {}).get("google") or {}).get("thought_signature"):
            known["signature"] = signature

    @property
    def whole(self) -> bool:
        return bool(self._finish_reason or (self.done and self.length))

    @property
    def truncated(self) -> bool:
        return self._finish_reason == "length"

    def output(self) -> list[TResponseOutputItem]:
        origin = {"model": self.endpoint.model}
        output: list[TResponseOutputItem] = []
        if self.reasoning:
            output.append(self._reasoning_item(origin))
        text, refusal = "".join(self.text), "".join(self._refusal)
        if self._finish_reason == "content_filter" and not refusal and not text:
            refusal = _("The provider's content filter stopped this answer.")
        output += protocol.message(text, refusal, origin)
        seen = protocol.known_call_ids(self._request)
        for call in self._calls.values():
            if self.truncated and not protocol.is_object(call["arguments"]):
                continue  # cut in the middle of its arguments: nothing that could be called
            call_id = call["id"] if self._dialect.own_call_ids and call["id"] not in seen else ""
            call_id = call_id or protocol.new_call_id()
            seen.add(call_id)
            signature = {"thought_signature": call["signature"]} if call["signature"] else {}
            output.append(protocol.function_call(call_id, call["name"], call["arguments"], origin | signature))
        return output

    def _reasoning_item(self, origin: dict[str, Any]) -> TResponseOutputItem:
        """In the form that the SDK's converter takes back: DeepSeek's field as a summary, the other as its content."""
        text = "".join(self.reasoning)
        if self._reasoning_field == "reasoning":
            return protocol.raw_reasoning(text, origin | {"_chat_completions_reasoning_field": "reasoning"})
        return protocol.reasoning(text, origin)

    def said_usage(self) -> Usage | None:
        said = self._usage
        if not isinstance(said, dict):
            return None
        prompt, completion = said.get("prompt_tokens_details") or {}, said.get("completion_tokens_details") or {}
        return Usage(
            prompt_tokens=int(said.get("prompt_tokens") or 0),
            completion_tokens=int(said.get("completion_tokens") or 0),
            cached_tokens=int(prompt.get("cached_tokens") or said.get("prompt_cache_hit_tokens") or 0),
            reasoning_tokens=int(completion.get("reasoning_tokens") or 0),
        )


def _messages(endpoint: Endpoint, request: Request, dialect: Dialect) -> list[Any]:
    def replays(context: ReasoningContentReplayContext) -> bool:
        return dialect.replays_reasoning and context.reasoning.origin_model == endpoint.model

    # The converter hands signatures back to models that are called gemini; what they are called here is their owner's business.
    name = "gemini" if dialect.keeps_signatures else endpoint.model
    messages: list[Any] = list(
        Converter.items_to_messages(
            _items(request), model=name, base_url=endpoint.base_url, should_replay_reasoning_content=replays
        )
    )
    instructions = [request.instructions] if request.instructions else []
    if dialect.schemas != "native" and (schema := request.schema) is not None:
        instructions.append(_IN_WORDS.format(schema=orjson.dumps(schema).decode()))
    if instructions:
        messages.insert(0, {"role": "system", "content": "\n\n".join(instructions)})
    if dialect.call_ids is not None:
        for message in messages:
            for call in message.get("tool_calls") or ():
                call["id"] = fitting_call_id(call["id"], dialect.call_ids)
            if "tool_call_id" in message:
                message["tool_call_id"] = fitting_call_id(message["tool_call_id"], dialect.call_ids)
    return messages


def _items(request: Request) -> Any:
    return request.input if isinstance(request.input, str) else apart(request.input)


def _tool_choice(settings: ModelSettings, dialect: Dialect) -> Any:
    if settings.tool_choice is None:
        return None
    choice = Converter.convert_tool_choice(settings.tool_choice)
    return dialect.any_tool if choice == "required" else choice


def _response_format(request: Request, dialect: Dialect) -> Any:
    if request.schema is None or dialect.schemas == "prompt":
        return None
    return (
        {"type": "json_object"}
        if dialect.schemas == "object"
        else Converter.convert_response_format(request.output_schema)
    )
