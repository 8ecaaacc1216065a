"""A real MCP server on 127.0.0.1: the official one, whose tools a test can change while it runs."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer


class Shop:
    """``server`` is the MCP server; ``headers`` are those of each request that has come."""

    def __init__(self, base_url: str, server: MCPServer, headers: list[dict[str, str]]) -> None:
        self.url = f"{base_url}/mcp"
        self.server = server
        self.headers = headers


@contextmanager
def shop(*tools: Callable[..., Any], stateless: bool = False, key: str = "") -> Iterator[Shop]:
    """Serves ``tools``; with ``key`` only to those who say it."""
    server = MCPServer("Shop")
    for tool in tools:
        server.tool()(tool)
    app = server.streamable_http_app(stateless_http=stateless)
    seen: list[dict[str, str]] = []

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            seen.append(headers)
            if key and headers.get("authorization") != f"Bearer {key}":
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b"no"})
                return
        await app(scope, receive, send)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)  # who comes before it serves waits
        config = uvicorn.Config(guarded, log_level="error", timeout_graceful_shutdown=1)
        web = uvicorn.Server(config)
        thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Shop(f"http://127.0.0.1:{listener.getsockname()[1]}", server, seen)
        finally:
            web.should_exit = True
            thread.join(60)
