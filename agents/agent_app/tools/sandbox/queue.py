"""Bringing calls to the worker of the queue ``sandbox`` and their answers back, over Valkey, without holding a thread.

A call is wanted as long as somebody waits: its key is renewed by who waits and removed by who no longer does. A worker that
sees it gone ends the call, so that neither a cancelled run nor a dead process leaves anything running.
"""

import asyncio
import logging
import time
import weakref
from typing import Any
from uuid import uuid4

import orjson
from celery import current_app
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from config.lib import loop, redis

logger = logging.getLogger(__name__)

TASK = "agents.sandbox_call"
QUEUE = "sandbox"
WANTED_FOR = 10  # seconds that a call stays wanted without being renewed
ANSWERS_FOR = 60
_RENEW = 2.0
_BROKEN = 0.5
_BACKSTOP = 15  # seconds after which Celery kills a process that has not ended a call by itself
_KNOWN_FOR = 3.0

_ANNOUNCED = "sandbox:announced"
ANNOUNCED_FOR = 45
ALIVE_FOR = 6  # seconds that a browser counts as there without saying so


class SandboxFailed(Exception):
    """The call came to no answer. ``code`` is stable."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def wanted_key(job: str) -> str:
    return f"sandbox:wanted:{job}"


def alive_key(session: str) -> str:
    """Where a browser says that it is there."""
    return f"sandbox:browser:{session}"


def asked_key(session: str) -> str:
    """Where a browser takes its calls from."""
    return f"sandbox:browser:{session}:asked"


async def run(kind: str, payload: dict[str, Any], *, timeout_s: float, at: str = "") -> dict[str, Any]:
    """Have the sandbox worker do ``kind`` and wait for its answer. Raises SandboxFailed. Being cancelled ends it there too.

    ``at``: a list in Valkey whose reader does it, instead of the queue.
    """
    job = uuid4().hex
    client = redis.loop_client()
    box = _boxes.setdefault(asyncio.get_running_loop(), _Box())
    told = box.expect(job)
    try:
        async with asyncio.timeout(timeout_s):
            await client.set(wanted_key(job), b"1", ex=WANTED_FOR)
            if at:
                await client.rpush(at, orjson.dumps({"job": job, "box": box.key, "payload": payload}))
                await client.expire(at, ANSWERS_FOR)
            else:
                await asyncio.to_thread(_send, job, kind, payload, box.key, timeout_s)
            answer = await told
    except TimeoutError:
        raise _no_answer(bool(at) or box.begun(job), timeout_s) from None
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("the sandbox cannot be asked", extra={"error": repr(error)[:200]})
        raise SandboxFailed(_("The sandbox cannot be reached right now."), code="sandbox_unavailable") from error
    finally:
        box.forget(job)
    if failed := answer.get("error"):
        raise SandboxFailed(failed["message"], code=failed["code"])
    value: dict[str, Any] = answer["answer"]
    return value


def _send(job: str, kind: str, payload: dict[str, Any], box: str, timeout_s: float) -> None:
    asked = {"job": job, "kind": kind, "payload": payload, "box": box, "timeout_s": timeout_s}
    current_app.send_task(
        TASK, kwargs=asked, queue=QUEUE, retry=False, expires=timeout_s, time_limit=int(timeout_s) + _BACKSTOP
    )  # fmt: skip


def _no_answer(begun: bool, timeout_s: float) -> SandboxFailed:
    said = {"seconds": timeout_s}
    if begun:
        return SandboxFailed(_("The sandbox did not answer within %(seconds)g s.") % said, code="timeout")
    return SandboxFailed(
        _("No sandbox worker took the call within %(seconds)g s: none is running, or all of them are busy.") % said,
        code="sandbox_unavailable",
    )


class _Box:
    """Where an event loop receives its answers: one blocking read, however many calls wait."""

    def __init__(self) -> None:
        self.key = f"sandbox:answers:{uuid4().hex}"
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._begun: set[str] = set()
        self._reader: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def expect(self, job: str) -> asyncio.Future[dict[str, Any]]:
        running = asyncio.get_running_loop()
        self._waiting[job] = running.create_future()
        if self._reader is None:
            self._reader = running.create_task(self._read(), name="sandbox-answers")
        return self._waiting[job]

    def begun(self, job: str) -> bool:
        return job in self._begun

    def forget(self, job: str) -> None:
        """Nobody waits any more; a worker that is still at it learns it."""
        self._waiting.pop(job, None)
        self._begun.discard(job)
        task = asyncio.get_running_loop().create_task(_unwanted(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self) -> None:
        client = redis.new_loop_client()
        renewed = time.monotonic()
        try:
            while self._waiting and not loop.cancelled():
                try:
                    arrived = await client.blpop([self.key], timeout=_RENEW)
                    if time.monotonic() - renewed >= _RENEW:
                        renewed = time.monotonic()
                        await self._renew(client)
                except (RedisError, OSError, TimeoutError) as error:
                    logger.warning("Valkey does not give answers of the sandbox", extra={"error": repr(error)[:200]})
                    await asyncio.sleep(_BROKEN)
                    continue
                if arrived:
                    self._hand_out(orjson.loads(arrived[1]))
        finally:
            if self._reader is asyncio.current_task():
                self._reader = None  # before anything is awaited: the next call must start another one
            await client.aclose()

    def _hand_out(self, told: dict[str, Any]) -> None:
        waiting = self._waiting.get(told["job"])
        if told.get("begun"):
            self._begun.add(told["job"])
        elif waiting is not None and not waiting.done():
            waiting.set_result(told)

    async def _renew(self, client: Any) -> None:
        pipeline = client.pipeline(transaction=False)
        for job in self._waiting:
            pipeline.expire(wanted_key(job), WANTED_FOR)
        await pipeline.execute()


_boxes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Box] = weakref.WeakKeyDictionary()


async def _unwanted(job: str) -> None:
    try:
        await redis.loop_client().delete(wanted_key(job))
    except (RedisError, OSError, TimeoutError):
        return  # it expires


# What the worker says of itself


def announce(reason: str, browser: str = "") -> None:
    """The worker is there; ``reason`` says why it can make no sandbox, if so, and ``browser`` why no browser."""
    redis.client().set(_ANNOUNCED, orjson.dumps([reason, browser or reason]), ex=ANNOUNCED_FOR)


_known: tuple[float, str, str] = (float("-inf"), "", "")


def unavailable() -> str:
    """Why no sandbox can be had on this installation, in words; empty where one can. Remembered for a moment."""
    return _announced()[0]


def no_browser() -> str:
    """The same for a browser."""
    return _announced()[1]


def _announced() -> tuple[str, str]:
    global _known
    if time.monotonic() - _known[0] < _KNOWN_FOR:
        return _known[1:]
    try:
        said = redis.client().get(_ANNOUNCED)
    except (RedisError, OSError):
        return (_("The sandbox cannot be asked right now."),) * 2
    if said is None:
        reason, browser = (_("No sandbox worker is running."),) * 2
    else:
        reason, browser = orjson.loads(said)
    _known = (time.monotonic(), reason, browser)
    return reason, browser


def forget_known() -> None:
    """Ask again at once."""
    global _known
    _known = (float("-inf"), "", "")
