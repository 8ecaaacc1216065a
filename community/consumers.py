"""``/api/v1/live/``: what concerns a person, pushed to their open pages and programs. A translator; it decides nothing.

While nothing happens a socket holds no thread and no database connection. What is sent is lossy by nature: after every
gap (a reconnect, a server that was away) the client asks with ``resync`` and gets the numbers as they are.
"""

import asyncio
import contextlib
import random
import secrets
import time
from collections import deque
from typing import Any

import orjson
from channels.exceptions import ChannelFull
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from redis.exceptions import RedisError

from community import presence
from community.access import Actor
from community.api.authentication import SUBPROTOCOL, identify_scope
from config.lib import realtime, shell
from config.lib.db import in_db
from config.lib.errors import AppError, Forbidden, NotFound, Throttled, Unauthenticated

UNAUTHENTICATED, NOT_FOUND = 4401, 4404
TOO_LARGE, POLICY, TRY_LATER = 1009, 1008, 1013
MAX_FRAME = 2048
MAX_PAGE = 200
# A page says where it is every ten seconds; who sends far more is no page of ours.
FRAMES, PER_SECONDS = 30, 10.0


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    actor: Actor

    async def connect(self) -> None:
        self.groups_joined: set[str] = set()
        self.page = ""
        self.watch: asyncio.Task[None] | None = None
        self.received: deque[float] = deque(maxlen=FRAMES)
        await self.accept(SUBPROTOCOL if SUBPROTOCOL in (self.scope.get("subprotocols") or []) else None)
        if await self._identified():
            self.member = presence.member(self.actor.id, self.actor.user.display_name, secrets.token_hex(6))
            self.watch = asyncio.create_task(self._watch())
            await self._send_badges("ready")

    async def disconnect(self, code: int) -> None:
        if self.watch is not None:
            self.watch.cancel()
        await self._go_to("")
        for group in self.groups_joined:
            try:
                await self.channel_layer.group_discard(group, self.channel_name)
            except (RedisError, OSError):
                break  # Valkey forgets the channel by itself

    # Who it is, again and again

    async def _identified(self) -> bool:
        """Whether whoever opened this is (still) signed in, and a member; else the socket is closed."""
        try:
            self.actor = await in_db(identify_scope, self.scope)
            self.actor.require("notification.read")  # closed to API tokens: it tells what is a person's own
            await self._join()
        except (Unauthenticated, Forbidden):
            await self.close(UNAUTHENTICATED)
        except NotFound:
            await self.close(NOT_FOUND)
        except Throttled:
            return hasattr(self, "actor") or await self._close(TRY_LATER)
        except (AppError, RedisError, OSError):
            await self.close(TRY_LATER)
        else:
            return True
        return False

    async def _close(self, code: int) -> bool:
        await self.close(code)
        return False

    async def _join(self) -> None:
        """Again each time: groups are forgotten after a day, and with a Valkey that lost its data."""
        wanted = {
            realtime.person_group(self.actor.id),
            realtime.workspace_group(self.actor.workspace_id),
            *([realtime.session_group(session)] if (session := self._session_key()) else []),
        }
        if self.page:
            wanted.add(presence.page_name(self.actor.workspace_id, self.page))
        for group in wanted:
            await self.channel_layer.group_add(group, self.channel_name)
        self.groups_joined |= wanted

    def _session_key(self) -> str:
        """The cookie's session, if that is how this socket was opened."""
        headers = dict(self.scope.get("headers", ()))
        if b"authorization" in headers or SUBPROTOCOL in (self.scope.get("subprotocols") or []):
            return ""
        cookies = headers.get(b"cookie", b"").decode("latin-1")
        return next(
            (
                value
                for name, _equals, value in (part.strip().partition("=") for part in cookies.split(";"))
                if name == settings.SESSION_COOKIE_NAME
            ),
            "",
        )

    async def _watch(self) -> None:
        """Sockets outlive sign-ins. Spread out, so that thousands of sockets do not ask in the same moment."""
        while True:
            await asyncio.sleep(settings.LIVE_RECHECK * random.uniform(0.8, 1.2))  # noqa: S311
            before = self.actor
            if not await self._identified():
                return
            if before.workspace_id != self.actor.workspace_id:  # chosen in another tab: this page is of the old one
                await self.close(NOT_FOUND)
                return

    # What the client says

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        data = text_data if text_data is not None else bytes_data or b""
        now = time.monotonic()
        if len(self.received) == FRAMES and now - self.received[0] < PER_SECONDS:
            await self.close(POLICY)
            return
        self.received.append(now)
        if len(data) > MAX_FRAME:
            await self.close(TOO_LARGE)
            return
        if not hasattr(self, "member"):
            return
        try:
            frame = orjson.loads(data)
        except orjson.JSONDecodeError:
            frame = None
        kind = frame.get("type") if isinstance(frame, dict) else None
        match kind:
            case "presence":
                page = frame.get("page")
                if isinstance(page, str) and (not page or page.startswith("/")) and len(page) <= MAX_PAGE:
                    await self._here(page)
                else:
                    await self._error("invalid", "“page” is the path of a page.")
            case "resync":
                await self._send_badges("badges")
            case "ping":
                await self._send({"type": "pong"})
            case _:
                await self._error("unknown_type", "Send an object with a type: presence, resync or ping.")

    async def _here(self, page: str) -> None:
        if page != self.page:
            await self._go_to(page)
        if page:
            name = presence.page_name(self.actor.workspace_id, page)
            if await presence.arrive(name, self.member):
                await self._tell_page(name)

    async def _go_to(self, page: str) -> None:
        """Leave the page one was on and come to another (nowhere: empty)."""
        if self.page:
            old = presence.page_name(self.actor.workspace_id, self.page)
            await presence.leave(old, self.member)
            with contextlib.suppress(RedisError, OSError):
                await self.channel_layer.group_discard(old, self.channel_name)
            self.groups_joined.discard(old)
            await self._tell_page(old)
        self.page = page
        if page:
            new = presence.page_name(self.actor.workspace_id, page)
            await self.channel_layer.group_add(new, self.channel_name)
            self.groups_joined.add(new)

    async def _tell_page(self, name: str) -> None:
        try:
            await realtime.send_now(name, "presence", {"people": await presence.people(name)})
        except (RedisError, OSError, ChannelFull):
            return

    # What the house says

    async def live_message(self, event: dict[str, str]) -> None:
        """A note of ``config.lib.realtime``, passed on as it is; two kinds are for the socket itself."""
        body = event["body"]
        kind = orjson.loads(body)["type"]
        if kind == "session.ended":
            await self.close(UNAUTHENTICATED)
        elif kind == "badges":
            await self._send_badges("badges")
        else:
            await self.send(text_data=body)

    async def _send_badges(self, kind: str) -> None:
        await self._send({"type": kind, "badges": await in_db(shell.badges, self.actor)})

    async def _error(self, code: str, text: str) -> None:
        await self._send({"type": "error", "code": code, "error": text})

    async def _send(self, frame: dict[str, Any]) -> None:
        await self.send(text_data=orjson.dumps(frame, default=str).decode())
