"""The one way by which database work leaves an event loop.

Django's ``sync_to_async`` and its async ORM share a single thread by default, so ten slow queries queue up behind each
other. ``in_db`` has a sized pool of its own. Each thread keeps its connection between calls; a broken one is dropped first.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")

_executor: ThreadPoolExecutor | None = None


def _pool() -> ThreadPoolExecutor:
    global _executor
    if _executor is None:
        _executor = ThreadPoolExecutor(max_workers=settings.DATABASE_THREADS, thread_name_prefix="db")
    return _executor


def _call(context: contextvars.Context, function: Callable[..., R], args: Any, kwargs: Any) -> R:
    close_old_connections()
    return context.run(function, *args, **kwargs)


async def in_db(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run ``function`` on a database thread and wait for it. Context variables (request id, run id) go with it."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool(), _call, contextvars.copy_context(), function, args, kwargs)
