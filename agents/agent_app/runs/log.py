"""The log of a run, as its worker writes it: gapless numbers, coalesced deltas, kept in the database and sent at once."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Max

from agent_app.models import RunEvent
from agent_app.runs import events
from agent_app.runs.events import Event
from agent_app.runs.stream import ANEW, StreamWriter


class RunLog:
    """Numbers events, coalesces deltas, and keeps what is not in the database yet.

    The first delta leaves at once; later ones at most every ``RUN_DELTA_INTERVAL`` seconds. ``unsaved`` is written by
    ``save_events`` once a second and at the end; both the stream and the table refuse it after another attempt took the run.
    """

    def __init__(self, run_id: UUID, attempt: int, last_seq: int, writer: StreamWriter) -> None:
        self.run_id = run_id
        self.attempt = attempt
        self.seq = last_seq
        self.unsaved: list[Event] = []
        self.on_first_delta: Callable[[], None] | None = None
        self._writer = writer
        self._kind = ""
        self._parts: list[str] = []
        self._sent_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def append(self, kind: str, /, **payload: Any) -> Event:
        """Number and send one event. Buffered deltas go first, so the order is kept."""
        self.flush_delta()
        event = self._number(kind, payload)
        self._writer.push(self.run_id, self.attempt, event)
        return event

    def delta(self, kind: str, text: str) -> None:
        """Add ``text`` to the running delta of ``kind`` (``content_delta`` or ``reasoning_delta``)."""
        if not text:
            return
        if self.on_first_delta is not None:
            self.on_first_delta()
            self.on_first_delta = None
        if kind != self._kind:
            self.flush_delta()
            self._kind = kind
        self._parts.append(text)
        if self._timer is None:
            wait = self._sent_at + settings.RUN_DELTA_INTERVAL - time.monotonic()
            if wait <= 0:
                self.flush_delta()
            else:
                self._timer = asyncio.get_running_loop().call_later(wait, self.flush_delta)

    def flush_delta(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._parts:
            text, self._parts = "".join(self._parts), []
            self._sent_at = time.monotonic()
            self._writer.push(self.run_id, self.attempt, self._number(self._kind, {"delta": text}))

    def send(self, stored: Iterable[Event], *, anew: bool = False) -> None:
        """Send the last events, once they are committed; ``anew``: what the stream has is not to be read again."""
        if anew:
            self._writer.push(self.run_id, self.attempt, ANEW)
        for event in stored:
            self._writer.push(self.run_id, self.attempt, event)

    def saved(self, saved: list[Event]) -> None:
        """Forget events that are in the database now."""
        last = saved[-1].seq if saved else 0
        self.unsaved = [event for event in self.unsaved if event.seq > last]

    def _number(self, kind: str, payload: dict[str, Any]) -> Event:
        self.seq += 1
        event = events.encode(self.run_id, self.seq, kind, payload)
        self.unsaved.append(event)
        return event


def save_events(batches: Iterable[tuple[UUID, int, list[Event]]]) -> None:
    """Write events of several runs, each batch only while its attempt still owns the run, in one statement.

    The share lock makes a takeover wait for this statement, or this statement see the takeover. Written twice (a commit
    whose answer got lost) is written once.
    """
    runs, attempts, seqs, kinds, bodies = [], [], [], [], []
    for run_id, attempt, batch in batches:
        for event in batch:
            runs.append(run_id)
            attempts.append(attempt)
            seqs.append(event.seq)
            kinds.append(event.type)
            bodies.append(event.data.decode())
    if not runs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH owned AS (
                SELECT id, attempt FROM agents_run
                WHERE id = ANY(%s::uuid[]) AND finished_at IS NULL ORDER BY id FOR SHARE
            )
            INSERT INTO agents_runevent (run_id, seq, type, data)
            SELECT new.run_id, new.seq, new.type, new.data
            FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::text[], %s::text[]) AS new(run_id, attempt, seq, type, data)
            JOIN owned ON owned.id = new.run_id AND owned.attempt = new.attempt
            ON CONFLICT DO NOTHING
            """,
            [list(set(runs)), runs, attempts, seqs, kinds, bodies],
        )


def last_saved_seq(run_id: UUID) -> int:
    return int(RunEvent.objects.filter(run_id=run_id).aggregate(last=Max("seq"))["last"] or 0)


def unshow_events(run_id: UUID, until: Mapping[str, int]) -> bool:
    """Take the words out of stored deltas, by type up to a number; answers whether there were any. All else of them stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE agents_runevent event
            SET data = format('{"type":"%%s","seq":%%s,"run_id":"%%s","delta":"","withheld":true}', event.type, event.seq, event.run_id)
            FROM unnest(%s::text[], %s::int[]) AS until(type, seq)
            WHERE event.run_id = %s AND event.type = until.type AND event.seq <= until.seq
            """,
            [list(until), list(until.values()), run_id],
        )
        return bool(cursor.rowcount)
