"""What is done with spans once they are stored, and what no run waits for.

Large bodies go to the file storage; where the operator names a collector, the spans go there too (``otlp.py``), and where a
workspace has a key for it, its spans go to OpenAI's tracing (``openai_traces.py``). All of them may be slow or away: this has
a thread of its own, and a queue with an end. What does not fit any more is left out, and counted.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol, cast
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils.module_loading import import_string

from agent_app.models import ProviderKey, Run
from agent_app.runs import bodies, openai_traces
from agent_app.runs.spans import Recorded
from config.lib.db import in_db

logger = logging.getLogger(__name__)

EXPORTER = "agent_app.runs.otlp.Exporter"  # loaded only where a collector is named
MOST_WAITING = 64 * 2**20  # bytes of bodies
MOST_SPANS = 5_000
_KEYS_KEPT = 30.0  # seconds until keys for tracing that were added or removed count


@dataclass(frozen=True)
class Stored:
    """Spans of a run that are in the database now. ``ended``: the run is over, and these were its last."""

    run: Run
    spans: list[Recorded]
    ended: bool = False


class Collector(Protocol):
    """Where spans are exported to."""

    def export(self, batch: list[Stored]) -> tuple[int, int]:
        """Send; answers how many spans arrived, and how many did not."""
        ...


@cache
def collector() -> Collector | None:
    """The operator's collector; None, and nothing leaves, where none is named."""
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        return None
    return cast(Collector, import_string(EXPORTER)())


@dataclass
class Aftercare:
    """The queue of one worker. ``counted``: bodies and spans that were ``kept``, ``exported``, ``failed`` or ``left_out``."""

    counted: Counter[str] = field(default_factory=Counter)
    _keys: dict[UUID, ProviderKey] | None = None  # for tracing, by workspace; None: nobody has looked yet
    _waiting: list[Stored] = field(default_factory=list)
    _bytes: int = 0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def take(self, run: Run, spans: list[Recorded], *, ended: bool = False) -> None:
        """Look after spans that were just stored. The same ones twice are the same ones once."""
        exported = bool(settings.OTEL_EXPORTER_OTLP_ENDPOINT) or self._keys is None or run.workspace_id in self._keys
        fresh = [span for span in spans if not span.cared_for and (exported or span.large)]
        for span in fresh:
            span.cared_for = True
        size = sum(len(text) for span in fresh for text in span.large.values())
        full = self._bytes + size > MOST_WAITING or sum(len(each.spans) for each in self._waiting) > MOST_SPANS
        if full:
            self.counted["left_out"] += len(fresh)
            logger.warning("spans were left out of the aftercare", extra={"counted": dict(self.counted)})
            return
        if fresh or (exported and ended):
            self._waiting.append(Stored(run, fresh, ended))
            self._bytes += size

    async def keep_going(self) -> None:
        clock, due = asyncio.get_running_loop().time, 0.0
        while True:
            if clock() >= due:
                await self.look_up_keys()
                due = clock() + _KEYS_KEPT
            await asyncio.sleep(settings.RUN_FLUSH_INTERVAL)
            await self.clear()

    async def look_up_keys(self) -> None:
        try:
            self._keys = await in_db(openai_traces.keys)
        except (DatabaseError, InterfaceError):
            logger.warning("keys for tracing not looked up", exc_info=True)

    async def clear(self) -> None:
        """Do all that waits now."""
        async with self._turn:
            batch, self._waiting, self._bytes = self._waiting, [], 0
            if batch:
                if self._keys is None:
                    await self.look_up_keys()
                self.counted.update(await asyncio.to_thread(_look_after, batch, self._keys or {}))

    async def finish(self, seconds: float) -> None:
        """What can be done before the process ends."""
        try:
            async with asyncio.timeout(seconds):
                await self.clear()
        except TimeoutError:
            logger.warning("the aftercare of spans was cut short", extra={"counted": dict(self.counted)})


def _look_after(batch: list[Stored], keys: dict[UUID, ProviderKey]) -> Counter[str]:
    counted: Counter[str] = Counter()
    try:
        over = [replace(each, spans=[span for span in each.spans if span.ended_at is not None]) for each in batch]
        if (found := collector()) is not None:  # before bodies are kept, since these are forgotten then
            arrived, failed = found.export(over)
            counted.update(exported=arrived, failed=failed)
        for stored in over:
            if stored.spans and (key := keys.get(stored.run.workspace_id)) is not None:
                arrived, failed = openai_traces.export(stored.run, stored.spans, key)
                counted.update(exported=arrived, failed=failed)
        for stored in batch:
            for span in stored.spans:
                large = len(span.large)
                failed = bodies.keep(stored.run.workspace_id, span)
                counted.update(kept=large - failed, failed=failed)
    except Exception:  # whatever happens here, the next ones are looked after
        logger.exception("the aftercare of spans failed by a fault of ours")
        counted["failed"] += 1
    if counted["failed"]:
        logger.warning("spans or their bodies did not reach their place", extra={"counted": dict(counted)})
    return counted
