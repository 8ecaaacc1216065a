"""The process beside a browser: it starts the machine, has the proxy, takes what is to be done from Valkey and answers it.

One for each run that uses a browser, begun by the sandbox worker (``sessions``) as ``python -m …browser.host``. It ends with its
run, when nothing is asked for a while, when the browser takes more than its share, and with the worker that began it.
"""

import asyncio
import ctypes
import fcntl
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import orjson
from django.conf import settings
from playwright.async_api import Error as BrowserError
from playwright.async_api import async_playwright
from redis.exceptions import RedisError

from agent_app.tools.sandbox import machine
from agent_app.tools.sandbox.browser import box
from agent_app.tools.sandbox.browser.pages import HEIGHT, WIDTH, Pages
from agent_app.tools.sandbox.browser.proxy import Proxy
from agent_app.tools.sandbox.bubblewrap import NoSandbox
from agent_app.tools.sandbox.queue import ALIVE_FOR, ANSWERS_FOR, SandboxFailed, alive_key, asked_key, wanted_key
from config.lib import redis

MOST_BROWSERS = 2  # on one machine
MEMORY = 1024 * 2**20  # bytes, of the browser and what drives it
_IDLE = 120.0  # seconds without a call
_LONGEST = 900.0
_LOOK = 0.25
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class _TooMuch(Exception):
    """The browser must be ended; the words say why."""


class Host:
    """One browser's life. ``asked`` is where calls come from, ``seconds`` how long one may take."""

    def __init__(self, session: str, pages: Pages) -> None:
        self._session = session
        self._pages = pages
        self._client = redis.new_loop_client()
        self._job: tuple[str, str] | None = None  # what is being done, and where its answer goes
        self._watching: asyncio.Task[None] | None = None
        self._left = False

    async def serve(self) -> None:
        """Until it must end."""
        try:
            async with asyncio.timeout(_LONGEST), asyncio.TaskGroup() as tasks:
                self._watching = tasks.create_task(self._watch())
                await self._calls()
                self._watching.cancel()
        except* _TooMuch as group:
            await self._ends("limit", str(group.exceptions[0]))
        except* TimeoutError:
            await self._ends("timeout", "The browser has been open for as long as it may be, and was closed.")
        finally:
            await self._leave()
            await self._client.aclose()

    async def _leave(self) -> None:
        """From now on nobody asks this browser: the run's next call begins another, which takes the same keys."""
        if self._left:
            return
        self._left = True
        if self._watching is not None:
            self._watching.cancel()
        with suppress(RedisError, OSError):
            await self._client.delete(alive_key(self._session), asked_key(self._session))

    async def _calls(self) -> None:
        idle_since = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - idle_since < _IDLE:
            try:
                arrived = await self._client.blpop([asked_key(self._session)], timeout=1)
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(1)
                continue
            if arrived is None:
                continue
            asked = orjson.loads(arrived[1])
            if asked.get("end") or not await self._do(asked):
                return
            idle_since = asyncio.get_running_loop().time()

    async def _do(self, asked: dict[str, Any]) -> bool:
        """One call. Whether the browser can go on after it."""
        self._job = asked["job"], asked["box"]
        if not await self._client.exists(wanted_key(asked["job"])):
            return True
        payload = asked["payload"]
        work = asyncio.create_task(self._pages.do(payload["action"], payload["arguments"]))
        try:
            async with asyncio.timeout(payload["seconds"]):
                while not (await asyncio.wait([work], timeout=_LOOK))[0]:
                    if not await self._client.exists(wanted_key(asked["job"])):
                        return False  # it was cancelled in the middle: nobody knows what the page is at
                answer = await work
            await self._tell({"answer": answer})
        except SandboxFailed as error:
            await self._fails(error.code, error.message)
        except TimeoutError:
            text = f"The page did not answer within {payload['seconds']:g} s, so the browser was closed. Open an address again."
            await self._ends("timeout", text)
            return False
        except (BrowserError, KeyError, TypeError, ValueError) as error:
            await self._ends("browser", f"The browser ended: {type(error).__name__}. Open an address again.")
            return False
        finally:
            work.cancel()
        self._job = None
        return True

    async def _ends(self, code: str, message: str) -> None:
        """Whoever is told comes to another browser with their next call."""
        await self._leave()
        await self._fails(code, message)

    async def _fails(self, code: str, message: str) -> None:
        await self._tell({"error": {"code": code, "message": message}})

    async def _tell(self, told: dict[str, Any]) -> None:
        if self._job is None:
            return
        (job, where), self._job = self._job, None
        with suppress(RedisError, OSError):
            pipeline = self._client.pipeline(transaction=False)
            pipeline.rpush(where, orjson.dumps({"job": job, **told}))
            pipeline.expire(where, ANSWERS_FOR)
            await pipeline.execute()

    async def _watch(self) -> None:
        """Say that it is there; see that it takes no more than its share."""
        while True:
            with suppress(RedisError, OSError):
                await self._client.set(alive_key(self._session), b"1", ex=ALIVE_FOR)
            for _look in range(int(ALIVE_FOR / 3 / _LOOK)):
                if await asyncio.to_thread(machine._memory, os.getpid()) > MEMORY:
                    raise _TooMuch("The page used too much memory, so the browser was closed. Open an address again.")
                await asyncio.sleep(_LOOK)


