"""The browser's only way out: a proxy on a socket in the file system, for the hosts that the tool's list names.

Whatever the browser asks for, a page, a part of one, where it is redirected to, a WebSocket, comes by here. A name is resolved
once, here, and the address that was checked is the one that is connected to (``config.lib.outbound``).
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from agent_app.tools.sandbox.browser import hosts
from config.lib.outbound import AddressRefused, GuardedResolver

_MOST_HEAD = 32 * 1024
_PIECE = 64 * 1024
_BEGIN = 10.0  # seconds to say what is wanted, and to reach it
_IDLE = 60.0
_MOST_TOLD = 20
_OF_BROWSERS = ("googleapis.com", "clients2.google.com", "accounts.google.com")  # asked by themselves: no page did
# They are about the way to us, or we say them ourselves.
_NOT_PASSED_ON = frozenset({"connection", "proxy-connection", "proxy-authorization", "keep-alive", "host", "upgrade"})


@dataclass(kw_only=True)
class Traffic:
    """What one browser may use of the network in all."""

    connections: int = 500
    at_once: int = 32
    received: int = 50 * 2**20
    sent: int = 5 * 2**20


class _Refused(Exception):
    """Not let through, with what is noted of it."""


class Proxy:
    """``refused`` are the places that were asked for in vain since the last look."""

    def __init__(self, allowed: Sequence[str], traffic: Traffic | None = None) -> None:
        self._allowed = tuple(allowed)
        self._left = traffic or Traffic()
        self._resolver = GuardedResolver()
        self._open = 0
        self._server: asyncio.Server | None = None
        self.refused: list[str] = []

    async def listen(self, path: Path) -> None:
        self._server = await asyncio.start_unix_server(self._serve, path, limit=_MOST_HEAD)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def taken(self) -> list[str]:
        """What was refused, each once; it is told once."""
        told, self.refused = list(dict.fromkeys(self.refused)), []
        return told

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            await self._served(reader, writer)
        except _Refused as refusal:  # the connection ends without a word: a page would take it for the host's
            self._note(str(refusal))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the browser sees a connection that ended
        finally:
            self._open -= 1
            writer.close()

    def _note(self, told: str) -> None:
        if told and len(self.refused) < _MOST_TOLD:
            self.refused.append(told)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_BEGIN):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, version = _first_line(head)
        host, port, path = _place(method, target)
        self._admit(host, port)
        async with asyncio.timeout(_BEGIN):
            far_reader, far_writer = await self._connect(host, port)
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                far_writer.write(_forwarded(head, method, path, version, host, port))
            await self._carry((reader, far_writer), (far_reader, writer))
        finally:
            far_writer.close()

    def _admit(self, host: str, port: int) -> None:
        if not hosts.allows(self._allowed, host, port):
            told = "" if host.endswith(_OF_BROWSERS) else f"{host}:{port} is not one of the allowed hosts"
            raise _Refused(told)
        if self._left.connections < 1 or min(self._left.received, self._left.sent) < 1:
            raise _Refused("this browser has used all of its traffic")
        if self._open > self._left.at_once:
            raise _Refused("too many connections at once")
        self._left.connections -= 1

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            found = await self._addresses(hosts.names(host), port)
            for family, address in found:
                with suppress(ConnectionError):
                    return await self._connected(family, address, port)
        except AddressRefused:
            raise _Refused(f"{host} leads to a private or reserved address") from None
        except OSError:
            pass
        raise _Refused(f"{host} cannot be reached")

    async def _addresses(self, host: str, port: int) -> list[tuple[int, str]]:
        with suppress(ValueError):  # a literal address is not resolved; the socket's guard sees it
            address = ip_address(host)
            return [(socket.AF_INET6 if address.version == 6 else socket.AF_INET, str(address))]
        return [(each["family"], each["host"]) for each in await self._resolver.resolve(host, port)]

    async def _connected(
        self, family: int, address: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        made = self._resolver.new_socket((family, socket.SOCK_STREAM, 0, "", (address, port)))
        made.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(made, (address, port))
            return await asyncio.open_connection(sock=made, limit=_MOST_HEAD)
        except BaseException:
            made.close()
            raise

    async def _carry(
        self,
        out: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        back: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Both directions, until one of them ends."""
        ways = [asyncio.create_task(self._pipe(*out, "sent")), asyncio.create_task(self._pipe(*back, "received"))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if not ways[1].done():  # the browser has said all; the answer may still come
                await asyncio.wait(ways[1:], timeout=_IDLE)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: str) -> None:
        while True:
            async with asyncio.timeout(_IDLE):
                data = await reader.read(_PIECE)
            left = getattr(self._left, kind) - len(data)
            setattr(self._left, kind, left)
            if not data or left < 0:
                if left < 0:
                    self._note("this browser has used all of its traffic")
                return
            writer.write(data)
            await writer.drain()


def _first_line(head: str) -> tuple[str, str, str]:
    parts = head.split("\r\n", 1)[0].split(" ")
    if len(parts) != 3 or not parts[0].isalpha() or not parts[2].startswith("HTTP/1."):
        raise _Refused("a request that is none")
    return parts[0], parts[1], parts[2]


def _place(method: str, target: str) -> tuple[str, int, str]:
    """Host, port and path that a request is for."""
    try:
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _Refused("an address that is none") from None
    plain = (method == "CONNECT" and port is not None) or parts.scheme == "http"
    if not plain or not host or parts.username is not None or parts.password is not None:
        raise _Refused("an address that is not of the web")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host, port or 80, path


def _forwarded(head: str, method: str, path: str, version: str, host: str, port: int) -> bytes:
    """A plain request as the server gets it: for the host that was checked, and the last on its connection."""
    lines = [line for line in head.split("\r\n")[1:] if line]
    kept = [line for line in lines if line.partition(":")[0].strip().lower() not in _NOT_PASSED_ON]
    named = f"[{host}]" if ":" in host else host
    named += f":{port}" if port != 80 else ""
    return "\r\n".join([f"{method} {path} {version}", f"Host: {named}", "Connection: close", *kept, "", ""]).encode(
        "latin-1"
    )
