"""Spans of what waits for people: one worker begins them, another ends them, and the trace has each once. Pure.

They are known by the call that waits, or that the conversation of the agent that waits answers.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from agent_app.runs.spans import Recorded

State = dict[str, Any]


class WaitingSpans:
    """Those of one run. ``waiting`` are the ones that wait since now."""

    def __init__(self) -> None:
        self.waiting: dict[str, Recorded] = {}
        self._begun: dict[str, State] = {}

    def restore(self, begun: dict[str, State]) -> None:
        """What an earlier worker has begun (``runs.spans.kept``)."""
        self._begun = dict(begun)

    def begun(self) -> dict[str, State]:
        """What of it has not ended: whoever takes the run from here on goes on with it."""
        return dict(self._begun)

    def waits(self, name: str, span: Recorded) -> None:
        self.waiting[name] = span
        self._begun.pop(name, None)

    def goes_on(self, name: str, span: Recorded) -> None:
        """``span`` was opened: it is the one that was begun under this name, if there is one."""
        begun = self._begun.get(name)
        if begun is None or begun["agent_id"] != span.agent_id:
            return
        span.id, span.started_at = UUID(begun["id"]), datetime.fromisoformat(begun["started_at"])
        span.input, span.goes_on, span.after_unchecked = begun["input"], True, False

    def ends(self, span: Recorded) -> None:
        if span.goes_on:
            self._begun = {name: begun for name, begun in self._begun.items() if begun["id"] != str(span.id)}
