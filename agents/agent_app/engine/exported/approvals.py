"""Calls that a person has to approve: asked on the terminal."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from agents import Agent, FunctionTool, Runner, RunResult

from agent_app.engine.exported.templates import compute
from agent_app.engine.exported.values import values


def limited(made: FunctionTool, **limits: Any) -> FunctionTool:
    """A tool with a time limit, or with calls that a person has to approve."""
    for name, value in limits.items():
        setattr(made, name, value)
    return made


def if_so(expression: str) -> Callable[[Any, dict[str, Any], str], Awaitable[bool]]:
    """Whether a call has to be approved; one of which that cannot be said has to be."""

    async def ask_about(_context: Any, arguments: dict[str, Any], _call_id: str) -> bool:
        try:
            return bool(compute(expression, {**values(), "arguments": arguments}))
        except Exception:  # noqa: BLE001
            return True

    return ask_about


async def run_with_approvals(agent: Agent[Any], message: str) -> RunResult:
    """A run that asks on the terminal before such a call is made."""
    result = await Runner.run(agent, message)
    while result.interruptions:
        state = result.to_state()
        for each in result.interruptions:
            answer = await asyncio.to_thread(input, f"Call {each.name} with {each.arguments!r}? [y/N] ")
            if answer.strip().lower() == "y":
                state.approve(each)
            else:
                state.reject(each)
        result = await Runner.run(agent, state)
    return result
