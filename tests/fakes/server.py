"""The HTTP side of a fake provider: a real aiohttp server on 127.0.0.1, in a thread of the test or in its own process.

A protocol (``openai_wire.py``; others will stand beside it) gives the routes and renders a ``Script`` as bytes; this
module listens, records and breaks connections.
"""

import asyncio
import contextlib
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Self

import orjson
import uvloop
from aiohttp import web

from tests.fakes.recording import Exchange, Recording
from tests.fakes.script import Script, script_of

ROOT = Path(__file__).resolve().parents[2]
Handler = Callable[[web.Request, Exchange], Awaitable[web.StreamResponse]]


def abort(request: web.Request, *, reset: bool) -> None:
    """Close the caller's connection here and now: with a TCP reset, or as a process that exits would."""
    transport = request.transport
    if transport is None:
        return
    if reset:
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()


class FakeServer(Recording):
    """One fake provider. ``with FakeOpenAI() as provider: provider.queue(Script(...)); … provider.base_url``."""

    prefix = ""

    def __init__(self, port: int = 0, *, keep: bool = True) -> None:
        super().__init__(keep)
        self.port = port
        self._queue: deque[Script] = deque()
        self._models: dict[str, Script] = {}
        self._numbers = 0
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    # What tests say

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def queue(self, *scripts: Script) -> None:
        """The next requests get these, in order, whatever model they name."""
        self._queue.extend(scripts)

    def model(self, name: str, script: Script) -> None:
        """Requests for model ``name`` get ``script`` while nothing is queued."""
        self._models[name] = script

    def script_for(self, model: str) -> Script:
        if self._queue:
            return self._queue.popleft()
        return self._models.get(model) or script_of(model)

    @property
    def models(self) -> list[str]:
        return sorted(self._models)

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Connections are refused inside, as when nothing listens; those that exist are cut."""
        self._call(self._stop_listening())
        try:
            yield
        finally:
            self._call(self._listen())

    # Life

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._main, name="fake-provider", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        assert self._thread is not None
        self._thread.join()

    def _call(self, work: Awaitable[Any]) -> None:
        async def run() -> None:
            await work

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def _main(self) -> None:
        try:
            asyncio.run(self.serve(self._ready.set))
        except BaseException as error:  # noqa: BLE001  handed to the thread that waits in __enter__
            self._failure = error
            self._ready.set()

    async def serve(self, ready: Callable[[], object]) -> None:
        """Serve until told to stop; call ``ready`` once connections are taken."""
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        await self._listen()
        ready()
        await self._stop.wait()
        await self._stop_listening()

    async def _listen(self) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.add_routes([route for path, handler in self.routes().items() for route in self._route(path, handler)])
        # No grace at the end: whoever still reads from a fake that stops is cut off, and the test is over.
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=1024, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def _stop_listening(self) -> None:
        for exchange in self.exchanges:
            exchange.end("stopped")
        await self._runner.cleanup()

    # What protocols say

    def routes(self) -> dict[str, Handler]:
        """Path (under ``prefix``) → handler."""
        raise NotImplementedError

    def _route(self, path: str, handler: Handler) -> list[web.RouteDef]:
        async def endpoint(request: web.Request) -> web.StreamResponse:
            received = time.monotonic()
            raw = await request.read()
            body = orjson.loads(raw) if raw else None
            model = str(body.get("model", "")) if isinstance(body, dict) else ""
            self._numbers += 1
            headers = {key.lower(): value for key, value in request.headers.items()}
            script = self.script_for(model) if model else Script()
            exchange = Exchange(self._numbers, request.path, headers, body, script, received, self, self._loop)
            self.add(exchange)
            try:
                response = await handler(request, exchange)
            except (asyncio.CancelledError, ConnectionError):
                exchange.end("client_closed")
                raise
            exchange.end("complete" if response.status < 400 else "refused")
            return response

        return [web.route("*", self.prefix + path, endpoint)]

    def main(self) -> None:
        """Serve in this process until it is told to stop; the first line printed is the base URL."""
        with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self.serve(lambda: print(self.base_url, flush=True)))  # noqa: T201


@contextlib.contextmanager
def in_process(module: str, *arguments: str) -> Iterator[tuple[str, int]]:
    """A fake provider in its own process: ``(base URL, process id)``. Behaviour by model name only."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            if not (url := process.stdout.readline().strip()):
                raise RuntimeError(f"{module} did not start")
            yield url, process.pid
        finally:
            process.terminate()
