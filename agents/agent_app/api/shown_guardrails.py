"""Guardrails as they are answered: a secret is said to be there, and not what it is."""

from typing import Any

from agent_app import credentials
from agent_app.models import Agent

Guard = dict[str, Any]


def masked_guardrails(agent: Agent, guardrails: list[Guard]) -> list[Guard]:
    """One query for all of them, and none where nothing is secret."""
    found = credentials.credentials_of(agent.workspace_id, [each["credential_id"] for each in guardrails])
    return [
        each | {"config": credentials.masked(each["config"], found.get(each["credential_id"] or ""))}
        for each in guardrails
    ]
