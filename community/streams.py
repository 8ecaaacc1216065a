"""Answers that stream, and end with the right to read them, as our sockets do (``community/sockets.py``).

Whoever signs out, is removed, or whose token ends reads no further: the stream is over, and coming back is refused.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import orjson
from channels.layers import get_channel_layer
from django.conf import settings
from django.http import HttpRequest
from redis.exceptions import RedisError

from community.access import Actor, renewed
from community.sockets import until_asked
from config.lib import loop, realtime
from config.lib.db import in_db
from config.lib.errors import Forbidden, NotFound, Unauthenticated

# Most answers are over by then, and pay nothing for being watched.
GRACE = 1.0
_VALKEY_AWAY = 5.0


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a stream; ``door`` lets them in to what they read, or raises."""

    actor: Actor
    session_key: str
    door: Callable[[Actor], object]

    @classmethod
    def of(cls, request: HttpRequest, actor: Actor, door: Callable[[Actor], object]) -> "Reader":
        by_session = actor.token_id is None and actor.until is None  # access tokens have an end
        return cls(actor, (request.session.session_key or "") if by_session else "", door)

    def groups(self) -> list[str]:
        groups = [realtime.person_group(self.actor.id), realtime.workspace_group(self.actor.workspace_id)]
        return [*groups, realtime.session_group(self.session_key)] if self.session_key else groups

    def may_read(self) -> bool:
        """Whether they still may. Runs queries."""
        try:
            self.door(renewed(self.actor))
        except (Unauthenticated, Forbidden, NotFound):
            return False
        store = import_module(settings.SESSION_ENGINE).SessionStore
        return not self.session_key or bool(store().exists(self.session_key))


@contextlib.asynccontextmanager
async def while_allowed(reader: Reader, most: float) -> AsyncIterator[None]:
    """Raises TimeoutError within the block after ``most`` seconds, or once ``reader`` may read no more."""
    async with asyncio.timeout(most) as limit:
        watch = asyncio.create_task(_watch(reader, limit), name="stream-watch")
        try:
            yield
        finally:
            watch.cancel()


async def _watch(reader: Reader, limit: asyncio.Timeout) -> None:
    """Whatever goes wrong here ends the stream: its reader comes back, and is asked who they are."""
    try:
        await asyncio.sleep(GRACE)
        await _ended(reader)
    finally:
        with contextlib.suppress(RuntimeError):  # the stream was over before
            limit.reschedule(asyncio.get_running_loop().time())


async def _ended(reader: Reader) -> None:
    """Returns when ``reader`` may read no more. Asks when it is told to, and from time to time, since a note can be lost."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    try:
        while True:
            with contextlib.suppress(RedisError, OSError):
                for group in reader.groups():
                    await layer.group_add(group, channel)
            if not await in_db(reader.may_read):
                return
            loop.obey()
            try:
                async with asyncio.timeout(until_asked(reader.actor)):
                    if await _told(layer, channel) == "session.ended":
                        return
            except TimeoutError:
                continue
            except (RedisError, OSError):
                await asyncio.sleep(_VALKEY_AWAY)
    finally:
        with contextlib.suppress(RedisError, OSError):
            for group in reader.groups():
                await layer.group_discard(group, channel)


async def _told(layer: Any, channel: str) -> str:
    """The next note about who may be here."""
    while True:
        note = await layer.receive(channel)
        kind = str(orjson.loads(note["body"])["type"])
        if kind in ("session.ended", "access.changed"):
            return kind
