"""Starting a machine of ``bubblewrap``, watching over it, and ending it: what no limit of the kernel counts is counted here.

Memory of all processes together, entries of its file systems, what it says, its time, and whether anybody still waits.
"""

import os
import re
import select
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO

from agent_app.tools.sandbox import bubblewrap
from agent_app.tools.sandbox.bubblewrap import Box, Limits, NoSandbox

EXITED = "exited"
TIMEOUT = "timeout"
CANCELLED = "cancelled"
MEMORY = "memory"
DISK = "disk"
OUTPUT = "output"

_LOOK = 0.05  # seconds between two looks at what it uses
_LAST = 2.0  # for its ends of pipes to close once it has ended
_READ = 65536
_PADDING = bytes(1024)  # at the end of every whole archive
_FIRST = re.compile(rb'"child-pid": (\d+)')
_FAILED = 125  # the launcher could not begin


@dataclass
class Ended:
    """How it ended: ``how`` is one of the words above. ``kept``: the workspace lies in ``Box.keep``."""

    how: str = EXITED
    exit_code: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    seconds: float = 0.0
    kept: bool = False


def always() -> bool:
    return True


def run(
    command: Sequence[str], box: Box | None = None, limits: Limits | None = None, *, wanted: Callable[[], bool] = always
) -> Ended:
    """Do ``command`` in a machine of its own and wait for its end. Nothing of it is left afterwards. Raises NoSandbox."""
    box, limits = box or Box(), limits or Limits()
    if reason := bubblewrap.missing():
        raise NoSandbox(reason)
    started = time.monotonic()
    with bubblewrap.prepared(command, box, limits) as how:
        user = bubblewrap.user()
        process = subprocess.Popen(  # noqa: S603  # everything a person can shape is an argument inside
            how.command, stdin=how.stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}, cwd="/",
            pass_fds=how.passed, user=user, group=user, extra_groups=None if user is None else [], start_new_session=True,
        )  # fmt: skip
        for descriptor in how.passed:
            with suppress(OSError):
                os.close(descriptor)
        watched = _Watched(process, how.info, limits, wanted, started)
        try:
            watched.watch()
        finally:
            watched.end()
    ended = watched.ended
    ended.seconds = time.monotonic() - started
    if ended.how == EXITED and ended.exit_code == _FAILED and not ended.stdout:
        raise NoSandbox(f"The sandbox could not be made: {ended.stderr.decode(errors='replace')[:300].strip()}")
    ended.kept = box.keep is not None and ended.how == EXITED and _whole(box.keep)
    return ended


@lru_cache
def unavailable() -> str:
    """Why no machine can be made here, in words; empty where one was made just now."""
    try:
        ended = run([f"{bubblewrap._OURS}/cat", "/proc/version"], limits=Limits(seconds=10))
    except (NoSandbox, OSError) as error:
        return str(error)
    if ended.how == EXITED and ended.exit_code in (0, 1):  # 1: there is no /proc
        return ""
    said = ended.stderr.decode(errors="replace").strip().splitlines()
    return f"bubblewrap cannot make a sandbox here: {said[-1][:200] if said else ended.how}"


