"""One agent that takes part in a run, with what it is asked through."""

from dataclasses import dataclass
from typing import Any

from agents import Agent

from agent_app.engine.recorded_models import RecordedModel


@dataclass
class Member:
    """One agent of a run. ``budget``: how many tokens of conversation its model can take (None: not limited by us)."""

    agent_id: str
    agent: Agent[Any]
    model: RecordedModel
    budget: int | None
