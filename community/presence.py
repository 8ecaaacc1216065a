"""Who is on which page of a workspace. Kept in Valkey for as long as somebody says so, and nowhere else.

One sorted set a page: a member is one open page of one person, its score the moment until which it counts. The set itself
expires with its youngest member, so that neither a crash nor a lost goodbye leaves anything behind.
"""

import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import orjson
from redis.exceptions import RedisError

from config.lib import redis

R = TypeVar("R")

logger = logging.getLogger(__name__)

LIFETIME = 30
MOST_SHOWN = 50


def page_name(workspace_id: UUID, page: str) -> str:
    """The page's name in Valkey and among the groups: of bounded length, whatever the address is."""
    return f"page.{workspace_id.hex}.{hashlib.sha256(page.encode()).hexdigest()[:24]}"


def member(user_id: UUID, name: str, socket: str, avatar: str = "") -> bytes:
    return orjson.dumps([str(user_id), name, socket, avatar])


async def arrive(page: str, member: bytes) -> bool:
    """Say that ``member`` is here for another while. Answers whether anything changed for the others: came, or others were forgotten."""

    async def renew() -> list[Any]:
        now = time.time()
        pipeline = redis.loop_client().pipeline(transaction=False)
        pipeline.zadd(f"presence:{page}", {member: now + LIFETIME})
        pipeline.zremrangebyscore(f"presence:{page}", "-inf", now)
        pipeline.expire(f"presence:{page}", LIFETIME)
        return await pipeline.execute()

    answer = await _at_second_try(renew)
    return bool(answer and (answer[0] or answer[1]))


async def leave(page: str, member: bytes) -> None:
    """Where Valkey is away, it forgets in half a minute."""

    async def remove() -> int:
        return int(await redis.loop_client().zrem(f"presence:{page}", member))

    await _at_second_try(remove)


async def people(page: str) -> list[dict[str, str]]:
    """Who is here, each person once."""

    async def read() -> list[Any]:
        found: list[Any] = await redis.loop_client().zrange(
            f"presence:{page}", time.time(), "+inf", byscore=True, offset=0, num=200
        )
        return found

    found = await _at_second_try(read) or []
    here: dict[str, dict[str, str]] = {}
    for row in found:
        user_id, name, _socket, *avatar = orjson.loads(row)  # a process of the release before says no avatar
        here[user_id] = {"id": user_id, "name": name, "avatar": avatar[0] if avatar else ""}
    return [person for _id, person in sorted(here.items())[:MOST_SHOWN]]


async def _at_second_try(command: Callable[[], Awaitable[R]]) -> R | None:
    """The first try may meet a connection that died with its server. None: Valkey is away, and so is presence."""
    for last in (False, True):
        try:
            return await command()
        except RedisError:
            if last:
                logger.warning("no presence: Valkey does not answer")
    return None
