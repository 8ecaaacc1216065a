"""What a fake provider saw: every request, how far its answer came, and who ended it."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from tests.fakes.script import Script

T = TypeVar("T")
Outcome = Literal["open", "complete", "refused", "faulted", "client_closed", "stopped"]


@dataclass(eq=False)
class Exchange:
    """One request and what became of it. Times are ``time.monotonic()``, which all processes of a machine share."""

    number: int
    path: str
    headers: Mapping[str, str]
    body: Any
    script: Script
    received_at: float
    recording: "Recording"
    loop: asyncio.AbstractEventLoop
    deltas_sent: int = 0
    text_sent: str = ""
    outcome: Outcome = "open"
    ended_at: float | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def release(self) -> None:
        """Let a held stream go on. From any thread."""
        self.loop.call_soon_threadsafe(self.gate.set)

    def sent(self, text: str) -> None:
        with self.recording.changed:
            self.deltas_sent += 1
            self.text_sent += text
            self.recording.changed.notify_all()

    def end(self, outcome: Outcome) -> None:
        with self.recording.changed:
            if self.outcome == "open":
                self.outcome, self.ended_at = outcome, time.monotonic()
                self.recording.changed.notify_all()


class Recording:
    """The exchanges of one server, and a way to wait for something to be true of them."""

    def __init__(self, keep: bool = True) -> None:
        self.keep = keep
        self.exchanges: list[Exchange] = []
        self.changed = threading.Condition()

    def add(self, exchange: Exchange) -> None:
        if self.keep:
            with self.changed:
                self.exchanges.append(exchange)
                self.changed.notify_all()

    def clear(self) -> None:
        with self.changed:
            self.exchanges.clear()

    def wait(self, what: Callable[[list[Exchange]], T | None], timeout: float = 60.0) -> T:
        """The first truthy answer of ``what(exchanges)``. Raises TimeoutError with the exchanges' state."""
        found: list[T] = []

        def look() -> bool:
            if answer := what(self.exchanges):
                found.append(answer)
            return bool(found)

        with self.changed:
            if not self.changed.wait_for(look, timeout):
                seen = [(each.number, each.path, each.outcome, each.deltas_sent) for each in self.exchanges]
                raise TimeoutError(f"the provider did not see it within {timeout} s; it saw {seen}")
        return found[0]

    def wait_request(self, number: int = 1, *, deltas: int = 0, timeout: float = 60.0) -> Exchange:
        """The ``number``-th request (from 1), once it has been sent ``deltas`` deltas."""
        return self.wait(
            lambda all_: all_[number - 1] if len(all_) >= number and all_[number - 1].deltas_sent >= deltas else None,
            timeout,
        )

    def wait_end(self, exchange: Exchange, timeout: float = 60.0) -> Outcome:
        self.wait(lambda _: exchange.outcome != "open", timeout)
        return exchange.outcome
