"""Conversations within conversations: an agent that answers as another's tool has one of its own, below the call. Pure.

Each has a frame, and so has the run. What a frame would go on from is kept with the run's checkpoint, by the call that it
answers, until whoever has called it goes on itself: so a worker that takes the run goes on in the middle of all of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

State = dict[str, Any]


@dataclass(kw_only=True)
class Frame:
    """One conversation. ``call_id`` is the call that it answers (empty: the run's own), ``agent_id`` who speaks in it.

    ``callers`` are the names of those who have called each other on the way here, ``waits`` says that people must be asked
    before it can go on, ``kept`` is where another worker has left it.
    """

    call_id: str = ""
    agent_id: str = ""
    message: str = ""
    callers: tuple[str, ...] = ()
    above: "Frame | None" = None
    waits: bool = False
    turns: int = 0
    speakers: list[str] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)
    kept: State | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The calls that it lies within, its own last."""
        return (*self.above.path, self.call_id) if self.above else ()


# Agents that were called side by side speak in tasks of their own.
_current: ContextVar[Frame | None] = ContextVar("frame", default=None)


class Frames:
    """Those of one run."""

    def __init__(self) -> None:
        self.root = Frame()
        self._states: dict[str, State] = {}

    @property
    def current(self) -> Frame:
        """The conversation that this task belongs to."""
        return _current.get() or self.root

    @contextmanager
    def within(self, call_id: str, *, agent_id: str, message: str, caller: str) -> Iterator[Frame]:
        """The conversation that answers a call: a new one, or where another worker has left it."""
        above, kept = self.current, self._states.get(call_id)
        frame = Frame(
            call_id=call_id, agent_id=agent_id, message=message, callers=(*above.callers, caller), above=above, kept=kept
        )  # fmt: skip
        if kept is not None:
            frame.agent_id, frame.turns = kept["agent_id"], kept["turns"]
            frame.speakers[:] = kept["speakers"]
        token = _current.set(frame)
        try:
            yield frame
        finally:
            _current.reset(token)

    def keep(self, frame: Frame, *, asked: list[Any], said: list[Any], named: list[tuple[str, str]]) -> None:
        """Where ``frame`` would go on. What had been called before in it has been answered."""
        self._forget_below(frame.call_id)
        if frame.above is None:
            return
        self._states[frame.call_id] = {
            "above": frame.above.call_id, "agent_id": frame.agent_id, "message": frame.message, "asked": asked, "said": said,
            "named": named, "turns": frame.turns, "speakers": list(frame.speakers), "handoff": frame.context.get("handoff"),
        }  # fmt: skip

    def _forget_below(self, call_id: str) -> None:
        for each in [name for name, state in self._states.items() if state["above"] == call_id]:
            self._forget_below(each)
            del self._states[each]

    def kept(self) -> dict[str, State]:
        """All that can be gone on from, by their calls; see ``restore``."""
        return dict(self._states)

    def restore(self, states: dict[str, State]) -> None:
        self._states = dict(states)

    def message_of(self, call_id: str) -> str | None:
        """What an agent was asked whose answer another worker was waiting for; None where it was asked nothing yet."""
        state = self._states.get(call_id)
        return None if state is None else str(state["message"])

    def names(self) -> set[str]:
        """The ids of calls that were given in conversations that go on."""
        return {name for state in self._states.values() for _model_id, name in state["named"]}
