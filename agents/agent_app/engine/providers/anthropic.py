"""Anthropic's Messages API: what is asked. ``anthropic_answer.py`` reads what comes back."""

import copy
import re
from dataclasses import dataclass
from typing import Any

from agents.tool import FunctionTool
from django.utils.translation import gettext as _

from agent_app.engine.providers import anthropic_items
from agent_app.engine.providers.anthropic_answer import FINAL_OUTPUT, AnthropicAnswer
from agent_app.engine.providers.anthropic_schema import fits, strict_form
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.providers.protocol import Protocol
from agent_app.engine.providers.request import Request
from agent_app.engine.sink import Sink
from agent_app.provider_types import ANTHROPIC_VERSION

_USUAL_ANSWER = 8192  # tokens; the API has no default of its own
_REFUSED = frozenset({"temperature", "top_p", "top_k"})  # this version of the API answers 400 to them
_CACHE = {"type": "ephemeral"}


@dataclass(frozen=True, kw_only=True)
class _Generation:
    """What models of one generation can do. ``thinking``: how it is asked for."""

    names: re.Pattern[str]
    thinking: str  # adaptive | budget | ""
    schemas: bool
    answer: int = _USUAL_ANSWER


# The first that fits; models that are not named are taken for the newest.
_GENERATIONS = (
    _Generation(names=re.compile(r"claude-(2|instant|3-(opus|sonnet|haiku)-)"), thinking="", schemas=False, answer=4096),
    _Generation(names=re.compile(r"claude-3-5"), thinking="", schemas=False),
    _Generation(names=re.compile(r"claude-(3-7|(opus|sonnet)-4-(0|2025)|(opus|sonnet)-4$)"), thinking="budget", schemas=False),
    _Generation(names=re.compile(r"claude-(opus|sonnet|haiku)-4-[15]"), thinking="budget", schemas=True),
    _Generation(names=re.compile(r""), thinking="adaptive", schemas=True),
)  # fmt: skip
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32768}
_EFFORTS = {"minimal": "low"}


class AnthropicMessages(Protocol):
    path = "/v1/messages"

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        return {**super().headers(endpoint), "anthropic-version": ANTHROPIC_VERSION}

    def body(self, endpoint: Endpoint, request: Request) -> dict[str, Any]:
        generation = next(each for each in _GENERATIONS if each.names.search(endpoint.model))
        system, messages = anthropic_items.messages(request.items, endpoint.model)
        if request.instructions:
            system.insert(0, request.instructions)
        tools = _tools(request)
        body: dict[str, Any] = {
            "model": endpoint.model,
            "max_tokens": request.settings.max_tokens
            or min(generation.answer, endpoint.max_output or generation.answer),
            "messages": messages,
            "stream": True,
            "tools": tools or None,
            "tool_choice": _tool_choice(request) if tools else None,
        }
        _think(body, request, generation)
        _ask_for_schema(body, request, generation, system)
        if system:
            blocks: list[dict[str, Any]] = [{"type": "text", "text": text} for text in system]
            blocks[-1]["cache_control"] = _CACHE  # covers the tools too, which stand before it
            body["system"] = blocks
        if len(messages) > 1:
            body["cache_control"] = _CACHE  # the next turn begins with all of this
        body |= {**endpoint.extra, **(request.settings.extra_args or {})}
        for name in ("max_completion_tokens", "max_output_tokens"):  # a limit that a builder set in another API's words
            if name in body:
                body["max_tokens"] = body.pop(name)
        return {key: value for key, value in body.items() if value is not None and key not in _REFUSED}

    def answer(self, endpoint: Endpoint, request: Request, sink: Sink) -> AnthropicAnswer:
        return AnthropicAnswer(endpoint, request, sink)

    def resumed(self, body: dict[str, Any], answer: AnthropicAnswer) -> dict[str, Any] | None:
        """The provider paused a long turn of its own tools: what it has said goes back to it as it stands."""
        if answer.stop_reason != "pause_turn":
            return None
        return {**body, "messages": [*body["messages"], {"role": "assistant", "content": answer.resume()}]}


def _tools(request: Request) -> list[dict[str, Any]]:
    tools: list[dict[str, Any]] = []
    for tool in request.tools:
        if not isinstance(tool, FunctionTool):
            text = _("The tool %(name)s runs at OpenAI only. Take it away, or choose a model of OpenAI.")
            raise ProviderError("refused", text % {"name": tool.name}, cause="tools")
        tools.append(_tool(tool.name, tool.description, tool.params_json_schema))
    for handoff in request.handoffs:
        tools.append(_tool(handoff.tool_name, handoff.tool_description, handoff.input_json_schema))
    return tools


def _tool(name: str, description: str | None, schema: dict[str, Any] | None) -> dict[str, Any]:
    parameters = {"properties": {}, **(schema or {}), "type": "object"}
    return {"name": name, "description": description or "", "input_schema": parameters}


def _tool_choice(request: Request) -> dict[str, Any] | None:
    wanted = request.settings.tool_choice
    known = {"auto": "auto", "required": "any", "none": "none"}
    choice: dict[str, Any] | None = None
    if isinstance(wanted, str):
        choice = {"type": known[wanted]} if wanted in known else {"type": "tool", "name": wanted}
    if request.settings.parallel_tool_calls is False and (choice or {}).get("type") != "none":
        choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
    return choice


def _think(body: dict[str, Any], request: Request, generation: _Generation) -> None:
    """Reasoning effort, in the words of the model's generation."""
    effort = request.settings.reasoning.effort if request.settings.reasoning else None
    if effort is None or not generation.thinking:
        return
    if effort == "none":
        body["thinking"] = {"type": "disabled"}
    elif generation.thinking == "adaptive":
        body["thinking"] = {"type": "adaptive", "display": "summarized"}
        body["output_config"] = {"effort": _EFFORTS.get(effort, effort)}
    else:
        budget = _BUDGETS.get(effort, _BUDGETS["medium"])
        if request.settings.max_tokens is None:
            body["max_tokens"] += budget
        budget = min(budget, body["max_tokens"] * 3 // 4)  # something must be left for the answer
        if budget >= 1024:
            body["thinking"] = {"type": "enabled", "budget_tokens": budget}


def _ask_for_schema(body: dict[str, Any], request: Request, generation: _Generation, system: list[str]) -> None:
    """An output type: enforced where the model can and the schema fits, else as the input of a tool that ends the answer."""
    schema = request.schema
    if schema is None:
        return
    if generation.schemas and fits(schema):
        output = {"type": "json_schema", "schema": strict_form(copy.deepcopy(schema))}
        body["output_config"] = {**body.get("output_config", {}), "format": output}
        return
    others = body["tools"] or []
    body["tools"] = [*others, _tool(FINAL_OUTPUT, "Give the final answer. Call it exactly once, at the end.", schema)]
    if (body.get("thinking") or {}).get("type") in (
        "enabled",
        "adaptive",
    ):  # a forced tool and thinking exclude each other
        body["tool_choice"] = {"type": "auto"}
        system.append(f"Give your final answer by calling the tool {FINAL_OUTPUT}, not as text.")
    else:
        body["tool_choice"] = {"type": "any"} if others else {"type": "tool", "name": FINAL_OUTPUT}
