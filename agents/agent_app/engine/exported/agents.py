"""Agents, their models, answers and handoffs."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import jsonschema
from agents import (
    Agent,
    AgentOutputSchemaBase,
    Handoff,
    HandoffInputData,
    Model,
    ModelBehaviorError,
    ModelResponse,
    ModelSettings,
    MultiProvider,
    OpenAIChatCompletionsModel,
    Runner,
    handoff,
    set_tracing_disabled,
)
from agents.extensions import handoff_filters
from openai import AsyncOpenAI, OpenAIError
from openai.types.shared import Reasoning

from agent_app.engine.exported.templates import compute
from agent_app.engine.exported.values import values

# What scripts name beside what is defined here.
USED = (asyncio, sys, Agent, ModelSettings, Reasoning, Runner, handoff, handoff_filters, set_tracing_disabled)


def provider_model(model: str, prefix: str) -> OpenAIChatCompletionsModel:
    """A model of a provider that speaks Chat Completions; PREFIX_API_KEY and PREFIX_BASE_URL say where and with which key."""
    client = AsyncOpenAI(
        api_key=os.environ.get(f"{prefix}_API_KEY", "missing"), base_url=os.environ.get(f"{prefix}_BASE_URL")
    )
    return OpenAIChatCompletionsModel(model=model, openai_client=client)


class Fallbacks(Model):
    """Where a model cannot answer, the next one is asked; those of OpenAI by their names."""

    def __init__(self, *models: str | Model) -> None:
        self.models = models

    async def get_response(self, *args: Any, **named: Any) -> ModelResponse:
        for each in self.models[:-1]:
            with suppress(OpenAIError):
                return await found_model(each).get_response(*args, **named)
        return await found_model(self.models[-1]).get_response(*args, **named)

    def stream_response(self, *args: Any, **named: Any) -> AsyncIterator[Any]:
        """Begun is begun: only the first is asked."""
        return found_model(self.models[0]).stream_response(*args, **named)


def found_model(model: str | Model) -> Model:
    return MultiProvider().get_model(model) if isinstance(model, str) else model


class JsonOutput(AgentOutputSchemaBase):
    """An answer that fits a JSON Schema; of one with a ``wrapper`` only what stands in it is meant."""

    def __init__(self, schema: dict[str, Any], wrapper: str = "") -> None:
        self.schema, self.wrapper = schema, wrapper

    def is_plain_text(self) -> bool:
        return False

    def name(self) -> str:
        return "output"

    def json_schema(self) -> dict[str, Any]:
        return self.schema

    def is_strict_json_schema(self) -> bool:
        return False

    def validate_json(self, json_str: str) -> Any:
        try:
            value = json.loads(json_str)
            jsonschema.validate(value, self.schema)
        except (ValueError, jsonschema.ValidationError) as error:
            raise ModelBehaviorError(str(error)) from error
        return value[self.wrapper] if self.wrapper else value


def last(number: int) -> Any:
    """Hand over only the last items of the conversation."""

    def keep(data: HandoffInputData) -> HandoffInputData:
        history = data.input_history
        return data.clone(input_history=history if isinstance(history, str) else history[-number:])

    return keep


def when(expression: str) -> Callable[..., bool]:
    """Offer a handoff only where this holds."""
    return lambda _context, _agent: bool(compute(expression, values()))


def with_payload(made: Handoff[Any, Any], schema: dict[str, Any]) -> Handoff[Any, Any]:
    """The model says this when it hands over; the next agent reads it in the conversation."""
    made.input_json_schema, made.strict_json_schema = schema, False
    return made
