"""The size of a request's body, watched while it arrives.

Django spools a body to its end before anything looks at it, and believes Content-Length where there is one; a body in chunks
has none. Here the first byte too many ends the request with 413.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from config.lib.errors import TooLarge
from config.lib.http import problem_response

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class _TooMuch(Exception):
    pass


class BodyLimit:
    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        limit = _limit(headers)
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            await _refuse(send, limit)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _TooMuch
            return message

        try:
            await self.application(scope, counted, send)
        except _TooMuch:
            await _refuse(send, limit)


def _limit(headers: dict[bytes, bytes]) -> int:
    upload = headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data")
    return int(settings.REQUEST_MAX_UPLOAD_BYTES if upload else settings.REQUEST_MAX_BYTES)


async def _refuse(send: Send, limit: int) -> None:
    answer = problem_response(TooLarge(_("This request may have at most %(most)d MB.") % {"most": limit // 2**20}))
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    # What is still on its way is not read, so nothing else can come on this connection.
    await send(
        {"type": "http.response.start", "status": answer.status_code, "headers": [*headers, (b"connection", b"close")]}
    )
    await send({"type": "http.response.body", "body": answer.content})
