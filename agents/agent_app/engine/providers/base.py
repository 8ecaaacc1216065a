"""The base of our models: what the SDK asks of a ``Model``, in terms of one streamed call."""

import abc
from collections.abc import AsyncIterator
from typing import Any

from agents import ModelResponse, ModelSettings, ModelTracing, Tool
from agents import Usage as SdkUsage
from agents.agent_output import AgentOutputSchemaBase
from agents.handoffs import Handoff
from agents.items import TResponseInputItem, TResponseStreamEvent
from agents.models.interface import Model
from openai.types.responses import Response, ResponseCompletedEvent, ResponseUsage
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails

from agent_app.engine.providers.request import Request
from agent_app.runs.registry import Usage


class WireModel(Model, abc.ABC):
    """A model whose answer is read from the wire and handed to the run's sink while it arrives."""

    @abc.abstractmethod
    async def answer(self, request: Request) -> ModelResponse:
        """One model call, streamed to the sink. Raises ProviderError and NotEnoughCredits."""

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
        return await self.answer(
            Request(
                instructions=system_instructions, input=input, settings=model_settings, tools=tools,
                output_schema=output_schema, handoffs=handoffs,
            )
        )  # fmt: skip

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
        answer = await self.get_response(
            system_instructions, input, model_settings, tools, output_schema, handoffs, tracing
        )
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


def sdk_usage(usage: Usage) -> SdkUsage:
    return SdkUsage(
        requests=1,
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
        input_tokens_details=InputTokensDetails(
            cached_tokens=usage.cached_tokens, cache_write_tokens=usage.cache_write_tokens
        ),
        output_tokens_details=OutputTokensDetails(reasoning_tokens=usage.reasoning_tokens),
    )
