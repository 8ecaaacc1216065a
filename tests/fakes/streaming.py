"""Sending one streamed answer as its script wants it: at a pace, in pieces, or broken in the middle. Whatever the protocol."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Protocol

from aiohttp import web

from tests.fakes.recording import Exchange
from tests.fakes.script import Fault, Script
from tests.fakes.server import abort

ID = "0" * 29  # stands in rendered bytes where each answer's own number goes


class Wire(Protocol):
    """An answer as bytes. ``deltas`` are ``(text, bytes)``, one for each piece that a model would have said."""

    def head(self) -> bytes: ...

    def deltas(self) -> Iterable[tuple[str, bytes]]: ...

    def tail(self) -> bytes: ...

    def broken(self) -> bytes:
        """What a malformed stream holds between two good events."""
        ...

    def whole(self) -> bytes:
        """The body of an answer that nothing delays or breaks."""
        ...


def frame(script: Script, data: bytes, event: str = "") -> bytes:
    end = b"\r\n" if script.crlf else b"\n"
    comment = b": OPENROUTER PROCESSING" + end * 2 if script.comments else b""
    named = f"event: {event}".encode() + end if event else b""
    return comment + named + (b"data:" if script.bare_field else b"data: ") + data + end * 2


class Stream:
    """One streamed answer on its way out."""

    def __init__(self, request: web.Request, exchange: Exchange, wire: Wire, headers: dict[str, str]) -> None:
        self.request, self.exchange, self.wire = request, exchange, wire
        self.script = exchange.script
        self.id = f"{exchange.number:029d}".encode()
        self.response = web.StreamResponse(headers=headers)

    async def run(self) -> web.StreamResponse:
        script = self.script
        await self.response.prepare(self.request)
        if not script.paced:
            await self.write(self.wire.whole())
        else:
            await self.write(self.wire.head())
            if not await self.body():
                self.exchange.end("faulted")
                return self.response
            if script.fault is not Fault.TRUNCATE:
                await self.write(self.wire.tail())
        await self.response.write_eof()
        if script.fault not in (None, Fault.NO_DONE):
            self.exchange.end("faulted")
        return self.response

    async def write(self, data: bytes) -> None:
        data = data.replace(ID.encode(), self.id)
        if not self.script.split:
            await self.response.write(data)
            return
        for start in range(0, len(data), self.script.split):
            await self.response.write(data[start : start + self.script.split])
            await asyncio.sleep(0)

    async def body(self) -> bool:
        """Send the deltas at their pace, with the fault among them; False where the answer ended there."""
        sent = 0
        async for text, data in self.due():
            if sent == self.script.hold_after:
                await self.exchange.gate.wait()
            if sent == self.script.after and not await self.fault():
                return False
            if self.script.fault is Fault.TRUNCATE and sent >= self.script.after:
                return True
            await self.write(data)
            self.exchange.sent(text)
            sent += 1
        if sent == self.script.hold_after:
            await self.exchange.gate.wait()
        return await self.fault() if sent <= self.script.after else True

    async def due(self) -> AsyncIterator[tuple[str, bytes]]:
        """The deltas, each when its time has come."""
        script = self.script
        start = time.monotonic()
        for number, part in enumerate(self.wire.deltas()):
            if script.rate and (wait := start + number / script.rate - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            elif number % 64 == 63:
                await asyncio.sleep(0)  # let a client's hang-up be seen between the writes of a full-speed stream
            yield part

    async def fault(self) -> bool:
        """Do what the script's fault is; True where the stream goes on."""
        match self.script.fault:
            case Fault.STALL:
                await self.exchange.gate.wait()
            case Fault.RESET:
                abort(self.request, reset=True)
                return False
            case Fault.DROP:
                abort(self.request, reset=False)
                return False
            case Fault.BAD_JSON | Fault.NOT_UTF8 | Fault.JSON_ARRAY:
                await self.write(self.wire.broken())
            case Fault.ERROR_OBJECT:
                await self.write(self.wire.broken())
                await self.response.write_eof()
                return False
        return True


async def begun(exchange: Exchange) -> None:
    """What happens before the first byte."""
    script = exchange.script
    if script.first_delay:
        await asyncio.sleep(script.first_delay)
    if script.fault is Fault.STALL_BEFORE_HEADERS:
        await exchange.gate.wait()
