"""How a run gets to its browser: begun by whichever sandbox worker takes the call, then asked directly over Valkey."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from agent_app.tools.sandbox import machine, queue
from agent_app.tools.sandbox.browser import box
from agent_app.tools.sandbox.queue import SandboxFailed
from config.lib import redis

STARTS_WITHIN = 30.0  # seconds
_HOST = "agent_app.tools.sandbox.browser.host"
_used: set[UUID] = set()  # runs whose browser this process has asked; another's ends by itself
_begun: list[subprocess.Popen[bytes]] = []  # by this process: whoever has ended is collected with the next


@lru_cache
def unavailable() -> str:
    """Why this machine can have no browser, in words."""
    return machine.unavailable() or box.missing()


def start(payload: dict[str, Any], wanted: Callable[[], bool]) -> dict[str, Any]:
    """Begin the browser of ``payload["session"]`` for ``payload["hosts"]``. Raises SandboxFailed."""
    if reason := unavailable():
        raise SandboxFailed(reason, code="sandbox_unavailable")
    alive = queue.alive_key(payload["session"])
    if not redis.client().set(alive, b"1", nx=True, ex=int(STARTS_WITHIN) + 5):
        return {"started": False}  # another call of the run has begun it: this one waits for its turn there
    try:
        _start(payload, wanted)
    except BaseException:
        redis.client().delete(alive)
        raise
    return {"started": True}


def _start(payload: dict[str, Any], wanted: Callable[[], bool]) -> None:
    _begun[:] = [process for process in _begun if process.poll() is None]
    process = subprocess.Popen(  # noqa: S603  # our own module; what people shape goes over its input
        [sys.executable, "-m", _HOST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=_environment(), cwd=settings.BASE_DIR, start_new_session=True,
    )  # fmt: skip
    _begun.append(process)
    try:
        told = _told(process, payload, wanted)
    except BaseException:
        process.terminate()
        raise
    if error := told.get("error"):
        raise SandboxFailed(error["message"], code=error["code"])


def _environment() -> dict[str, str]:
    """Settings are read again there; Playwright's driver gets what it needs for itself and no more of the machine's."""
    path = os.pathsep.join([str(settings.BASE_DIR), str(settings.BASE_DIR / "agents")])
    return {
        **os.environ,
        "PYTHONPATH": path,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "VAR_DIR": str(settings.VAR_DIR),
    }


def _told(process: subprocess.Popen[bytes], payload: dict[str, Any], wanted: Callable[[], bool]) -> dict[str, Any]:
    """Its first line."""
    assert process.stdin is not None  # noqa: S101  # they are pipes
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(orjson.dumps(payload) + b"\n")
    process.stdin.close()
    until, line = time.monotonic() + STARTS_WITHIN, b""
    with process.stdout as said:
        while not line.endswith(b"\n"):
            if time.monotonic() > until or not wanted():
                raise SandboxFailed("The browser did not start in time.", code="timeout")
            if select.select([said], [], [], 0.1)[0]:
                piece = os.read(said.fileno(), 4096)
                if not piece:
                    raise SandboxFailed("The browser did not start.", code="sandbox_error")
                line += piece
    told: dict[str, Any] = orjson.loads(line)
    return told


async def do(
    session: str, allowed: list[str], action: str, arguments: dict[str, Any], *, seconds: float
) -> dict[str, Any]:
    """Have something done in the session's browser, which is begun where there is none. Raises SandboxFailed."""
    client = redis.loop_client()
    fresh = not await client.exists(queue.alive_key(session))
    if fresh:
        if action != "open":
            raise SandboxFailed("No page is open. Open an address first.", code="no_page")
        await queue.run("browser", {"session": session, "hosts": allowed}, timeout_s=STARTS_WITHIN + 5)
    asked = {"action": action, "arguments": arguments, "seconds": seconds}
    return await queue.run("browser", asked, timeout_s=seconds + 5, at=queue.asked_key(session))


def used(run_id: UUID) -> None:
    _used.add(run_id)


def forget(run_id: UUID) -> None:
    """The run has ended."""
    if run_id in _used:
        _used.discard(run_id)
        end(str(run_id))


def end(session: str) -> None:
    """Close a session's browser, if it has one."""
    client = redis.client()
    if client.delete(queue.alive_key(session)):
        with suppress(OSError):
            client.rpush(queue.asked_key(session), orjson.dumps({"end": True}))
            client.expire(queue.asked_key(session), queue.ANSWERS_FOR)
