"""The cache, for a house that stays open while Valkey is away: then it is an empty cache, and says so in the log.

Sessions live in the database behind it (``cached_db``), limits are not counted meanwhile.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

R = TypeVar("R")

logger = logging.getLogger(__name__)


def _or(otherwise: Callable[..., R], method: Callable[..., R]) -> Callable[..., R]:
    @functools.wraps(method)
    def forgiving(self: RedisCache, *args: Any, **kwargs: Any) -> R:
        try:
            return method(self, *args, **kwargs)
        except RedisError:
            logger.warning("the cache does not answer", extra={"operation": method.__name__})
            return otherwise(*args, **kwargs)

    return forgiving


def _default(_key: str, default: Any = None, _version: int | None = None, **_more: Any) -> Any:
    return default


class ForgivingRedisCache(RedisCache):
    get = _or(_default, RedisCache.get)
    get_many = _or(lambda *_args, **_kwargs: {}, RedisCache.get_many)
    has_key = _or(lambda *_args, **_kwargs: False, RedisCache.has_key)
    add = _or(lambda *_args, **_kwargs: True, RedisCache.add)
    set = _or(lambda *_args, **_kwargs: None, RedisCache.set)
    set_many = _or(lambda *_args, **_kwargs: [], RedisCache.set_many)
    touch = _or(lambda *_args, **_kwargs: False, RedisCache.touch)
    delete = _or(lambda *_args, **_kwargs: False, RedisCache.delete)
    delete_many = _or(lambda *_args, **_kwargs: None, RedisCache.delete_many)


class SessionCache(ForgivingRedisCache):
    """Keeps nothing for long: who signs out while Valkey is away must not come back with what it still remembers."""

    longest = 300

    def get_backend_timeout(self, timeout: float | None = DEFAULT_TIMEOUT) -> int:
        wanted = super().get_backend_timeout(timeout)
        return self.longest if wanted is None else min(int(wanted), self.longest)
