"""The base of our models: what the SDK asks of a ``Model``, in terms of one streamed call."""

import abc
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from agents import ModelResponse, ModelSettings, ModelTracing, Tool
from agents import Usage as SdkUsage
from agents.agent_output import AgentOutputSchemaBase
from agents.handoffs import Handoff
from agents.items import TResponseInputItem, TResponseStreamEvent
from agents.models.interface import Model
from openai.types.responses import Response, ResponseCompletedEvent, ResponseUsage
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails

from agent_app.engine import tokens
from agent_app.engine.sink import Sink
from agent_app.model_references import ResolvedModel
from agent_app.runs.registry import Usage

# Parameters a builder may have added by hand.
_OUTPUT_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_SEVERAL = ("n", "best_of")


class WireModel(Model, abc.ABC):
    """A model whose answer is read from the wire and handed to the run's sink while it arrives."""

    _sink: Sink
    resolved: ResolvedModel

    async def _held_call(
        self,
        system_instructions: str | None,
        items: str | list[TResponseInputItem],
        settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Any]],
    ) -> ModelResponse:
        """The call, once its worst case is held; where there are few credits left the answer must be shorter."""
        prompt = tokens.estimate_request(system_instructions, items, tools, handoffs, output_schema)
        settings = _limited(settings, await self._sink.turn_held(prompt, _wanted(settings), self.resolved))
        return await self.call(system_instructions, items, settings, tools, output_schema, handoffs)

    @abc.abstractmethod
    async def call(
        self,
        system_instructions: str | None,
        items: str | list[TResponseInputItem],
        settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Any]],
    ) -> ModelResponse:
        """One model call, streamed to the sink. Raises ProviderError."""

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Any]],
        tracing: ModelTracing,
        **_: Any,
    ) -> ModelResponse:
        return await self._held_call(system_instructions, input, model_settings, tools, output_schema, handoffs)

    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Any]],
        tracing: ModelTracing,
        **_: Any,
    ) -> AsyncIterator[TResponseStreamEvent]:
        """The SDK needs only the completed response; everything before it has gone to the sink."""
        answer = await self._held_call(system_instructions, input, model_settings, tools, output_schema, handoffs)
        usage = answer.usage
        yield ResponseCompletedEvent(
            type="response.completed",
            sequence_number=0,
            response=Response.model_construct(
                id=answer.response_id or "",
                output=answer.output,
                usage=ResponseUsage(
                    input_tokens=usage.input_tokens,
                    input_tokens_details=usage.input_tokens_details,
                    output_tokens=usage.output_tokens,
                    output_tokens_details=usage.output_tokens_details,
                    total_tokens=usage.total_tokens,
                ),
            ),
        )


def _wanted(settings: ModelSettings) -> int | None:
    """How long an answer the agent's settings allow, whatever its provider calls that."""
    extra = settings.extra_args or {}
    named = [value for key in _OUTPUT_LIMITS if isinstance(value := extra.get(key), int) and value > 0]
    return min([*named, *([settings.max_tokens] if settings.max_tokens else [])], default=None)


def _limited(settings: ModelSettings, most: int | None) -> ModelSettings:
    """The settings with the length that was paid for; what else would make an answer longer is left out."""
    if most is None:
        return settings
    extra = {key: value for key, value in (settings.extra_args or {}).items() if key not in _SEVERAL}
    named = [key for key in _OUTPUT_LIMITS if key in extra]
    return replace(
        settings,
        max_tokens=None if named else most,
        extra_args={**extra, **dict.fromkeys(named, most)} or None,
    )


def sdk_usage(usage: Usage) -> SdkUsage:
    return SdkUsage(
        requests=1,
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
        input_tokens_details=InputTokensDetails(cached_tokens=usage.cached_tokens, cache_write_tokens=0),
        output_tokens_details=OutputTokensDetails(reasoning_tokens=usage.reasoning_tokens),
    )
