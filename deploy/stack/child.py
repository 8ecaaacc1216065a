"""One supervised child: started, watched, restarted with back-off, stopped."""

import asyncio
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from deploy.stack.failures import StackError, last_lines
from deploy.stack.process import Service, kill_group

Report = Callable[[str], None]
POLL = 0.03


@dataclass(frozen=True, kw_only=True)
class RestartPolicy:
    """Three deaths within a minute are too many. Until then restarts wait ``first_delay`` seconds, then twice that."""

    deaths: int = 3
    within: float = 60.0
    first_delay: float = 0.5


class Child:
    """Runs ``service``, on one event loop. ``reap`` is called whenever some child of this process has ended."""

    def __init__(self, service: Service, policy: RestartPolicy, report: Report) -> None:
        self.service = service
        self.policy = policy
        self.report = report
        self.process: subprocess.Popen[bytes] | None = None
        self.exited = asyncio.Event()
        self.deaths: deque[float] = deque()
        self.stopping = False

    async def start(self) -> None:
        """Start and wait until ready. Raises ``StackError`` with the last log lines when it does not get there."""
        self.spawn()
        if not await self.wait_ready():
            ended = self.exited.is_set()
            await self.stop()
            what = f"stopped while starting ({self.ending()})" if ended else "did not become ready in time"
            raise self.failure(what)

    def spawn(self) -> None:
        self.exited.clear()
        self.process = self.service.spawn()
        self.reap()

    def reap(self) -> None:
        if self.process is not None and not self.exited.is_set() and self.process.poll() is not None:
            # What it had started goes with it: a pool's processes may outlive a killed parent.
            kill_group(self.process)
            self.exited.set()

    async def wait_ready(self) -> bool:
        limit = time.monotonic() + self.service.ready_within
        while not self.exited.is_set() and time.monotonic() < limit:
            if self.service.ready():
                return True
            await self.wait_exit(POLL)
        return False

    async def wait_exit(self, seconds: float) -> bool:
        """True when it ended within ``seconds``."""
        try:
            await asyncio.wait_for(self.exited.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def keep(self) -> None:
        """Restart it whenever it dies, until it died too often: then raise ``StackError``."""
        while True:
            await self.exited.wait()
            if self.stopping:
                return
            delay = self.count_death()
            self.report(f"{self.service.name} {self.ending()}; starting it again in {delay:g} s")
            await asyncio.sleep(delay)
            self.spawn()
            if await self.wait_ready():
                self.report(f"{self.service.name} is back")
            elif not self.exited.is_set() and self.process:
                kill_group(self.process)

    def count_death(self) -> float:
        """Seconds to wait before the next start. Raises when this death was one too many."""
        now = time.monotonic()
        self.deaths.append(now)
        while self.deaths[0] < now - self.policy.within:
            self.deaths.popleft()
        if len(self.deaths) >= self.policy.deaths:
            raise self.failure(f"died {len(self.deaths)} times within {self.policy.within:g} s ({self.ending()})")
        return float(self.policy.first_delay * 2 ** (len(self.deaths) - 1))

    async def stop(self, *, at_once: bool = False) -> None:
        """Ask it to stop, wait as long as the service allows, then kill it. Nothing of it is left afterwards."""
        self.stopping = True
        if self.process is None:
            return
        if not self.exited.is_set():
            if not at_once:
                self.process.send_signal(self.service.stop_signal)
                if not await self.wait_exit(self.service.stop_within):
                    self.report(f"{self.service.name} did not stop within {self.service.stop_within:g} s; killing it")
            kill_group(self.process)
            await self.exited.wait()

    def ending(self) -> str:
        code = self.process.returncode if self.process else None
        if code is None:
            return "runs"
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    def failure(self, what: str) -> StackError:
        hint = f" {self.service.died_hint}" if self.service.died_hint else ""
        message = f"{self.service.name} {what}. Its log is {self.service.log}.{hint}"
        return StackError(message, log=last_lines(self.service.log))
