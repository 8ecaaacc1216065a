"""Where a model's answer goes while it is being written.

Tokens do not travel through the SDK's event queue (that costs ten times the reading of the bytes): the wire readers hand
them to the sink, and give the SDK only the finished response.
"""

from contextvars import ContextVar

from agent_app.calls import model_call
from agent_app.runs import charges, events
from agent_app.runs.registry import RunContext, Usage
from config.lib.db import in_db

# Which step a model call is: agents that work side by side share a sink.
_step: ContextVar[str] = ContextVar("step")


class Sink:
    """The answer of one run as it grows: sent to the readers and kept for whatever happens next."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._log = context.log
        self._produced = context.produced
        self._steps = 0
        self.truncated = False

    async def turn_held(self, prompt_tokens: int, max_tokens: int | None) -> int | None:
        """Before a model call: hold what it may cost at most, and book the calls before it.

        Answers how many tokens the answer may have (None: no limit). Raises NotEnoughCredits.
        """
        self._steps += 1
        step = f"turn:{self._steps}"
        held = self._context.held
        if step not in held:  # all but the first, which was held before the run was queued
            unsettled, self._produced.unsettled = self._produced.unsettled, {}
            call = model_call(self._context.run, lambda: prompt_tokens, max_tokens)
            try:
                opened = await in_db(charges.open_next, self._context.run, step, call, unsettled, self._log.seq)
            except BaseException:
                self._produced.unsettled = unsettled | self._produced.unsettled
                raise
            step = opened.step
            held[step] = opened.max_tokens
        _step.set(step)
        limits = [limit for limit in (held[step], max_tokens) if limit is not None]
        return min(limits) if limits else None

    def text(self, delta: str) -> None:
        self._produced.text.append(delta)
        self._log.delta(events.CONTENT_DELTA, delta)

    def reasoning(self, delta: str) -> None:
        self._produced.reasoning.append(delta)
        self._log.delta(events.REASONING_DELTA, delta)

    def turn_started(self) -> None:
        self._produced.turns += 1

    def turn_used(self, usage: Usage) -> None:
        """A model call is over, however it ended."""
        self._produced.usage.add(usage)
        self._produced.unsettled[_step.get()] = usage
