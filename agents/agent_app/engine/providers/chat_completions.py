"""OpenAI's Chat Completions, as spoken by OpenAI, by every OpenAI-compatible endpoint and by the local model."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from agents import ModelResponse, ModelSettings, Tool
from agents.agent_output import AgentOutputSchemaBase
from agents.handoffs import Handoff
from agents.items import TResponseInputItem, TResponseOutputItem
from agents.models.chatcmpl_converter import Converter
from agents.models.fake_id import FAKE_RESPONSES_ID
from django.utils.translation import gettext as _
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputRefusal,
    ResponseOutputText,
)

from agent_app.engine import tokens
from agent_app.engine.providers import errors, transport
from agent_app.engine.providers.base import WireModel, sdk_usage
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.providers.sse import DataLines, LineTooLong
from agent_app.engine.sink import Sink
from agent_app.model_references import ResolvedModel
from agent_app.runs.registry import Usage
from config.lib.outbound import AddressRefused

MAX_ANSWER = 4_000_000  # characters


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a model answers, and how it is asked. ``guarded``: the address comes from a user."""

    provider: str
    base_url: str
    model: str
    api_key: str = ""
    organization_id: str = ""
    guarded: bool = True
    extra: dict[str, Any] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        if self.organization_id:
            headers["OpenAI-Organization"] = self.organization_id
        return headers


@dataclass
class _Answer:
    """What the chunks have added up to."""

    id: str = ""
    text: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    tool_calls: dict[int, dict[str, str]] = field(default_factory=dict)
    finish_reason: str = ""
    done: bool = False
    usage: dict[str, Any] | None = None
    length: int = 0
    refused: bool = False  # the provider did nothing, and so asks nothing for it


