"""Runs' events in Valkey: one stream a run, the entry's id being ``<seq>-0``.

Writers of one process share one connection: while a batch is under way, the events that arrive meanwhile form the next
one. So a lone run's event leaves at once, and two hundred busy runs cost a few commands.

The stream is a fast copy, never the only one: what it lost (a restart, an eviction) readers find in the database within
the flush interval.
"""

import asyncio
import logging
from collections import deque
from typing import Any
from uuid import UUID

from django.conf import settings
from redis.exceptions import NoScriptError, RedisError

from agent_app.runs.events import Event
from config.lib import loop, redis

logger = logging.getLogger(__name__)

# KEYS: stream, fence. ARGV: attempt, seconds to live, then (seq, type, data)*.
# 0 = refused: a later attempt owns the run. A fence lower than ours means that Valkey forgot or a new attempt begins.
_APPEND = """
local fence = tonumber(redis.call('GET', KEYS[2]) or '0')
local attempt = tonumber(ARGV[1])
if fence > attempt then return 0 end
if fence < attempt then
  if fence > 0 then redis.call('DEL', KEYS[1]) end
  redis.call('SET', KEYS[2], attempt)
end
for i = 3, #ARGV, 3 do
  redis.pcall('XADD', KEYS[1], ARGV[i] .. '-0', 't', ARGV[i + 1], 'd', ARGV[i + 2])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1
"""
_MAX_BACKLOG = 20_000
ANEW = Event(0, "", b"")  # no event: the stream begins anew after it, readers find the rest in the database


def stream_key(run_id: UUID) -> str:
    return f"run:{run_id}"


def fence_key(run_id: UUID) -> str:
    return f"run:{run_id}:attempt"


class StreamWriter:
    """Carries the events of all runs of one event loop to Valkey, in order, without ever making a run wait."""

    def __init__(self) -> None:
        self._queue: deque[tuple[UUID, int, Event]] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._sha: str | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def push(self, run_id: UUID, attempt: int, event: Event) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._carry(), name="run-stream-writer")
        self._queue.append((run_id, attempt, event))
        if len(self._queue) > _MAX_BACKLOG:  # Valkey is away for long: the database has what is dropped here
            self._queue.popleft()
        self._idle.clear()
        self._wake.set()

    async def drained(self, within: float = 1.0) -> None:
        """Wait until everything pushed so far was sent, or give up after ``within`` seconds."""
        try:
            async with asyncio.timeout(within):
                await self._idle.wait()
        except TimeoutError:
            logger.warning("events not sent to Valkey in time", extra={"pending": len(self._queue)})

    async def _carry(self) -> None:
        delay = 0.05
        while not loop.cancelled():
            await self._wake.wait()
            self._wake.clear()
            batch = list(self._queue)
            if not batch:
                self._idle.set()
                continue
            try:
                await self._send(batch)
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("Valkey does not take events", extra={"error": str(error), "pending": len(self._queue)})
                await asyncio.sleep(delay)
                delay = min(delay * 2, 1.0)
                self._wake.set()
                continue
            delay = 0.05
            for sent in batch:  # entries may have been dropped meanwhile by ``push``
                if self._queue and self._queue[0] is sent:
                    self._queue.popleft()
            if self._queue:
                self._wake.set()
            else:
                self._idle.set()

    async def _send(self, batch: list[tuple[UUID, int, Event]]) -> None:
        client = redis.loop_client()
        if self._sha is None:
            self._sha = str(await client.script_load(_APPEND))
        runs: dict[tuple[UUID, int], list[Event]] = {}
        anew: set[UUID] = set()
        for run_id, attempt, event in batch:
            if event is ANEW:
                anew.add(run_id)
                runs[run_id, attempt] = []
            else:
                runs.setdefault((run_id, attempt), []).append(event)
        async with client.pipeline(transaction=False) as pipeline:
            if anew:
                pipeline.delete(*map(stream_key, anew))
            for (run_id, attempt), events in runs.items():
                values: list[str | bytes | int] = [attempt, settings.RUN_STREAM_EXPIRY]
                for event in events:
                    values += (event.seq, event.type, event.data)
                pipeline.evalsha(self._sha, 2, stream_key(run_id), fence_key(run_id), *values)
            try:
                await pipeline.execute()
            except NoScriptError:  # a restarted Valkey knows no scripts
                self._sha = None
                raise


async def read_stream(run_id: UUID, after: int) -> list[Event]:
    """The stream's events after ``after``; nothing where Valkey does not answer or has forgotten the run."""
    try:
        rows = await redis.loop_client().xrange(stream_key(run_id), min=f"{after + 1}-0")
    except (RedisError, OSError, TimeoutError):
        return []
    return [as_event(row) for row in rows or []]


def as_event(row: Any) -> Event:
    """An entry as the client answers it: its id, and its fields as bytes."""
    entry_id, fields = row
    return Event(int(entry_id.split(b"-")[0]), fields[b"t"].decode(), fields[b"d"])


def send_now(run_id: UUID, sent: list[Event], *, anew: bool = False) -> None:
    """Send the last events of a run that has no worker, once they are committed."""
    try:
        pipeline = redis.client().pipeline(transaction=False)
        if anew:
            pipeline.delete(stream_key(run_id))
        for event in sent:
            pipeline.xadd(stream_key(run_id), {"t": event.type, "d": event.data}, id=f"{event.seq}-0")
        pipeline.expire(stream_key(run_id), settings.RUN_STREAM_EXPIRY)
        pipeline.execute()
    except RedisError:
        logger.warning("last events not sent", extra={"run": str(run_id)})
