"""A service: what to start, how to see that it is ready, how to stop it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")


def always_ready() -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Service:
    """One child process.

    ``ready`` is polled often and must be quick; it answers False while the child is not ready yet. ``before`` runs
    ahead of each start (restarts too). Times are seconds. ``died_hint`` is said when the child keeps dying. One that
    ``carries_others`` stops after those that do not, and is never killed in haste.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path
    log: Path
    user: str | None = None
    before: Callable[[], None] | None = None
    ready: Callable[[], bool] = always_ready
    ready_within: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 10.0
    death_signal: signal.Signals = signal.SIGKILL
    died_hint: str = ""
    carries_others: bool = False
    pass_fds: tuple[int, ...] = ()

    def argv(self) -> list[str]:
        """The command behind the launcher, which ties it to the life of this process."""
        prefix = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid())]
        return [*prefix, str(int(self.death_signal)), self.user or "-", *self.command]

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start it in a session of its own: Ctrl-C reaches the supervisor alone, which stops its children in order."""
        if self.before:
            self.before()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self.argv(),
                cwd=self.directory,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.pass_fds,
            )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the child and whatever it started (its session is its own)."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