def _whole(path: Path) -> bool:
    """Whether an archive was written to its end."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        if size < len(_PADDING):
            return False
        stream.seek(size - len(_PADDING))
        return stream.read() == _PADDING


@dataclass
class _Stream:
    """One of its outputs, as far as it is kept."""

    source: IO[bytes]
    most: int
    read: bytearray = field(default_factory=bytearray)
    open: bool = True

    def take(self) -> bool:
        """Read what is there. False where it has said too much."""
        data = os.read(self.source.fileno(), _READ)
        self.open = bool(data)
        self.read += data[: self.most - len(self.read)]
        return len(self.read) < self.most


class _Watched:
    def __init__(
        self, process: subprocess.Popen[bytes], info: int, limits: Limits, wanted: Callable[[], bool], started: float
    ) -> None:
        assert process.stdout is not None  # noqa: S101  # they are pipes
        assert process.stderr is not None  # noqa: S101
        self.process = process
        self.limits = limits
        self.wanted = wanted
        self.until = started + limits.seconds
        self.first = 0  # the process that is number 1 inside
        self._handle = -1  # of it: its number may be another's after its end
        self._info = info
        self._told = b""
        self.streams = (_Stream(process.stdout, limits.output), _Stream(process.stderr, limits.output))
        self.ended = Ended()

    def watch(self) -> None:
        """Until it has ended by itself or must be ended."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._info, selectors.EVENT_READ, None)
            for stream in self.streams:
                selector.register(stream.source, selectors.EVENT_READ, stream)
            looked = time.monotonic()
            while self.process.poll() is None:
                for key, _events in selector.select(_LOOK):
                    if key.data is None:
                        if self._begun(os.read(self._info, 4096)):
                            selector.unregister(self._info)
                    elif not key.data.take():
                        self.ended.how = OUTPUT
                        return
                    elif not key.data.open:
                        selector.unregister(key.fileobj)
                now = time.monotonic()
                if now >= self.until:
                    self.ended.how = TIMEOUT
                    return
                if now - looked >= _LOOK or not selector.get_map():
                    looked = now
                    if reason := self._too_much():
                        self.ended.how = reason
                        return
                if not selector.get_map():  # it has closed its outputs and goes on
                    with suppress(subprocess.TimeoutExpired):
                        self.process.wait(_LOOK)

    def _begun(self, told: bytes) -> bool:
        """bwrap says in pieces who is the first inside. Answers whether nothing more is to be read."""
        self._told += told
        if (found := _FIRST.search(self._told)) and not self.first:
            with suppress(OSError):  # it has ended already
                self._handle = os.pidfd_open(int(found[1]))
                self.first = int(found[1])
        return not told

    def _too_much(self) -> str:
        if not self.wanted():
            return CANCELLED
        if not self.first:
            return ""
        if _memory(self.first) > self.limits.memory:
            return MEMORY
        return DISK if _entries(self.first) > self.limits.entries else ""

    def end(self) -> None:
        """Kill what is left of it, and take what it has said until then."""
        if self._handle >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)  # the first process takes all others with it
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        if self._handle >= 0:
            select.select([self._handle], [], [], _LAST)
            os.close(self._handle)
        if self.ended.how == EXITED:
            self.ended.exit_code = code if code >= 0 else 128 - code
        self._drain()
        self.ended.stdout, self.ended.stderr = (bytes(stream.read) for stream in self.streams)

    def _drain(self) -> None:
        until = time.monotonic() + _LAST
        with selectors.DefaultSelector() as selector:
            for stream in self.streams:
                if stream.open:
                    selector.register(stream.source, selectors.EVENT_READ, stream)
            while selector.get_map() and time.monotonic() < until:
                for key, _events in selector.select(_LOOK):
                    if not key.data.take() or not key.data.open:
                        selector.unregister(key.fileobj)
        for stream in self.streams:
            if len(stream.read) >= stream.most and self.ended.how == EXITED:
                self.ended.how = OUTPUT
            stream.source.close()


def _family(first: int) -> list[int]:
    """``first`` and all that descend from it: inside, orphans become children of the first."""
    found, unseen = [], [first]
    while unseen:
        pid = unseen.pop()
        found.append(pid)
        with suppress(OSError, ValueError):
            for task in os.listdir(f"/proc/{pid}/task"):
                unseen += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def _memory(first: int) -> int:
    """Bytes that all processes inside use: what several share is counted once."""
    total = 0
    for pid in _family(first):
        with suppress(OSError, ValueError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
                    break
    return total


def _entries(first: int) -> int:
    """The most entries that one of its writable file systems has."""
    most = 0
    for path in (bubblewrap.WORKSPACE, "/tmp", "/dev/shm"):  # noqa: S108
        with suppress(OSError):
            found = os.statvfs(f"/proc/{first}/root{path}")
            most = max(most, found.f_files - found.f_ffree)
    return most
