"""One event loop a process, on a thread of its own, for threads that have asynchronous work to do.

Celery's threads submit coroutines to it and wait, so one process carries hundreds of runs that wait for models, and
everything bound to a loop (HTTP sessions, Valkey connections) exists once.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def get() -> asyncio.AbstractEventLoop:
    """The process's loop; started by the first call."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = uvloop.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="loop", daemon=True).start()
        return _loop


def submit(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Run ``coroutine`` on the loop, from any other thread."""
    return asyncio.run_coroutine_threadsafe(coroutine, get())


def cancelled() -> bool:
    """Whether the running task was told to end. Loops over Valkey ask: its client at times swallows a cancel that comes while it
    opens or closes a connection."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def obey() -> None:
    """End the running task where it was told to, though Valkey's client has swallowed that."""
    if cancelled():
        raise asyncio.CancelledError


def _forget() -> None:
    """A forked child has the loop's memory but not its thread."""
    global _lock, _loop
    _lock, _loop = threading.Lock(), None


os.register_at_fork(after_in_child=_forget)
