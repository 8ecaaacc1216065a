"""The one way by which database work leaves an event loop.

Django's ``sync_to_async`` and its async ORM share a single thread by default, so ten slow queries queue up behind each
other. ``in_db`` has a sized pool of its own. Each thread keeps its connection between calls; a broken one is dropped first.
"""

import asyncio
import contextvars
import select
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils import translation

P = ParamSpec("P")
R = TypeVar("R")

_executor: ThreadPoolExecutor | None = None


def _pool() -> ThreadPoolExecutor:
    global _executor
    if _executor is None:
        _executor = ThreadPoolExecutor(max_workers=settings.DATABASE_THREADS, thread_name_prefix="db")
    return _executor


def _drop_dead_connections() -> None:
    """Close kept connections whose server has gone: nothing is due on an idle connection, so what can be read is its end.

    Costs no query, as Django's health check would.
    """
    for wrapper in connections.all(initialized_only=True):
        raw = wrapper.connection
        if raw is None or wrapper.in_atomic_block:
            continue
        poll = select.poll()
        try:
            poll.register(raw.fileno(), select.POLLIN)
            dead = bool(poll.poll(0))
        except Exception:  # noqa: BLE001  # psycopg's own errors, of a connection that was closed already
            dead = True
        if dead:
            wrapper.close()


def _call(context: contextvars.Context, language: str | None, function: Callable[..., R], args: Any, kwargs: Any) -> R:
    close_old_connections()
    _drop_dead_connections()
    if (
        language
    ):  # Django keeps it in a variable of asgiref, which a thread that asgiref has not made takes for a stranger's
        context.run(translation.activate, language)
    return context.run(function, *args, **kwargs)


async def in_db(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run ``function`` on a database thread and wait for it. Context variables (request id, run id) and the language go with it.

    Nobody can stop a thread. So whoever is cancelled here is only when ``function`` was not begun, and never will be, or has ended:
    what comes after a cancel does not race with what was cancelled.
    """
    context, language = contextvars.copy_context(), translation.get_language()
    work = _pool().submit(_call, context, language, function, args, kwargs)
    told = asyncio.wrap_future(work)
    try:
        await asyncio.wait([told])  # a cancel of who waits is none of the work
    except asyncio.CancelledError:
        if not work.cancel():
            await _ended(told)
        raise
    try:
        return told.result()
    finally:
        del told, work  # else an error is held by its own frame


async def _ended(told: "asyncio.Future[Any]") -> None:
    """However often the one who waits is cancelled meanwhile: it is told in the end, by the first of them."""
    while not told.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([told])
    told.exception()  # nobody is left to be told
