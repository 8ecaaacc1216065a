"""The events of a run: their names, and the form in which they are stored and sent."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

CONVERSATION_STARTED: Final = "conversation_started"
RUN_STARTED: Final = "run_started"
QUEUED: Final = "queued"
RUN_STATUS: Final = "run_status"
CONTENT_DELTA: Final = "content_delta"
REASONING_DELTA: Final = "reasoning_delta"
CONTENT_RESET: Final = "content_reset"
MESSAGE_REPLACED: Final = "message_replaced"
GUARDRAIL_TRIPPED: Final = "guardrail_tripped"
TOOL_USE_START: Final = "tool_use_start"
TOOL_USE_COMPLETE: Final = "tool_use_complete"
HANDOFF: Final = "handoff"
APPROVAL_REQUIRED: Final = "approval_required"
APPROVAL_DECIDED: Final = "approval_decided"
MESSAGE_COMPLETE: Final = "message_complete"
ERROR: Final = "error"
RUN_FINISHED: Final = "run_finished"
DELTAS: Final = (CONTENT_DELTA, REASONING_DELTA)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run. ``data`` is its JSON text, in which ``type``, ``seq`` and ``run_id`` come first."""

    seq: int
    type: str
    data: bytes

    def sse(self) -> bytes:
        """The event on an event stream (``text/event-stream``). One without a number is no part of the run's record."""
        if not self.seq:
            return b"event: %b\ndata: %b\n\n" % (self.type.encode(), self.data)
        return b"id: %d\nevent: %b\ndata: %b\n\n" % (self.seq, self.type.encode(), self.data)

    def payload(self) -> dict[str, Any]:
        result: dict[str, Any] = orjson.loads(self.data)
        return result


def encode(run_id: UUID, seq: int, kind: str, payload: dict[str, Any]) -> Event:
    body = {"type": kind, "seq": seq, "run_id": str(run_id), **payload}
    return Event(seq, kind, orjson.dumps(body, default=str))


def queued(run_id: UUID, position: int) -> Event:
    """Where a run stands in line. Told to whoever watches, not stored: it is true for a moment only."""
    body = {"type": QUEUED, "run_id": str(run_id), "position": position}
    return Event(0, QUEUED, orjson.dumps(body))


def without_gap(run_id: UUID, saved: int, shown: list[Event]) -> list[Event]:
    """``shown`` with the numbers between ``saved`` and it filled, where both stores lost what stood there.

    Nobody can tell any more what it was; a ``content_reset`` says so, and readers can go on.
    """
    if not shown:
        return []
    lost = range(saved + 1, shown[0].seq)
    return [encode(run_id, seq, CONTENT_RESET, {"message_id": None, "reason": "lost"}) for seq in lost] + shown
