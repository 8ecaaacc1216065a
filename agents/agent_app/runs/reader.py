"""Following a run: everything after a sequence number, first what was, then what comes, without gap or repetition.

One connection a process reads the streams of all followed runs. Whatever goes wrong with it (Valkey away, a slow reader,
a lost stream), a reader notices by the numbers and fills the gap from the stream or the database.
"""

import asyncio
import logging
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from redis.exceptions import RedisError

from agent_app.models import ENDED, Run, RunEvent
from agent_app.runs.events import RUN_FINISHED, Event, queued
from agent_app.runs.limits import position
from agent_app.runs.stream import as_event, read_stream, stream_key
from config.lib import loop, redis
from config.lib.db import in_db

logger = logging.getLogger(__name__)

_BLOCK_MS = 4000  # below the client's socket timeout
_MAX_PENDING = 2000
_CHECK_INTERVAL = 5.0  # seconds without news after which the database is asked whether the run has ended
_QUEUE_INTERVAL = 1.0  # before the first event: how often its place in line is looked up
_BROKEN_INTERVAL = 0.5
_WAKE_EXPIRY = 120


class Subscription:
    """What arrived for one reader and was not taken yet."""

    def __init__(self) -> None:
        self._pending: list[Event] = []
        self._arrived = asyncio.Event()

    def put(self, arrived: list[Event]) -> None:
        self._pending += arrived
        if len(self._pending) > _MAX_PENDING:  # a reader that slow starts again from its last number
            self._pending.clear()
        self._arrived.set()

    async def take(self, within: float) -> list[Event]:
        """What has arrived, or nothing ``within`` seconds."""
        if not self._pending:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), within)
            except TimeoutError:
                return []
        taken, self._pending = self._pending, []
        return taken


class _Followed:
    def __init__(self) -> None:
        self.last_id = "$"
        self.readers: set[Subscription] = set()


class Multiplexer:
    """The one blocking read of an event loop. A stream of its own wakes it when another run shall be followed."""

    def __init__(self) -> None:
        self.broken = False
        self._wake_key = f"reader:{uuid4()}"
        self._wake_id = "0"
        self._wake_kept_until = 0.0
        self._runs: dict[str, _Followed] = {}
        self._task: asyncio.Task[None] | None = None
        self._wakers: set[asyncio.Task[None]] = set()

    @contextmanager
    def subscribe(self, run_id: UUID, after: int) -> Iterator[Subscription]:
        key = stream_key(run_id)
        subscription = Subscription()
        followed = self._runs.get(key)
        if followed is None:
            followed = self._runs[key] = _Followed()
            followed.last_id = f"{after}-0"
            self._start()
        followed.readers.add(subscription)
        try:
            yield subscription
        finally:
            followed.readers.discard(subscription)
            if not followed.readers and self._runs.get(key) is followed:
                del self._runs[key]

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._read(), name="run-stream-reader")
        else:
            waker = asyncio.get_running_loop().create_task(self._wake(), name="run-stream-wake")
            self._wakers.add(waker)
            waker.add_done_callback(self._wakers.discard)

    async def _wake(self) -> None:
        """Let the blocking read end, so that the next one asks for the new run too. The key expires with its process."""
        client = redis.loop_client()
        try:
            await client.xadd(self._wake_key, {"w": "1"}, maxlen=1, approximate=False)
            if time.monotonic() > self._wake_kept_until:
                await client.expire(self._wake_key, _WAKE_EXPIRY)
                self._wake_kept_until = time.monotonic() + _WAKE_EXPIRY / 2
        except (RedisError, OSError, TimeoutError):
            self.broken = True

    async def _read(self) -> None:
        client = redis.new_loop_client()
        try:
            while self._runs:
                loop.obey()  # else a loop that is closed while runs are followed would wait for this task for ever
                wanted: dict[Any, Any] = {self._wake_key: self._wake_id} | {
                    key: run.last_id for key, run in self._runs.items()
                }
                try:
                    answer = await client.xread(wanted, block=_BLOCK_MS)
                except (RedisError, OSError, TimeoutError) as error:
                    logger.warning("Valkey does not give events", extra={"error": str(error)})
                    self.broken = True
                    await asyncio.sleep(_BROKEN_INTERVAL)
                    continue
                self.broken = False
                self._hand_out(answer.items() if isinstance(answer, dict) else answer)
        finally:
            await client.aclose()

    def _hand_out(self, answer: object) -> None:
        for raw_key, rows in answer or []:  # type: ignore[attr-defined]
            key = raw_key.decode()
            if rows and isinstance(rows[0], list):  # RESP3 nests the rows once more
                rows = rows[0]
            if key == self._wake_key:
                self._wake_id = rows[-1][0].decode()
                continue
            followed = self._runs.get(key)
            if followed is None:
                continue
            followed.last_id = rows[-1][0].decode()
            arrived = [as_event(row) for row in rows]
            for reader in followed.readers:
                reader.put(arrived)


