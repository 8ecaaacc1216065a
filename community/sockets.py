"""Sockets that end with the right to have them: what our consumers share.

Whatever takes a right away says so after its commit (``realtime.access_changed``), and the socket asks again who it is, at
once. A note can be lost, and nobody sends one when a credential's own time is over; so it also asks from time to time, and
at that moment.
"""

import asyncio
import random
from typing import Any

import orjson
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import timezone, translation
from redis.exceptions import RedisError

from community.access import Actor
from community.api.authentication import SUBPROTOCOL, identify_scope
from config.lib import realtime
from config.lib.db import in_db
from config.lib.errors import AppError, Forbidden, NotFound, Throttled, Unauthenticated

UNAUTHENTICATED, NOT_FOUND = 4401, 4404
TRY_LATER = 1013


def until_asked(actor: Actor) -> float:
    """In how many seconds to ask again who it is. Spread out, so that thousands of sockets do not ask in the same moment."""
    pause = float(settings.LIVE_RECHECK) * random.uniform(0.8, 1.2)  # noqa: S311
    if actor.until is not None:
        left = (actor.until - timezone.now()).total_seconds()
        pause = min(pause, max(left, 0.0) + 0.05)  # just after, so that the answer is the right one
    return pause


class SignedInSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """Of a person or a program. ``action`` is what they must be allowed to do, at any moment."""

    action: str
    actor: Actor
    groups_joined: set[str]
    watching_access: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self.groups_joined = set()
        await self.accept(SUBPROTOCOL if SUBPROTOCOL in (self.scope.get("subprotocols") or []) else None)

    def watch_access(self) -> None:
        self.watching_access = asyncio.create_task(self._watch_access())

    async def disconnect(self, code: int) -> None:
        if self.watching_access is not None:
            self.watching_access.cancel()
        for group in getattr(self, "groups_joined", ()):
            try:
                await self.channel_layer.group_discard(group, self.channel_name)
            except (RedisError, OSError):
                break  # Valkey forgets the channel by itself

    # What a consumer of ours decides

    def identify(self) -> Actor:
        """Who opened this. Runs queries; raises what ``identify_scope`` raises."""
        return identify_scope(self.scope)

    async def renewed(self, before: Actor) -> None:
        """They may still be here, now as ``self.actor``."""

    async def refused(self, error: AppError) -> None:
        """Something else is wrong with how it was opened (a token in the address)."""
        await self.close(TRY_LATER)

    async def heard(self, kind: str, body: str) -> None:
        """A note of ``config.lib.realtime`` that is not about the socket itself."""

    def groups_wanted(self) -> set[str]:
        """Where this is to be heard of. A browser's sign-in is named by its own group: it ends without a question."""
        wanted = {realtime.person_group(self.actor.id), realtime.workspace_group(self.actor.workspace_id)}
        if session := self._session_key():
            wanted.add(realtime.session_group(session))
        return wanted

    # Who it is, again and again

    async def identified(self) -> bool:
        """Whether whoever opened this is (still) signed in, and may be here; else the socket is closed."""
        known = hasattr(self, "actor")
        try:
            actor = await in_db(self.identify)
            actor.require(self.action)
            self.actor = actor
            translation.activate(actor.user.language or settings.LANGUAGE_CODE)  # for this socket's own task
            await self._join()
        except (Unauthenticated, Forbidden):
            await self.close(UNAUTHENTICATED)
        except NotFound:
            await self.close(NOT_FOUND)
        except (Throttled, RedisError, OSError):
            if known:
                return True  # it joins its groups again the next time
            await self.close(TRY_LATER)
        except AppError as error:
            await self.refused(error)
        else:
            return True
        return False

    async def _join(self) -> None:
        """Again each time: groups are forgotten after a day, and with a Valkey that lost its data."""
        wanted = self.groups_wanted()
        for group in wanted:
            await self.channel_layer.group_add(group, self.channel_name)
        self.groups_joined |= wanted

    def _session_key(self) -> str:
        """The cookie's session, if that is how this socket was opened."""
        headers = dict(self.scope.get("headers", ()))
        if b"authorization" in headers or SUBPROTOCOL in (self.scope.get("subprotocols") or []):
            return ""
        cookies = headers.get(b"cookie", b"").decode("latin-1")
        parts = (part.strip().partition("=") for part in cookies.split(";"))
        return next((value for name, _equals, value in parts if name == settings.SESSION_COOKIE_NAME), "")

    async def _watch_access(self) -> None:
        while True:
            await asyncio.sleep(until_asked(self.actor))
            if not await self._ask_again():
                return

    async def _ask_again(self) -> bool:
        before = self.actor
        if not await self.identified():
            return False
        await self.renewed(before)
        return True

    async def live_message(self, event: dict[str, str]) -> None:
        body = event["body"]
        match kind := orjson.loads(body)["type"]:
            case "session.ended":
                await self.close(UNAUTHENTICATED)
            case "access.changed":
                if hasattr(self, "actor"):
                    await self._ask_again()
            case _:
                await self.heard(kind, body)

    async def send_frame(self, frame: dict[str, Any]) -> None:
        await self.send(text_data=orjson.dumps(frame, default=str).decode())
