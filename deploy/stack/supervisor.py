"""Starts services, keeps them alive, stops them: first what serves people, then what that stands on."""

import asyncio
import signal
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from deploy.stack.child import Child, Report, RestartPolicy
from deploy.stack.failures import StackError, last_lines
from deploy.stack.process import Service

SAME_REQUEST = 0.5
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """Ctrl-C, SIGTERM, or the terminal is gone."""


class Supervisor:
    """An async context manager; leaving it stops everything it started, whatever happened inside.

    The second Ctrl-C makes haste: what serves people is killed at once, the databases still close their files.
    """

    def __init__(self, *, report: Report, policy: RestartPolicy | None = None) -> None:
        self.report = report
        self.policy = policy or RestartPolicy()
        self.children: list[Child] = []
        self.keepers: set[asyncio.Task[None]] = set()
        self.stop_requested = asyncio.Event()
        self.haste = asyncio.Event()
        self.asked_at = 0.0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        for name in STOP_SIGNALS:
            loop.add_signal_handler(name, self._request_stop)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for keeper in self.keepers:
            keeper.cancel()
        await self._stop([child for child in self.children if not child.service.carries_others])
        await self._stop([child for child in self.children if child.service.carries_others])

    def _reap(self) -> None:
        for child in self.children:
            child.reap()

    def _request_stop(self) -> None:
        # `make` passes a signal on that its whole group has received: two at once are one request.
        now = time.monotonic()
        if not self.stop_requested.is_set():
            self.stop_requested.set()
            self.asked_at = now
        elif now - self.asked_at > SAME_REQUEST:
            self.haste.set()

    async def start(self, services: Sequence[Service]) -> None:
        """Start ``services`` together, until all are ready. Raises ``StackError`` or ``StopRequested``."""
        started = [Child(service, self.policy, self.report) for service in services]
        self.children += started
        await self.unless_stopped(asyncio.gather(*(child.start() for child in started)))
        for child in started:
            self.keepers.add(asyncio.create_task(child.keep()))

    async def run_once(self, service: Service) -> None:
        """Run a command to its end. Raises ``StackError`` with its last words when it fails."""
        child = Child(service, self.policy, self.report)
        self.children.append(child)
        child.spawn()
        await self.unless_stopped(asyncio.ensure_future(child.exited.wait()))
        if child.process and child.process.returncode != 0:
            lines = last_lines(service.log)
            said = next((line for line in reversed(lines) if line.startswith("error: ")), "")
            if said:
                raise StackError(said.removeprefix("error: "))
            raise child.failure(f"failed ({child.ending()})")
        self.children.remove(child)

    async def unless_stopped(self, work: asyncio.Future[Any]) -> None:
        """Wait for ``work``, for a request to stop, or for a child that gave up."""
        stop = asyncio.create_task(self.stop_requested.wait())
        try:
            waiting: set[asyncio.Future[Any]] = {work, stop, *self.keepers}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for keeper in self.keepers:
                if keeper.done():
                    keeper.result()
            if work.done():
                work.result()
            else:
                raise StopRequested
        finally:
            stop.cancel()
            work.cancel()
            await asyncio.gather(work, stop, return_exceptions=True)

    async def watch(self) -> None:
        """Until somebody asks to stop (returns) or a child dies too often (raises ``StackError``)."""
        try:
            await self.unless_stopped(asyncio.get_running_loop().create_future())
        except StopRequested:
            return

    async def _stop(self, children: list[Child]) -> None:
        """Gently, until haste is asked for; then all but those that carry others are killed."""
        stopping = asyncio.gather(*(child.stop() for child in children))
        haste = asyncio.create_task(self.haste.wait())
        both: set[asyncio.Future[Any]] = {stopping, haste}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            await asyncio.gather(*(child.stop(at_once=True) for child in children if not child.service.carries_others))
        await stopping
        haste.cancel()
