"""Any web server a tool may call: handlers by path, each request recorded as it came."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson
from aiohttp import web

from tests.fakes.server import FakeServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Seen:
    """One request."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Site(FakeServer):
    """``with Site() as site: site.on("/x", handler)``; a path nobody answers is 404."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Seen] = []
        self._handlers: dict[str, Handler] = {}

    def on(self, path: str, handler: Handler) -> None:
        self._handlers[path] = handler

    def answers(self, path: str, body: Any = None, status: int = 200, **options: Any) -> None:
        """``path`` answers JSON (bytes and text as they are)."""

        async def handler(_request: web.Request) -> web.StreamResponse:
            if isinstance(body, bytes):
                return web.Response(body=body, status=status, **options)
            if isinstance(body, str):
                return web.Response(text=body, status=status, **options)
            return web.json_response(body, status=status, **options)

        self.on(path, handler)

    def leads(self, path: str, target: str, status: int = 302) -> None:
        self.answers(path, "", status, headers={"Location": target})

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    def _route(self, path: str, handler: Any) -> list[web.RouteDef]:
        async def endpoint(request: web.Request) -> web.StreamResponse:
            headers = {name.lower(): value for name, value in request.headers.items()}
            query = parse_qs(request.query_string, keep_blank_values=True)
            self.seen.append(
                Seen(request.method, request.raw_path.partition("?")[0], query, headers, await request.read())
            )
            found = self._handlers.get(request.path)
            return await found(request) if found else web.Response(status=404, text="nothing here")

        return [web.route("*", path, endpoint)]

    def routes(self) -> dict[str, Any]:
        return {"/{path:.*}": None}
