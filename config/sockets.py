"""Sockets that lead nowhere. Without it Channels answers an unknown path with an error 500 and a traceback."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import re_path


class UnknownPath(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    async def connect(self) -> None:
        await self.accept()
        await self.close(4404)

    @classmethod
    def routes(cls) -> list[Any]:
        return [re_path(r"", cls.as_asgi())]
