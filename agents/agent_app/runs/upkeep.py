"""What a worker process does for all its runs at once: renews leases, saves events and spans, listens for cancels."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from redis.exceptions import RedisError

from agent_app.runs import claims
from agent_app.runs.aftercare import Aftercare
from agent_app.runs.log import save_events
from agent_app.runs.queue import CONTROL_CHANNEL
from agent_app.runs.registry import RunContext
from agent_app.runs.spans import save_spans
from config.lib import loop, redis
from config.lib.db import in_db
from config.lib.ids import parse_uuid

logger = logging.getLogger(__name__)

Stop = Literal["", "cancel", "hand over", "lost"]


@dataclass
class Active:
    """A run that this process executes."""

    context: RunContext
    task: asyncio.Task[None]
    stop: Stop = ""
    begun: bool = False  # a task that is cancelled before that never runs, and would store no end
    ending: bool = False

    def end(self, stop: Stop) -> None:
        """Stop the run. One that is storing its end goes on with that: where the run is not ours any more, nothing is stored,
        and where it only seems so because it has ended just now, that must be told."""
        if self.stop or (self.ending and stop != "lost"):
            return
        self.stop = stop
        if self.begun and not self.ending:
            self.task.cancel()


class Upkeep:
    """For the runs in ``active``, which its worker fills."""

    def __init__(self, active: dict[UUID, Active], aftercare: Aftercare) -> None:
        self.early_cancels: deque[UUID] = deque(maxlen=200)
        self._active = active
        self._aftercare = aftercare
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, once there is a loop to work on."""
        if not self._tasks:
            for work in (self._keep_leases(), self._save(), self._listen(), self._aftercare.keep_going()):
                self._tasks.append(asyncio.create_task(work))

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(settings.RUN_HEARTBEAT)
            kept = dict(self._active)
            leases = {run_id: active.context.run.attempt for run_id, active in kept.items()}
            if not leases:
                continue
            try:
                held = await in_db(claims.keep, leases)
            except (DatabaseError, InterfaceError):
                logger.warning("leases not renewed", exc_info=True)
                continue
            for run_id, active in kept.items():
                if run_id not in held:
                    active.end("lost")
                elif held[run_id]:
                    active.end("cancel")

    async def _save(self) -> None:
        while True:
            await asyncio.sleep(settings.RUN_FLUSH_INTERVAL)
            await self._save_spans()
            written = [active.context.log for active in self._active.values() if active.context.log.unsaved]
            batches = [(log.run_id, log.attempt, list(log.unsaved)) for log in written]
            if not batches:
                continue
            try:
                await in_db(save_events, batches)
            except (DatabaseError, InterfaceError):
                logger.warning("events not saved yet", exc_info=True)
                continue
            for log, (_run_id, _attempt, batch) in zip(written, batches, strict=True):
                log.saved(batch)

    async def _save_spans(self) -> None:
        """Those of runs that go on; a run's last ones are stored with its end."""
        going_on = [active.context for active in self._active.values() if not active.ending]
        batches = [
            (each.run.id, each.run.attempt, list(each.produced.spans)) for each in going_on if each.produced.spans
        ]
        if not batches:
            return
        try:
            await in_db(save_spans, batches)
        except (DatabaseError, InterfaceError):
            logger.warning("spans not saved yet", exc_info=True)
            return
        written = {span.id for _run_id, _attempt, batch in batches for span in batch}
        for each in going_on:
            self._aftercare.take(each.run, [span for span in each.produced.spans if span.id in written])
            each.produced.spans = [span for span in each.produced.spans if span.id not in written]

    async def _listen(self) -> None:
        """Obey cancels within milliseconds. Whatever is missed here, the next heartbeat finds."""
        while not loop.cancelled():
            client = redis.new_loop_client()
            try:
                async with client.pubsub() as channel:
                    await channel.subscribe(CONTROL_CHANNEL)
                    while not loop.cancelled():
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=3.0)
                        if message is not None:
                            self._obey(message["data"].decode())
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("not listening for cancels", extra={"error": str(error)})
                await asyncio.sleep(0.5)
            finally:
                await client.aclose()

    def _obey(self, command: str) -> None:
        verb, _space, argument = command.partition(" ")
        run_id = parse_uuid(argument)
        if verb != "cancel" or run_id is None:
            return
        if active := self._active.get(run_id):
            active.end("cancel")
        else:  # perhaps a run whose claim is being committed here
            self.early_cancels.append(run_id)
