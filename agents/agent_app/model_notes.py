"""What the builder says beside the choice of a model: what ``auto`` would do, and which settings have no effect as they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from agent_app import keys
from agent_app.auto import AUTO, BALANCED, Choice, Task
from agent_app.calls import prompt_tokens
from agent_app.capabilities import capability_problems
from agent_app.definition.content import Content
from agent_app.model_references import auto_choices, default_reference, resolve
from agent_app.models import Agent
from community.access import Actor
from config.lib.errors import AppError

_REASONING = "Compare the two and plan what to do."
_HARD = f"{_REASONING} ```python\nprint(1)\n```"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What ``auto`` chooses from the models of now, by kinds of messages; ``preferred`` is the workspace's default."""

    choices: list[tuple[str, Choice | None]]
    preferred: str


@dataclass(frozen=True, kw_only=True)
class ModelNotes:
    """``plan`` is None where the agent's model is not ``auto``."""

    plan: Plan | None
    warnings: list[str]


def model_notes(actor: Actor, agent: Agent, content: Content, problems: list[dict[str, str]]) -> ModelNotes:
    """Of the draft, whose ``problems`` are known. Costs queries only for what it uses: ``auto``, and each fallback."""
    plan = _plan(agent, content) if content["model"] == AUTO else None
    of_model = [problem["message"] for problem in problems if problem["field"] == "model"]
    said = [*of_model, *_cache(content["model_settings"]), *_fallbacks(actor, content)]
    return ModelNotes(plan=plan, warnings=said)


def _plan(agent: Agent, content: Content) -> Plan:
    kinds = (
        (_("A short question"), ""),
        (_("Reasoning is asked for"), _REASONING),
        (_("Code and reasoning"), _HARD),
    )
    counted = prompt_tokens(content["instructions"], [])
    tasks = [
        Task(
            message=message, prompt_tokens=counted, handoffs=len(content["handoffs"]), schema=bool(content["output_type"]),
            preference=content["model_settings"].get("preference") or BALANCED,
        )
        for _label, message in kinds
    ]  # fmt: skip
    found = auto_choices(agent.workspace_id, tasks)
    return Plan(
        choices=[(label, choice) for (label, _message), choice in zip(kinds, found, strict=True)],
        preferred=default_reference(agent.workspace_id),
    )


def _cache(settings: dict[str, Any]) -> Iterator[str]:
    if settings.get("cache_ttl") and settings.get("temperature") != 0:
        yield _("No answer is kept now: that needs temperature 0, since only then the same question has one answer.")


def _fallbacks(actor: Actor, content: Content) -> Iterator[str]:
    """Fallbacks that could not help, with the reason."""
    for reference in content["fallback_models"]:
        if reference == content["model"]:
            yield _("%(model)s stands in for itself. It is tried again in any case.") % {"model": reference}
            continue
        try:
            resolved = resolve(workspace_id=actor.workspace_id, reference=reference)
            keys.best(resolved, workspace_id=actor.workspace_id, person_id=actor.id)
        except AppError as error:
            why = [str(error.detail)]
        else:
            problems = capability_problems(content, resolved)
            why = [problem.message for problem in problems if problem.severity == "error"]
        if why:
            yield _("%(model)s cannot stand in: %(why)s") % {"model": reference, "why": " ".join(why)}
