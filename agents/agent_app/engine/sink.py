"""Where a model's answer goes while it is being written.

Tokens do not travel through the SDK's event queue (that costs ten times the reading of the bytes): the wire readers hand
them to the sink, and give the SDK only the finished response.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from agent_app.calls import call_of
from agent_app.model_references import ResolvedModel
from agent_app.runs import charges, events
from agent_app.runs.registry import RunContext, Usage
from config.lib.db import in_db

# Which step a model call is: agents that work side by side share a sink.
_step: ContextVar[str] = ContextVar("step")
# A call whose answer is for another model, not for the reader.
_silent: ContextVar[bool] = ContextVar("silent", default=False)
# What a call is called on the bill that is no turn of the agent's.
_apart: ContextVar[str] = ContextVar("apart", default="")


class Sink:
    """The answer of one run as it grows: sent to the readers and kept for whatever happens next."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._log = context.log
        self._produced = context.produced
        self._planned = context.run.model  # the model whose first step was held before the run was queued
        self._steps = 0
        self._models: dict[str, str] = {}
        self._apart = False
        self._spoke_in = -1  # the turn in which something was said last
        self._truncated = False
        self._asides = 0
        self.hold = False  # readers see nothing before ``release``
        self.shown = False

    @property
    def truncated(self) -> bool:
        """Whether the answer was cut by its limit of tokens."""
        return self._truncated

    @truncated.setter
    def truncated(self, cut: bool) -> None:
        if not _apart.get():
            self._truncated = cut

    @property
    def step(self) -> str:
        """What this task's last model call is called on the bill; empty before the first."""
        return _step.get("")

    @property
    def silenced(self) -> bool:
        """Whether this task asks for something that is shown to nobody."""
        return _silent.get()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """What is said within is held and paid for as ever, but shown to nobody."""
        token = _silent.set(True)
        try:
            yield
        finally:
            _silent.reset(token)

    @contextmanager
    def aside(self, name: str) -> Iterator[None]:
        """What is asked within is no turn: it is held and paid for under its own ``name``, and shown to nobody."""
        token = _apart.set(name)
        try:
            with self.silent():
                yield
        finally:
            _apart.reset(token)

    def another_answer(self, agent_name: str) -> None:
        """What comes next stands on its own: another agent speaks."""
        if _silent.get():
            return
        self._apart = True
        self._produced.agent_name = agent_name

    def start_over(self, reason: str) -> None:
        """What was said does not count: readers forget it, and the answer begins anew."""
        self._produced.text.clear()
        if not self.hold:
            self._log.append(events.CONTENT_RESET, message_id=self._context.run.message_id, reason=reason)

    def replace(self, content: str) -> None:
        """The answer is another: for readers, and for whatever is kept of it. Why the model came to it, is gone too."""
        self._produced.text[:] = [content]
        self._produced.reasoning.clear()
        if self.shown:
            self._log.append(events.MESSAGE_REPLACED, message_id=self._context.run.message_id, content=content)
        self.unshow()

    def unshow(self, *kinds: str) -> None:
        """What was shown until now cannot be taken back from whoever has read it; nobody reads it again. ``kinds`` of events:
        all of an answer, where none is said."""
        self._log.flush_delta()
        self._produced.unshown |= dict.fromkeys(kinds or events.DELTAS, self._log.seq)

    def release(self) -> None:
        """Show what was held."""
        if not self.hold:
            return
        self.hold = False
        self._log.delta(events.REASONING_DELTA, "".join(self._produced.reasoning))
        self._log.delta(events.CONTENT_DELTA, self._produced.content)
        self.shown = True

    async def turn_held(
        self, prompt_tokens: int, max_tokens: int | None, resolved: ResolvedModel, *, own_key: bool = True
    ) -> int | None:
        """Before a model call: hold what it may cost at most, at its model's price, and book the calls before it.

        Answers how many tokens the answer may have (None: no limit). Raises NotEnoughCredits.
        """
        step = self._next_step(resolved.reference)
        held = self._context.held
        if step not in held:  # all but the first, which was held before the run was queued
            produced, unsettled = self._produced, dict(self._produced.unsettled)
            call = call_of(resolved.reference, resolved.provider, lambda: prompt_tokens, max_tokens, own_key=own_key)
            opened = await in_db(charges.open_next, self._context.run, step, call, unsettled, self._log.seq)
            # What was booked stays with the run until it was: whoever ends the run meanwhile must know of it.
            for booked, usage in unsettled.items():
                if produced.unsettled.get(booked) is usage:
                    del produced.unsettled[booked]
            step = opened.step
            held[step] = opened.max_tokens
        _step.set(step)
        self._models[step] = resolved.reference
        limits = [limit for limit in (held[step], max_tokens) if limit is not None]
        return min(limits) if limits else None

    def _next_step(self, reference: str) -> str:
        """The step's name. What was held for another model's first call is no use to this one, and is given back at the end."""
        if name := _apart.get():
            self._asides += 1
            while f"{name}:{self._asides}" in self._context.held:
                self._asides += 1
            return f"{name}:{self._asides}"
        self._steps += 1
        if reference != self._planned:
            while f"turn:{self._steps}" in self._context.held:
                self._steps += 1
        return f"turn:{self._steps}"

    def text(self, delta: str) -> None:
        if _silent.get():
            return
        if not delta:
            return
        if self._stands_apart(delta):
            delta = f"\n\n{delta}"
        self._apart, self._spoke_in = False, self._produced.turns
        self._produced.text.append(delta)
        if not self.hold:
            self.shown = True
            self._log.delta(events.CONTENT_DELTA, delta)

    def _stands_apart(self, delta: str) -> bool:
        """What another agent says, or the same one after its tools have answered, is a paragraph of its own."""
        before = next((said for said in reversed(self._produced.text) if said), "")
        if not before or self._apart:
            return bool(before)
        return self._spoke_in != self._produced.turns and not before[-1].isspace() and not delta[0].isspace()

    def reasoning(self, delta: str) -> None:
        if _silent.get():
            return
        self._produced.reasoning.append(delta)
        if not self.hold:
            self.shown = True
            self._log.delta(events.REASONING_DELTA, delta)

    def restore(self, text: str, *, again: bool = True) -> None:
        """What an earlier worker has shown stays: readers, who were told to forget it, get it ``again``."""
        if text:
            self._produced.text.append(text)
            if self.hold:
                return
            self.shown = True
            if not again:
                return
            self._log.delta(events.CONTENT_DELTA, text)
            self._log.flush_delta()

    def turn_started(self) -> None:
        if _silent.get():
            return
        self._produced.turns += 1

    def turn_used(self, usage: Usage) -> None:
        """A model call is over, however it ended."""
        step = _step.get()
        self._produced.usage.add(usage)
        self._produced.unsettled[step] = replace(usage, model=self._models[step])

    def answered_by(self, resolved: ResolvedModel) -> None:
        """The run names the model that has answered its reader."""
        if _silent.get():
            return
        self._context.run.model = resolved.reference

    def model_changed(self, resolved: ResolvedModel, why: str, reason: str = "model_changed") -> None:
        """The answer is not simply the chosen model's: the readers see at once whose it is and why, the run keeps it."""
        if _silent.get():
            return
        run = self._context.run
        self._log.append(events.RUN_STATUS, status="running", reason=reason, model=resolved.reference, detail=why)
        routing = [*run.metadata.get("routing", []), {"model": resolved.reference, "why": why}]
        run.metadata = {**run.metadata, "routing": routing}
