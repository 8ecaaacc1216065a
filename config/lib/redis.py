"""Clients of Valkey (or Redis), one per kind of use, and the few commands that several apps share.

Clients are bound to where they run: the synchronous one is for threads; asynchronous ones belong to one event loop.
"""

import asyncio
import logging
import time
import weakref
from functools import lru_cache

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

_loop_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis] = weakref.WeakKeyDictionary()


@lru_cache
def client() -> redis.Redis:
    """The client for threads. Short time limits: whoever calls it can do without."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=settings.VALKEY_PATIENCE,
        socket_connect_timeout=settings.VALKEY_PATIENCE,
        retry=Retry(NoBackoff(), 1),
        max_connections=200,
    )


def loop_client() -> redis.asyncio.Redis:
    """The running event loop's client."""
    loop = asyncio.get_running_loop()
    if loop not in _loop_clients:
        _loop_clients[loop] = new_loop_client()
    return _loop_clients[loop]


def new_loop_client() -> redis.asyncio.Redis:
    """A client of one's own, for connections that block."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_timeout=5.0, socket_connect_timeout=settings.VALKEY_PATIENCE, retry=None,
        max_connections=50,
    )  # fmt: skip


def count_in_window(key: str, *, limit: int, seconds: int) -> float:
    """Count one event; answers 0 while at most ``limit`` fall into the current window, else the seconds until the next one."""
    now = time.time()
    window = int(now // seconds)
    try:
        pipeline = client().pipeline(transaction=False)
        pipeline.incr(f"{key}:{window}")
        pipeline.expire(f"{key}:{window}", seconds)
        count = int(pipeline.execute()[0])
    except RedisError:
        logger.warning("not counted: Valkey does not answer", extra={"key": key})
        return 0.0
    return (window + 1) * seconds - now if count > limit else 0.0