@asynccontextmanager
async def browser(allowed: list[str]) -> AsyncIterator[Pages]:
    """A browser in a machine of its own, with an empty page. Raises NoSandbox."""
    async with AsyncExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="browser-"))  # where also nobody can reach it: we may run as root
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        (directory / "proxy").mkdir()
        proxy = Proxy(allowed)
        await proxy.listen(directory / "proxy" / "socket")
        stack.callback(proxy.close)
        program = box.prepare(directory)
        playwright = await stack.enter_async_context(async_playwright())
        try:
            started = await playwright.chromium.launch(
                executable_path=program, chromium_sandbox=False, args=_ARGUMENTS, timeout=20_000,
                env={"PATH": "/usr/bin:/bin"},  # what the first process of the machine was given can be read in it
            )  # fmt: skip
        except BrowserError as error:
            said = [line for line in str(error).splitlines() if line.strip()]
            raise NoSandbox(f"The browser does not start: {' '.join(said[:3])[:300]}") from error
        context = await started.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, accept_downloads=False, service_workers="block", locale="en-GB",
        )  # fmt: skip
        context.set_default_timeout(15_000)
        pages = Pages(context, await context.new_page(), proxy.taken, allowed)
        await pages.keep_to_paths()
        yield pages
        with suppress(BrowserError, TimeoutError):
            async with asyncio.timeout(2):
                await started.close()


_ARGUMENTS = [
    f"--proxy-server=http://127.0.0.1:{box.PORT}", "--proxy-bypass-list=<-loopback>", "--disable-quic", "--disable-gpu",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--renderer-process-limit=4",
    "--js-flags=--max-old-space-size=384", "--disable-dev-shm-usage", "--disable-file-system", "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]  # fmt: skip


def _place() -> int:
    """One of the machine's places for browsers, held until this process ends. Raises SandboxFailed."""
    directory = settings.VAR_DIR / "sandbox"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(MOST_BROWSERS):
        handle = os.open(directory / f"browser-{number}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
        else:
            return handle
    raise SandboxFailed("All browsers are in use. Try again in a moment.", code="sandbox_busy")


async def main(asked: dict[str, Any]) -> None:
    """Serve a session; the first line that is written says that it is there, or why it cannot be."""
    task = cast("asyncio.Task[None]", asyncio.current_task())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        _place()
        async with browser(asked["hosts"]) as pages:
            host = Host(asked["session"], pages)
            _say({})
            await host.serve()
    except SandboxFailed as error:
        _say({"error": {"code": error.code, "message": error.message}})
    except NoSandbox as error:
        _say({"error": {"code": "sandbox_unavailable", "message": str(error)}})
    except asyncio.CancelledError:
        return


def forget_environment() -> None:
    """The settings are read: Playwright's driver, which hears whatever a browser says, is given none of our secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    os.environ.clear()
    os.environ.update(kept)


def _say(told: dict[str, Any]) -> None:
    with suppress(OSError):  # whoever began it may be gone
        sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    settings.USE_I18N = False  # no application is set up here: what is said, models read
    forget_environment()
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGTERM)
    asyncio.run(main(orjson.loads(sys.stdin.buffer.readline())))
