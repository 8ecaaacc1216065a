"""Where guardrails stand, and what becomes of a text that one of them stops."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from agents import (
    Agent,
    FunctionTool,
    GuardrailFunctionOutput,
    InputGuardrail,
    InputGuardrailTripwireTriggered,
    OutputGuardrail,
    OutputGuardrailTripwireTriggered,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    ToolInputGuardrailData,
    ToolOutputGuardrail,
    ToolOutputGuardrailData,
)

from agent_app.engine.exported.requests import as_text

# What scripts name beside what is defined here.
USED = (InputGuardrailTripwireTriggered, OutputGuardrailTripwireTriggered)


@dataclass(frozen=True)
class Trip:
    """Why a text does not pass, and what the check wants to stand there instead."""

    message: str = ""
    instead: str = ""


Check = Callable[[str], Awaitable[Trip | None] | Trip | None]


@dataclass(frozen=True)
class Guard:
    """A check with a name. ``message`` is told where it trips, ``instead`` what stands there then; one that only ``warns`` lets
    everything pass. ``tools``: of these only."""

    name: str
    check: Check
    message: str = ""
    instead: str = ""
    warns: bool = False
    tools: Collection[str] = ()

    async def stops(self, text: str) -> str | None:
        """What is said where it stops a text; nothing where it passes."""
        found: Any = await asyncio.to_thread(self.check, text)
        trip: Trip | None = await found if inspect.isawaitable(found) else found
        if trip is None:
            return None
        message = self.message or trip.message or f"The guardrail “{self.name}” stopped this."
        if self.warns:
            logging.getLogger("guardrails").warning("%s: %s", self.name, message)
            return None
        return (trip.instead or self.instead) if self.instead else message


def asked(given: str | list[Any]) -> str:
    """The last that a person has said."""
    if isinstance(given, str):
        return given
    said = [item["content"] for item in given if item.get("role") == "user"][-1:]
    parts = [part for content in said for part in ([{"text": content}] if isinstance(content, str) else content)]
    return "".join(str(part.get("text", "")) for part in parts)


def input_guard(guard: Guard, *, parallel: bool = False) -> InputGuardrail[Any]:
    """The SDK asks it about what is said to the agent that begins, and to nobody else."""

    async def look(_context: Any, _agent: Any, given: str | list[Any]) -> GuardrailFunctionOutput:
        told = await guard.stops(asked(given))
        return GuardrailFunctionOutput(told, told is not None)

    return InputGuardrail(look, guard.name, run_in_parallel=parallel)


def output_guard(guard: Guard) -> OutputGuardrail[Any]:
    """The SDK asks it about the answer of the agent that speaks last."""

    async def look(_context: Any, _agent: Any, given: Any) -> GuardrailFunctionOutput:
        told = await guard.stops(as_text(given))
        return GuardrailFunctionOutput(told, told is not None)

    return OutputGuardrail(look, guard.name)


def guard_tools(agent: Agent[Any], inputs: list[Guard], outputs: list[Guard]) -> None:
    """What these guards stop, of what the agent's tools are called with and answer, is told to the model."""

    async def verdict(guard: Guard, name: str, text: str) -> ToolGuardrailFunctionOutput:
        told = None if guard.tools and name not in guard.tools else await guard.stops(text)
        if told is None:
            return ToolGuardrailFunctionOutput.allow()
        return ToolGuardrailFunctionOutput.reject_content(told)

    def before(guard: Guard) -> ToolInputGuardrail[Any]:
        async def look(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
            return await verdict(guard, data.context.tool_name, data.context.tool_arguments)

        return ToolInputGuardrail(look, guard.name)

    def after(guard: Guard) -> ToolOutputGuardrail[Any]:
        async def look(data: ToolOutputGuardrailData) -> ToolGuardrailFunctionOutput:
            return await verdict(guard, data.context.tool_name, as_text(data.output))

        return ToolOutputGuardrail(look, guard.name)

    for each in [*agent.tools, *agent.mcp_servers]:
        if isinstance(each, FunctionTool) or each in agent.mcp_servers:
            each.tool_input_guardrails = [before(guard) for guard in inputs]
            each.tool_output_guardrails = [after(guard) for guard in outputs]
