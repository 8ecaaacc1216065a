"""What a run has begun and nobody waits for: the SDK does not wait for calls that it cancels."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

logger = logging.getLogger(__name__)

_PATIENCE = 30.0  # seconds for what was cancelled to end


class UnderWay:
    """The calls of one run."""

    def __init__(self, run_id: UUID) -> None:
        self._run_id = run_id
        self._open: set[asyncio.Future[None]] = set()

    @contextmanager
    def one(self) -> Iterator[None]:
        """A call, from its beginning to its end."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open.add(over)
        try:
            yield
        finally:
            self._open.discard(over)
            over.set_result(None)

    async def ended(self) -> None:
        """Until none is under way: what they have used is the run's.

        However often the run is cancelled meanwhile; but not for one that will not end.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        while self._open:
            if (left := until - loop.time()) <= 0:
                logger.warning("a tool goes on after its run", extra={"run": str(self._run_id)})
                return
            with suppress(asyncio.CancelledError):
                await asyncio.wait(self._open, timeout=left)
