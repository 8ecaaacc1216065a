"""The other end of ``queue``: what the sandbox worker does with a call. Needs Valkey and the file storage, not the database."""

import logging
import time
from collections.abc import Callable
from typing import Any

import orjson
from redis.exceptions import RedisError

from agent_app.tools.sandbox import boxes, machine
from agent_app.tools.sandbox.browser import sessions
from agent_app.tools.sandbox.bubblewrap import NoSandbox
from agent_app.tools.sandbox.queue import ANNOUNCED_FOR, ANSWERS_FOR, SandboxFailed, announce, wanted_key
from config.lib import redis
from config.lib.errors import AppError

logger = logging.getLogger(__name__)

ANNOUNCE_EVERY = ANNOUNCED_FOR / 3
_ASK = 0.25  # seconds between two questions whether somebody still waits

Wanted = Callable[[], bool]
Kind = Callable[[dict[str, Any], Wanted], dict[str, Any]]

KINDS: dict[str, Kind] = {"box": boxes.run, "browser": sessions.start}


def work(*, job: str, kind: str, payload: dict[str, Any], box: str) -> None:
    """Do a call and answer it. One that nobody waits for any more is not begun."""
    wanted = _wanted(job)
    if not wanted():
        return
    _tell(box, {"job": job, "begun": True})
    try:
        told: dict[str, Any] = {"answer": KINDS[kind](payload, wanted)}
    except NoSandbox as error:
        told = {"error": {"code": "sandbox_unavailable", "message": str(error)}}
    except SandboxFailed as error:
        told = {"error": {"code": error.code, "message": error.message}}
    except AppError as error:
        told = {"error": {"code": error.error_code, "message": error.detail}}
    except Exception:
        logger.exception("the sandbox failed", extra={"kind": kind})
        told = {"error": {"code": "sandbox_error", "message": "The sandbox failed. It was reported."}}
    _tell(box, {"job": job, **told})


def _tell(box: str, told: dict[str, Any]) -> None:
    pipeline = redis.client().pipeline(transaction=False)
    pipeline.rpush(box, orjson.dumps(told))
    pipeline.expire(box, ANSWERS_FOR)
    pipeline.execute()


def _wanted(job: str) -> Wanted:
    """Whether somebody waits for the job; asked now and then. Where Valkey does not say, it goes on: its time is limited."""
    known = (float("-inf"), True)

    def wanted() -> bool:
        nonlocal known
        if known[1] and time.monotonic() - known[0] >= _ASK:
            try:
                known = (time.monotonic(), bool(redis.client().exists(wanted_key(job))))
            except (RedisError, OSError):
                known = (time.monotonic(), True)
        return known[1]

    return wanted


def tell_state() -> None:
    """Say that this worker is there, and whether it can make sandboxes."""
    try:
        announce(machine.unavailable(), sessions.unavailable())
    except (RedisError, OSError):
        logger.warning("the sandbox worker could not say that it is there")
