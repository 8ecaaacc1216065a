"""One stack for one ``var/``. The kernel drops the lock when its holder dies, however it dies."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.stack.failures import StackError


@contextmanager
def exclusive(path: Path, address: str) -> Iterator[None]:
    """Hold the lock; raises ``StackError`` that says where the first stack runs."""
    with path.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(_who(path)) from None
        stream.truncate(0)
        json.dump({"pid": os.getpid(), "address": address, "since": time.strftime("%H:%M")}, stream)
        stream.flush()
        yield
        stream.truncate(0)


def _who(path: Path) -> str:
    try:
        first = json.loads(path.read_text())
    except ValueError:
        return f"Troupe already starts or stops with {path.parent}: try again in a moment."
    where = f"{first['address']} (process {first['pid']}, since {first['since']})"
    stop = f"Stop it with Ctrl-C there or `kill {first['pid']}`"
    return f"Troupe already runs on {where}. {stop}; a second one needs its own VAR_DIR and PORT."
