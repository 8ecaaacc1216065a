"""Where a model's answer goes while it is being written.

Tokens do not travel through the SDK's event queue (that costs ten times the reading of the bytes): the wire readers hand
them to the sink, and give the SDK only the finished response.
"""

from agent_app.runs import events
from agent_app.runs.registry import RunContext, Usage


class Sink:
    """The answer of one run as it grows: sent to the readers and kept for whatever happens next."""

    def __init__(self, context: RunContext) -> None:
        self._log = context.log
        self._produced = context.produced
        self.truncated = False

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