class ChatCompletionsModel(WireModel):
    def __init__(self, endpoint: Endpoint, sink: Sink, resolved: ResolvedModel) -> None:
        self.endpoint = endpoint
        self.resolved = resolved
        self._sink = sink

    async def call(
        self,
        system_instructions: str | None,
        items: str | list[TResponseInputItem],
        settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Any]],
    ) -> ModelResponse:
        body = self._body(system_instructions, items, settings, tools, output_schema, handoffs)
        answer = _Answer()
        self._sink.turn_started()
        try:
            await self._read(body, answer)
        except ProviderError as error:
            answer.refused = error.kind in ("unreachable", "refused") and not answer.length
            raise
        finally:
            usage = self._usage(body, answer)
            self._sink.turn_used(usage)
        return ModelResponse(output=self._output(answer), usage=sdk_usage(usage), response_id=answer.id or None)

    # Asking

    def _body(
        self,
        system_instructions: str | None,
        items: str | list[TResponseInputItem],
        settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Any]],
    ) -> dict[str, Any]:
        messages: list[Any] = list(Converter.items_to_messages(items, model=self.endpoint.model))
        if system_instructions:
            messages.insert(0, {"role": "system", "content": system_instructions})
        functions = [Converter.tool_to_openai(tool) for tool in tools]
        functions += [Converter.convert_handoff_tool(handoff) for handoff in handoffs]
        response_format = Converter.convert_response_format(output_schema)
        body = {
            "model": self.endpoint.model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "max_tokens": settings.max_tokens,
            "tools": functions or None,
            "parallel_tool_calls": settings.parallel_tool_calls if functions else None,
            "response_format": response_format if isinstance(response_format, dict) else None,
            "reasoning_effort": settings.reasoning.effort if settings.reasoning else None,
            **self.endpoint.extra,
            **(settings.extra_args or {}),
        }
        return {key: value for key, value in body.items() if value is not None}

    # Reading

    async def _read(self, body: dict[str, Any], answer: _Answer) -> None:
        name = self.endpoint.provider
        try:
            async with transport.session(guarded=self.endpoint.guarded).post(
                f"{self.endpoint.base_url.rstrip('/')}/chat/completions",
                data=orjson.dumps(body),
                headers=self.endpoint.headers(),
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    answered = await response.content.read(20_000)
                    raise errors.refused(name, response.status, self._without_key(answered), response.headers)
                await self._read_stream(response, answer)
        except AddressRefused as error:
            raise ProviderError("unreachable", str(error)) from error
        except TimeoutError as error:
            raise ProviderError("stalled", _("%(provider)s stopped answering.") % {"provider": name}) from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefused):
                raise ProviderError("unreachable", str(error.os_error)) from error
            raise ProviderError(
                "unreachable",
                _("%(provider)s cannot be reached: %(why)s. Check the base URL.")
                % {"provider": name, "why": error.strerror},
            ) from error
        except aiohttp.ClientError as error:
            raise self._cut() from error
        if not answer.finish_reason and not (answer.done and answer.length):
            raise self._cut()

    async def _read_stream(self, response: aiohttp.ClientResponse, answer: _Answer) -> None:
        lines = DataLines()
        try:
            async for chunk in response.content.iter_any():
                if not answer.done:  # what follows [DONE] is read too, so that the connection can be used again
                    self._take_lines(lines.feed(chunk), answer)
            if not answer.done:
                self._take_lines(lines.end(), answer)
        except (orjson.JSONDecodeError, LineTooLong, TypeError, AttributeError, KeyError, ValueError) as error:
            raise ProviderError(
                "malformed",
                _("%(provider)s sent something that is not a chat completion.") % {"provider": self.endpoint.provider},
            ) from error

    def _take_lines(self, payloads: Iterator[bytes], answer: _Answer) -> None:
        for payload in payloads:
            if payload == b"[DONE]":
                answer.done = True
                return
            self._take(orjson.loads(payload), answer)

    def _take(self, chunk: dict[str, Any], answer: _Answer) -> None:
        if chunk.get("error"):
            words = errors.quote(self._without_key(orjson.dumps(chunk)))
            raise ProviderError(
                "refused",
                _("%(provider)s broke off with an error: %(quoted)s")
                % {"provider": self.endpoint.provider, "quoted": words},
            )
        answer.id = answer.id or str(chunk.get("id") or "")
        answer.usage = chunk.get("usage") or answer.usage
        choices = chunk.get("choices")
        if not choices:
            return
        choice = choices[0]
        delta = choice.get("delta") or {}
        if content := delta.get("content"):
            self._grow(answer, content)
            answer.text.append(content)
            self._sink.text(content)
        if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
            self._grow(answer, reasoning)
            answer.reasoning.append(reasoning)
            self._sink.reasoning(reasoning)
        if refusal := delta.get("refusal"):
            answer.refusal.append(refusal)
        for call in delta.get("tool_calls") or ():
            self._take_tool_call(call, answer)
        answer.finish_reason = choice.get("finish_reason") or answer.finish_reason

    def _grow(self, answer: _Answer, text: str) -> None:
        answer.length += len(text)  # a TypeError here is a content that is no text: malformed
        if answer.length > MAX_ANSWER:
            raise ProviderError(
                "malformed",
                _("%(provider)s sent an answer without end; it was stopped.") % {"provider": self.endpoint.provider},
            )

    @staticmethod
    def _take_tool_call(call: dict[str, Any], answer: _Answer) -> None:
        known = answer.tool_calls.setdefault(call.get("index") or 0, {"id": "", "name": "", "arguments": ""})
        function = call.get("function") or {}
        known["id"] = known["id"] or call.get("id") or ""
        known["name"] += function.get("name") or ""
        known["arguments"] += function.get("arguments") or ""

    def _without_key(self, body: bytes) -> bytes:
        """A provider may quote the key it was given, and not every key looks like one."""
        key = self.endpoint.api_key.encode()
        return body.replace(key, b"[redacted]") if key else body

    def _cut(self) -> ProviderError:
        return ProviderError(
            "cut",
            _("%(provider)s ended the connection before the answer was complete.")
            % {"provider": self.endpoint.provider},
        )

    # The finished answer

    def _output(self, answer: _Answer) -> list[TResponseOutputItem]:
        self._sink.truncated = answer.finish_reason == "length"
        output: list[TResponseOutputItem] = []
        content: list[ResponseOutputText | ResponseOutputRefusal] = []
        if answer.text:
            content.append(
                ResponseOutputText(type="output_text", text="".join(answer.text), annotations=[], logprobs=[])
            )
        refusal = "".join(answer.refusal)
        if answer.finish_reason == "content_filter" and not refusal and not answer.text:
            refusal = _("The provider's content filter stopped this answer.")
        if refusal:
            content.append(ResponseOutputRefusal(type="refusal", refusal=refusal))
        if content:
            output.append(
                ResponseOutputMessage(
                    id=FAKE_RESPONSES_ID, type="message", role="assistant", status="completed", content=content
                )
            )
        for call in answer.tool_calls.values():
            output.append(
                ResponseFunctionToolCall(
                    id=FAKE_RESPONSES_ID,
                    type="function_call",
                    call_id=call["id"] or f"call_{uuid.uuid4().hex}",
                    name=call["name"],
                    arguments=call["arguments"],
                )
            )
        return output

    def _usage(self, body: dict[str, Any], answer: _Answer) -> Usage:
        """As the provider counted; where it did not say, the prompt and the received text counted by us."""
        said = answer.usage
        if answer.refused:
            return Usage()
        if not isinstance(said, dict):
            received = "".join(answer.text) + "".join(answer.reasoning)
            return Usage(
                prompt_tokens=tokens.estimate_messages(body["messages"]),
                completion_tokens=tokens.estimate(received),
                known=False,
            )
        prompt, completion = said.get("prompt_tokens_details") or {}, said.get("completion_tokens_details") or {}
        return Usage(
            prompt_tokens=int(said.get("prompt_tokens") or 0),
            completion_tokens=int(said.get("completion_tokens") or 0),
            cached_tokens=int(prompt.get("cached_tokens") or said.get("prompt_cache_hit_tokens") or 0),
            reasoning_tokens=int(completion.get("reasoning_tokens") or 0),
        )
