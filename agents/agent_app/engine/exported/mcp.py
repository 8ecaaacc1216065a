"""Servers that speak the Model Context Protocol over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from agents import Agent
from agents.mcp import MCPServerStreamableHttp

from agent_app.engine.exported.auth import Auth, nobody
from agent_app.engine.exported.web import address


class McpServer(MCPServerStreamableHttp):
    """Only these ``tools`` of the server are offered, as it describes them now: Troupe keeps what a person has confirmed."""

    def __init__(
        self, name: str, url: str, tools: Collection[str], *, auth: Auth = nobody, timeout: float = 60, **more: Any
    ) -> None:
        self.url, self.auth = url, auth
        super().__init__(
            {"url": url, "timeout": timeout},
            cache_tools_list=True,
            name=name,
            client_session_timeout_seconds=timeout,
            tool_filter={"allowed_tool_names": list(tools)},
            **more,
        )

    async def connect(self) -> None:
        """With its keys, which are read from the environment only now."""
        identity = await asyncio.to_thread(self.auth)
        self.params["url"] = address(self.url, identity.query.items())
        self.params["headers"] = dict(identity.headers)
        await super().connect()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def connected(*agents: Agent[Any]) -> AsyncIterator[None]:
    """While this lasts, these agents can call their servers."""
    async with AsyncExitStack() as stack:
        servers: list[Any] = [server for each in agents for server in each.mcp_servers]
        for server in servers:
            await stack.enter_async_context(server)
        yield
