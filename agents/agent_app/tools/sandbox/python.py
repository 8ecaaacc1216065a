"""Calling a function of somebody's source in an interpreter that can do nothing but compute (pydantic-monty).

It runs in worker processes of its own, without environment, files, network or processes; whatever breaks or hangs one, another
takes its place. What the source may use of ours is handed in by name: values, and functions that this process answers.
"""

import asyncio
import json
import logging
import weakref
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from pydantic_monty import (
    AsyncFunctionSnapshot,
    AsyncMonty,
    CollectString,
    MontyComplete,
    MontyConversionError,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySyntaxError,
    OSPolicy,
    ResourceLimits,
)

from agent_app.tools.sandbox.signature import Signature

logger = logging.getLogger(__name__)

SECONDS = 5.0  # of computing, product.md
MEMORY = 64 * 1024 * 1024
OUTPUT = 1_000_000  # bytes of the result as JSON, and of what is printed
DEPTH = 200  # calls within calls
_HOST_CALLS = 100
_PROCESSES = 4
_SESSIONS = 1000  # after so many a process is replaced
_GRACE = 1.0  # for the interpreter to notice by itself that its time is over
_MESSAGE = 2000  # characters of an error

_LIMITS = ResourceLimits(
    max_feed_duration_secs=SECONDS,
    max_memory=MEMORY,
    max_recursion_depth=DEPTH,
    max_suspensions=_HOST_CALLS,
    max_total_sleep_secs=SECONDS,
)
_POLICY = OSPolicy(timezone="utc", sleep="system", sleep_system_max=SECONDS)

HostFunction = Callable[..., Awaitable[Any]]


class HostRefused(Exception):
    """A host function does not do what it was asked for; the source may catch it as a RuntimeError."""


