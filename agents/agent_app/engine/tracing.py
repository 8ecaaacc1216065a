"""What a run records of itself. The SDK's own tracing is off: nothing leaves, and nothing waits for a span.

Spans are kept in ``produced.spans`` when they end; the worker writes them with its other upkeep.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from agent_app.engine.held_spans import HeldSpans
from agent_app.engine.waiting_spans import WaitingSpans
from agent_app.runs.registry import Produced
from agent_app.runs.spans import Recorded, SpanType


@dataclass(slots=True)
class _Place:
    """Where spans belong: to the agent that speaks, or to the call within which it will. ``held`` are those that wait until the
    answer was checked."""

    above: Recorded | None = None
    agent: Recorded | None = None
    held: HeldSpans | None = None


# Agents that were called as tools speak side by side, each below its call.
_place: ContextVar[_Place | None] = ContextVar("place", default=None)


class Recorder:
    """The spans of one run. ``agent`` is the one that speaks now; what happens lies below its span. ``tools`` are the names of
    those that were called."""

    def __init__(self, produced: Produced) -> None:
        self._produced = produced
        self._root = _Place()
        self.waiting = WaitingSpans()
        self.tools: list[str] = []

    @property
    def agent(self) -> Recorded | None:
        return self._here.agent

    @property
    def _here(self) -> _Place:
        return _place.get() or self._root

    @contextmanager
    def below(self, span: Recorded) -> Iterator[None]:
        """What happens within belongs to ``span``."""
        token = _place.set(_Place(above=span, held=self._here.held))
        try:
            yield
        finally:
            _place.reset(token)

    def agent_starts(self, name: str, agent_id: str, given: Any, *, answers: str | None = None) -> None:
        """Another agent's turn: whoever spoke before has ended. ``answers``: it may have waited, in the conversation that answers
        this call (empty: the run's own)."""
        self.agent_ends()
        self._here.agent = span = self.open("agent", name, agent_id=agent_id, input=given)
        if answers is not None:
            self.waiting.goes_on(f"agent {answers}", span)

    def agent_resumes(self, name: str, agent_id: str, given: Any) -> None:
        """An agent goes on where another worker has left the run. Whoever was about to begin takes no turn where nothing has
        happened yet."""
        here = self._here
        if here.agent is not None and all(span.parent_id != here.agent.id for span in self._produced.spans):
            here.agent = here.agent if here.held and here.held.holds_child_of(here.agent) else None
        self.agent_starts(name, agent_id, given, answers="")

    def agent_waits(self, answers: str) -> None:
        """Whoever speaks waits for people, in the conversation that answers this call (empty: the run's own)."""
        here = self._here
        if here.agent is not None:
            span, here.agent = here.agent, None
            self._waits(f"agent {answers}", span)

    def given(self, what: Any) -> None:
        """What the agent that speaks now was given."""
        if self.agent is not None and not self.agent.goes_on:
            self.agent.input = what

    def agent_ends(self, output: Any = None, error: dict[str, str] | None = None) -> None:
        here = self._here
        if here.agent is not None:
            span, here.agent = here.agent, None
            self.close(span, output, error)

    def open(self, kind: SpanType, name: str, *, agent_id: str = "", **more: Any) -> Recorded:
        above = self._here.agent or self._here.above
        if kind == "tool":
            self.tools.append(name)
        owner = agent_id or (above.agent_id if above else "")
        span = Recorded(type=kind, name=name, parent_id=above.id if above else None, agent_id=owner, **more)
        if self._here.held is not None:
            self._here.held.opens(span)
        return span

    def open_call(self, name: str, call_id: str, given: Any) -> Recorded:
        """The span of a tool's call, which may be one that waited."""
        span = self.open("tool", name, input=given)
        self.waiting.goes_on(f"tool {call_id}", span)
        return span

    def call_waits(self, span: Recorded, call_id: str) -> None:
        """A call has begun, and ends with another worker."""
        self._waits(f"tool {call_id}", span)

    def _waits(self, name: str, span: Recorded) -> None:
        self.waiting.waits(name, span)
        self._produced.spans.append(span)

    def drop(self, span: Recorded) -> None:
        """What was opened did not happen (yet)."""
        self.tools.remove(span.name)

    def close(self, span: Recorded, output: Any = None, error: dict[str, str] | None = None) -> None:
        span.ended_at = timezone.now()
        span.output = output
        span.error = error
        self.waiting.ends(span)
        held = self._here.held
        if held is None or not held.takes(span):
            self._produced.spans.append(span)

    # Answers that are checked

    def hold(self, held: HeldSpans | None) -> None:
        """From here on, what tells of the answer waits until it was checked; None: the answer is checked by nobody."""
        self._here.held = held

    def let_go(self, *, withheld: bool = False) -> None:
        """The answer was checked. Where it is ``withheld``, its words leave the trace."""
        here = self._here
        if (held := here.held) is not None:
            here.held, held.let_go = None, True
            if here.agent is not None:
                held.clean(here.agent, withheld=withheld)
            self._produced.spans += held.give(withheld=withheld)

    def start_over(self) -> None:
        """What was said so far counts for nothing, and nobody will check it."""
        if (held := self._here.held) is not None:
            self._produced.spans += held.give(withheld=True)
            held.said = held.lost = True

    def forget_reasoning(self) -> None:
        if self._here.held is not None:
            self._here.held.forget_reasoning()
