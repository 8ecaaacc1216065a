"""``/api/v1/live/``: what concerns a person, pushed to their open pages and programs. A translator; it decides nothing.

While nothing happens a socket holds no thread and no database connection. What is sent is lossy by nature: after every
gap (a reconnect, a server that was away) the client asks with ``resync`` and gets the numbers as they are.
"""

import contextlib
import secrets
import time
from collections import deque

import orjson
from channels.exceptions import ChannelFull
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from community import presence
from community.access import Actor
from community.sockets import NOT_FOUND, SignedInSocket
from config.lib import realtime, shell
from config.lib.db import in_db

TOO_LARGE, POLICY = 1009, 1008
MAX_FRAME = 2048
MAX_PAGE = 200
# A page says where it is every ten seconds; who sends far more is no page of ours.
FRAMES, PER_SECONDS = 30, 10.0


class LiveConsumer(SignedInSocket):
    action = "notification.read"  # closed to API tokens: it tells what is a person's own

    async def connect(self) -> None:
        self.page = ""
        self.received: deque[float] = deque(maxlen=FRAMES)
        await self.open()
        if await self.identified():
            user = self.actor.user
            self.member = presence.member(user.id, user.display_name, secrets.token_hex(6), user.avatar)
            self.watch_access()
            await self._send_badges("ready")

    async def disconnect(self, code: int) -> None:
        await self._go_to("")
        await super().disconnect(code)

    def groups_wanted(self) -> set[str]:
        page = {presence.page_name(self.actor.workspace_id, self.page)} if self.page else set()
        return super().groups_wanted() | page

    async def renewed(self, before: Actor) -> None:
        if before.workspace_id != self.actor.workspace_id:  # chosen in another tab: this page is of the old one
            await self.close(NOT_FOUND)

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
                    await self._error("invalid", _("“page” is the path of a page."))
            case "resync":
                await self._send_badges("badges")
            case "ping":
                await self.send_frame({"type": "pong"})
            case _other:
                await self._error("unknown_type", _("Send an object with a type: presence, resync or ping."))

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

    async def heard(self, kind: str, body: str) -> None:
        """Passed on as it is; one kind has the socket count again."""
        if kind == "badges":
            await self._send_badges("badges")
        else:
            await self.send(text_data=body)

    async def _send_badges(self, kind: str) -> None:
        await self.send_frame({"type": kind, "badges": await in_db(shell.badges, self.actor)})

    async def _error(self, code: str, text: str) -> None:
        await self.send_frame({"type": "error", "code": code, "error": text})
