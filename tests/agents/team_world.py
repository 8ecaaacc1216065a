"""Runs of several agents: definitions as they are frozen, until the API can make them."""

import hashlib
from typing import Any

import orjson

from agent_app.models import Agent, AgentSnapshot, Run, Span
from tests.agents.world import make_agent, start
from tests.cast import Person


def definition_of(agent: Agent, **more: Any) -> dict[str, Any]:
    """What a snapshot of ``agent`` holds."""
    return {
        "agent_id": str(agent.id), "name": agent.name, "instructions": agent.instructions, "model": agent.model,
        "model_settings": agent.model_settings, "handoff_description": agent.handoff_description, "output_type": None,
        "fallback_models": [], "handoffs": [], **more,
    }  # fmt: skip


def handoff_to(agent: Agent, **more: Any) -> dict[str, Any]:
    return {
        "id": str(agent.id), "target_agent_id": str(agent.id), "tool_name": "", "tool_description": "", "input_filter": "all",
        "payload_schema": None, "enabled_when": "", **more,
    }  # fmt: skip


def tutors(person: Person, **handoff: Any) -> tuple[Agent, Agent, dict[str, Any]]:
    """Triage, and a history tutor it can hand over to; the definition of both."""
    triage = make_agent(person, name="Triage", model="fake/m", instructions="Send people on.")
    tutor = make_agent(person, name="History Tutor", model="fake/tutor", instructions="Teach history.")
    target = definition_of(tutor)
    definition = definition_of(triage, handoffs=[handoff_to(tutor, **handoff)], targets={str(tutor.id): target})
    return triage, tutor, definition


def start_as(person: Person, agent: Agent, definition: dict[str, Any], message: str = "Hello", **fields: Any) -> Run:
    """A run that executes ``definition``."""
    context = fields.pop("context", None)
    run = start(person, agent, message, **fields)
    digest = hashlib.sha256(orjson.dumps(definition)).hexdigest()
    frozen = AgentSnapshot.objects.create(
        workspace_id=agent.workspace_id, agent=agent, digest=digest, definition=definition
    )
    Run.objects.filter(id=run.id).update(snapshot=frozen, input={**run.input, "context": context or {}})
    return run


def told(run: Run) -> list[tuple[str, str, str]]:
    """The run's spans in order: type, name, and the code of what went wrong."""
    rows = Span.objects.filter(run=run).order_by("started_at", "id")
    return [(span.type, span.name, span.error.get("code", "")) for span in rows]
