"""Talking to an MCP server over HTTP: the protocol is the official client's, the way out is ours.

A server is a stranger. It is connected to for one thing at a time, within a time, a number of requests and a size; what it says
is not validated with its own schemas (their patterns could keep a process busy for ever), and it is offered nothing to call
back: no sampling, no elicitation, no roots. Importing this costs a second, so only processes that call a server do.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import (
    AudioContent,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    Implementation,
    ResourceLink,
    TextContent,
    Tool,
)
from pydantic import ValidationError
from yarl import URL

from agent_app.tools import egress
from agent_app.tools.egress import Incoming, Outgoing
from agent_app.tools.http_auth import Identity
from agent_app.tools.registry import ToolFailed

T = TypeVar("T")

MOST_TOOLS = 500
_MOST_PAGES = 20
_MOST_REQUESTS = 40
_OURS = Implementation(name="Troupe", version="1")


@dataclass(frozen=True, kw_only=True)
class Described:
    """A tool as its server describes it."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a tool answered. ``error``: what it says went wrong."""

    value: Any = None
    error: str = ""


class _Body(httpx2.AsyncByteStream):
    def __init__(self, incoming: Incoming, transport: "GuardedTransport", url: str) -> None:
        self._incoming, self._transport, self._url = incoming, transport, url

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._transport.noting(self._url):
            async for piece in self._incoming.chunks():
                yield piece

    async def aclose(self) -> None:
        self._incoming.close()


class GuardedTransport(httpx2.AsyncBaseTransport):
    """The client's way out: ``egress``, with the identity of the tool on each request. Remembers the first failure in our words."""

    def __init__(self, identity: Identity, limit: float) -> None:
        self._identity = identity
        self._limit = limit
        self._requests = 0
        self.failure: ToolFailed | None = None
        self.unauthorized = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = str(request.url)
        self._requests += 1
        with self.noting(url):
            if self._requests > _MOST_REQUESTS:
                raise ToolFailed("The server keeps asking to be asked again.", code="cut")
            incoming = await egress.begin(self._outgoing(request, url, await request.aread()), budget=None)
        self.unauthorized = self.unauthorized or incoming.status == 401
        # Unpacked already, and of another length then.
        headers = [
            (n, v) for n, v in incoming.headers.items() if n.lower() not in ("content-encoding", "content-length")
        ]
        return httpx2.Response(incoming.status, headers=headers, stream=_Body(incoming, self, url))

    def noting(self, url: str) -> "_Noting":
        return _Noting(self, url)

    def _outgoing(self, request: httpx2.Request, url: str, body: bytes) -> Outgoing:
        own = {n: v for n, v in request.headers.items() if not egress.header_problem(n) and n.lower() != "user-agent"}
        if self._identity.query:
            url = str(URL(url).update_query(self._identity.query))
        return self._identity.on(Outgoing(method=request.method, url=url, headers=own, body=body, follow=False))


class _Noting:
    """Tells the transport what failed, and the client that something did."""

    def __init__(self, transport: GuardedTransport, url: str) -> None:
        self._transport = transport
        self._words = egress.in_words(url, transport._limit)

    def __enter__(self) -> None:
        self._words.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            self._words.__exit__(kind, error, trace)
            if isinstance(error, ToolFailed):
                raise error
        except ToolFailed as failed:
            self._transport.failure = self._transport.failure or failed
            raise httpx2.ConnectError(failed.message) from failed


async def tools(url: str, identity: Identity, *, timeout_s: float) -> tuple[str, list[Described]]:
    """The server's name and what it offers. Raises ToolFailed."""

    async def ask(client: Client) -> tuple[str, list[Described]]:
        found: list[Tool] = []
        cursor = None
        for _page in range(_MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            found += page.tools
            cursor = page.next_cursor
            if cursor is None or len(found) > MOST_TOOLS:
                break
        if cursor is not None or len(found) > MOST_TOOLS:
            raise ToolFailed(f"The server offers more than {MOST_TOOLS} tools.", code="too_large")
        info = client.server_info
        return (info.title or info.name) if info else "", [_described(tool) for tool in found]

    return await _with_client(url, identity, timeout_s, ask)


async def call(url: str, identity: Identity, name: str, arguments: dict[str, Any], *, timeout_s: float) -> Reply:
    """What the server's tool answers. Raises ToolFailed."""

    async def ask(client: Client) -> Reply:
        # Not ``client.call_tool``: that validates with a schema of the server's.
        asked = CallToolRequest(params=CallToolRequestParams(name=name, arguments=arguments))
        return _reply(await client.session.send_request(asked, CallToolResult))

    return await _with_client(url, identity, timeout_s, ask)


async def _with_client(url: str, identity: Identity, timeout_s: float, ask: Callable[[Client], Awaitable[T]]) -> T:
    limit = min(timeout_s, egress.MAX_SECONDS)
    transport = GuardedTransport(identity, limit)
    egress.check_address(url)
    try:
        async with asyncio.timeout(limit), _client(url, transport) as client:
            return await ask(client)
    except ToolFailed:
        raise
    except TimeoutError as error:
        raise ToolFailed(f"The MCP server did not answer within {limit:g} seconds.", code="timeout") from error
    except Exception as error:  # of task groups, of the protocol, of models of its messages
        raise _in_words(error, transport) from error


@asynccontextmanager
async def _client(url: str, transport: GuardedTransport) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(transport=transport, timeout=None, trust_env=False) as http,  # the time is kept outside
        Client(streamable_http_client(url, http_client=http), client_info=_OURS, cache=None) as client,
    ):
        yield client


def _in_words(error: BaseException, transport: GuardedTransport) -> ToolFailed:
    if transport.failure is not None:
        return transport.failure
    if transport.unauthorized:
        return ToolFailed("The MCP server does not accept the secrets of this tool.", code="unauthorized")
    inner = _first(error)
    if isinstance(inner, ToolFailed):
        return inner
    if isinstance(inner, MCPError):
        return ToolFailed(f"The MCP server says: {inner.error.message[:500]}", code="mcp_error")
    if isinstance(inner, ValidationError):
        return ToolFailed("The MCP server answered something that is not in the protocol.", code="mcp_protocol")
    return ToolFailed("The MCP server did not answer as one.", code="mcp_protocol")


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def _described(tool: Tool) -> Described:
    return Described(name=tool.name, description=tool.description or tool.title or "", schema=dict(tool.input_schema))


def _reply(found: CallToolResult) -> Reply:
    parts = [_part(each) for each in found.content]
    texts = [part for part in parts if isinstance(part, str)]
    if found.is_error:
        return Reply(error="\n".join(texts) or "It does not say why.")
    if found.structured_content is not None:
        return Reply(value=found.structured_content)
    return Reply(value="\n".join(texts) if len(texts) == len(parts) else parts)


def _part(content: Any) -> str | dict[str, Any]:
    """Text as it is; of the rest what it is, not the bytes."""
    if isinstance(content, TextContent):
        return content.text
    if isinstance(content, ImageContent | AudioContent):
        return {"type": content.type, "mime_type": content.mime_type, "bytes": len(content.data) * 3 // 4}
    if isinstance(content, ResourceLink):
        return {"type": "resource_link", "uri": str(content.uri), "name": content.name}
    if isinstance(content, EmbeddedResource) and isinstance(text := getattr(content.resource, "text", None), str):
        return text
    return {"type": str(getattr(content, "type", "unknown"))}
