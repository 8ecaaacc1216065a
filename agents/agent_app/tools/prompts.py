"""Prompts of tools: a template that a model is asked with, and what is wrong with one."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from agent_app import model_references
from agent_app.expressions import ExpressionError, check_template, paths_of, render
from agent_app.tools.registry import CallContext, Problems, ToolFailed
from config.lib.errors import AppError

GIVEN = frozenset({"context", "user", "message"})


def problems(workspace_id: UUID, asked: Mapping[str, Any], names: Collection[str]) -> Problems:
    """What is wrong with ``prompt``, which may name ``names`` beside what a run gives, and with ``model``."""
    found: Problems = {}
    if wrong := check_template(asked["prompt"], GIVEN | set(names)):
        found["prompt"] = wrong
    if asked.get("model"):
        try:
            model_references.resolve(workspace_id=workspace_id, reference=asked["model"])
        except AppError as error:
            found["model"] = [error.detail]
    return found


async def ask(asked: Mapping[str, Any], context: CallContext, **about: Any) -> str:
    """A model's answer to the prompt of ``asked`` about the one thing that is given. Raises ToolFailed."""
    if context.asks is None:
        raise ToolFailed("Models answer in runs only.", code="no_run")
    try:
        prompt = await asyncio.to_thread(_filled, asked["prompt"], context.values, about)
    except ExpressionError as error:
        raise ToolFailed(f"The prompt of this tool cannot be filled in: {error.message}", code="prompt") from error
    return await context.asks.model(
        asked.get("model") or "", prompt, temperature=asked.get("temperature"), max_tokens=asked.get("max_tokens")
    )


def _filled(template: str, values: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """What the template does not name comes after it."""
    named = {str(path[0]) for path in paths_of(template)}
    prompt = render(template, {**values, **about})
    return "\n\n".join([prompt, *(str(value) for name, value in about.items() if name not in named)])