class CodeFailed(Exception):
    """The source did not come to a result. ``line`` is where, 0 where it is nowhere; ``trace`` the way there, for people."""

    def __init__(self, message: str, *, code: str, line: int = 0, trace: str = "", printed: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.line = line
        self.trace = trace
        self.printed = printed

    def __str__(self) -> str:
        return (
            _("Line %(line)d: %(message)s") % {"line": self.line, "message": self.message}
            if self.line
            else self.message
        )


@dataclass(frozen=True, kw_only=True)
class Called:
    """What a call came to. ``cut``: the result is longer than OUTPUT, and ``value`` is the beginning of its text."""

    value: Any
    printed: str = ""
    cut: bool = False


@dataclass
class _Processes:
    """The workers of one event loop: started by the first call, and kept."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    pool: AsyncMonty | None = None


_processes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Processes] = weakref.WeakKeyDictionary()


async def _pool() -> AsyncMonty:
    mine = _processes.setdefault(asyncio.get_running_loop(), _Processes())
    async with mine.lock:
        if mine.pool is None:
            pool = AsyncMonty(
                min_processes=1,
                max_processes=_PROCESSES,
                request_timeout=SECONDS + 2 * _GRACE,
                max_checkouts_per_worker=_SESSIONS,
                feed_duration_limit_grace=_GRACE,
            )
            mine.pool = await pool.__aenter__()
    return mine.pool


async def close() -> None:
    """End this event loop's workers."""
    mine = _processes.pop(asyncio.get_running_loop(), None)
    if mine is not None and mine.pool is not None:
        await mine.pool.__aexit__(None, None, None)


async def call(
    source: str,
    signature: Signature,
    arguments: Mapping[str, Any],
    *,
    values: Mapping[str, Any] | None = None,
    functions: Mapping[str, HostFunction] | None = None,
    timeout_s: float = 60.0,
) -> Called:
    """Call the function of ``source``. Raises CodeFailed. Being cancelled ends the process in which it runs."""
    text = f"{source}\n{_ending(signature)}"
    printed = CollectString(max_bytes=OUTPUT)
    inputs = {**(values or {}), "_arguments": dict(arguments)}
    try:
        async with asyncio.timeout(timeout_s):
            told = await _feed(text, inputs, functions or {}, printed)
    except TimeoutError:
        raise CodeFailed(
            _("The function took longer than %(most)g s.") % {"most": timeout_s}, code="timeout", printed=printed.output
        ) from None
    except MontyError as error:
        raise _failure(error, source, printed.output) from error
    return _result(told, printed.output)


def _ending(signature: Signature) -> str:
    """The line that makes the call. The result leaves as text: its size is limited there, and it is nothing but JSON."""
    wait = "await " if signature.is_async else ""
    return f"import json as _json\n_json.dumps({wait}{signature.name}(**_arguments))[:{OUTPUT + 1}]"


async def _feed(
    text: str, inputs: dict[str, Any], functions: Mapping[str, HostFunction], printed: CollectString
) -> object:
    pool = await _pool()
    async with pool.checkout(script_name="code.py", limits=_LIMITS, os_policy=_POLICY) as session:
        step = await session.feed_start(text, inputs=inputs, external_lookup=dict(functions), print_callback=printed)
        while not isinstance(step, MontyComplete):
            wanted = (
                functions.get(str(step.function_name))
                if isinstance(step, AsyncFunctionSnapshot) and not step.is_os_function and step.object_id is None
                else None
            )
            if wanted is None or not isinstance(step, AsyncFunctionSnapshot):
                step = await step.resume_auto()
                continue
            try:
                answer = await wanted(*step.args, **step.kwargs)
            except (HostRefused, TypeError) as error:
                step = await step.resume({"exc_type": "RuntimeError", "message": str(error)[:_MESSAGE]})
            else:
                step = await step.resume({"return_value": answer})
        return step.output


def _result(told: object, printed: str) -> Called:
    if not isinstance(told, str):  # the source has taken our names
        raise CodeFailed(_("The function's result cannot be read."), code="result", printed=printed)
    if len(told) > OUTPUT:
        return Called(value=told[:OUTPUT], printed=printed, cut=True)
    try:
        return Called(value=json.loads(told, parse_constant=_no_number), printed=printed)
    except ValueError as error:
        raise CodeFailed(
            _("The function's result is not JSON: %(why)s.") % {"why": str(error)[:200]}, code="result", printed=printed
        ) from None
    except RecursionError:
        raise CodeFailed(_("The function's result is nested too deeply."), code="result", printed=printed) from None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number there")


def _failure(error: MontyError, source: str, printed: str) -> CodeFailed:
    if isinstance(error, MontyCrashedError):
        if error.timed_out:
            return _too_long(printed)
        logger.warning("a sandbox process ended", extra={"exit_status": error.exit_status})
        return CodeFailed(_("The function broke the sandbox it ran in."), code="crashed", printed=printed)
    if isinstance(error, MontyConversionError):
        return CodeFailed(_("The arguments are nested too deeply."), code="arguments", printed=printed)
    if not isinstance(error, MontyRuntimeError | MontySyntaxError):
        return CodeFailed(str(error)[:_MESSAGE], code="error", printed=printed)
    return _told(error, source, printed)


def _told(error: MontyRuntimeError | MontySyntaxError, source: str, printed: str) -> CodeFailed:
    """What the interpreter says, with the last line of the source that had a part in it."""
    said = error.display(format="type-msg")[:_MESSAGE]
    lines = source.count("\n") + 1
    frames = [frame for frame in error.traceback() if frame.line <= lines]
    line = frames[-1].line if frames else 0
    inner = error.exception()
    if isinstance(inner, TimeoutError) and "time limit exceeded" in said:
        return _too_long(printed, line)
    if isinstance(inner, MemoryError) and said.endswith(f"> {OUTPUT} bytes"):
        message = _("The function prints more than %(most)d bytes.") % {"most": OUTPUT}
        return CodeFailed(message, code="output", line=line, printed=printed)
    if isinstance(inner, MemoryError) and "memory limit exceeded" in said:
        message = _("The function needs more than %(most)d MB.") % {"most": MEMORY // 2**20}
        return CodeFailed(message, code="memory", line=line, printed=printed)
    if not line and isinstance(inner, TypeError | ValueError | RecursionError):  # where the result is written as JSON
        message = _("The function's result is not JSON: %(why)s.") % {"why": said.partition(": ")[2][:200]}
        return CodeFailed(message, code="result", printed=printed)
    trace = "\n".join(f"  {frame.line}: {frame.source_line or ''}".rstrip() for frame in frames[-20:])
    code = "syntax" if isinstance(error, MontySyntaxError) else "error"
    return CodeFailed(said, code=code, line=line, trace=trace, printed=printed)


def _too_long(printed: str, line: int = 0) -> CodeFailed:
    most = {"most": SECONDS}
    return CodeFailed(
        _("The function computed for longer than %(most)g s.") % most, code="cpu_limit", line=line, printed=printed
    )