_multiplexers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Multiplexer] = weakref.WeakKeyDictionary()


def multiplexer() -> Multiplexer:
    """The running event loop's multiplexer."""
    return _multiplexers.setdefault(asyncio.get_running_loop(), Multiplexer())


async def follow(run_id: UUID, *, after: int = 0, fresh: bool = False) -> AsyncIterator[Event | None]:
    """Every event of the run after number ``after``, until ``run_finished``.

    Yields None after each ``RUN_PING_INTERVAL`` seconds without an event, so that the caller can show that it lives.
    ``fresh`` says that the run was made just now, so nothing needs to be looked up first. While the run waits for its turn
    ``queued`` says, without a number, at which place; again whenever that has changed.
    """
    shared = multiplexer()
    last = after
    quiet = 0.0
    place: int | None = None
    with shared.subscribe(run_id, after) as subscription:
        behind = not fresh
        while True:
            loop.obey()  # a stream's limit, or the end of its reader's sign-in, is told once
            while behind:
                missed = await _missed(run_id, last)
                for event in missed:
                    yield event
                    last = event.seq
                    if event.type == RUN_FINISHED:
                        return
                if not missed:
                    if await in_db(_has_ended, run_id, last):
                        return
                    behind = False
            wait = _BROKEN_INTERVAL if shared.broken else _CHECK_INTERVAL if last else _QUEUE_INTERVAL
            arrived = await subscription.take(wait)
            if not arrived:
                behind = True
                quiet += wait
                if not last and (now := await in_db(position, run_id)) not in (None, place):
                    place = now
                    yield queued(run_id, now or 1)
                if quiet >= settings.RUN_PING_INTERVAL:
                    quiet = 0.0
                    yield None
                continue
            quiet = 0.0
            for event in arrived:
                if event.seq <= last:
                    continue
                if event.seq != last + 1:
                    behind = True
                    break
                yield event
                last = event.seq
                if event.type == RUN_FINISHED:
                    return


async def _missed(run_id: UUID, last: int) -> list[Event]:
    """What comes right after ``last``, from the stream where it has it, else from the database; without gaps."""
    found = await read_stream(run_id, last)
    if not found or found[0].seq != last + 1:
        found = await in_db(stored_events, run_id, last)
    gapless: list[Event] = []
    for event in found:
        if event.seq != last + len(gapless) + 1:
            break
        gapless.append(event)
    return gapless


def stored_events(run_id: UUID, after: int = 0) -> list[Event]:
    rows = RunEvent.objects.filter(run_id=run_id, seq__gt=after).order_by("seq").values_list("seq", "type", "data")
    return [Event(seq, kind, data.encode()) for seq, kind, data in rows[:5000]]


def _has_ended(run_id: UUID, last: int) -> bool:
    """Whether nothing will come any more. A run that ended with events still unread is not over for its reader."""
    row = Run.objects.filter(id=run_id).values_list("status", "last_seq").first()
    return row is None or (row[0] in ENDED and row[1] <= last)
