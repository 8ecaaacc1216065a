"""Evaluating: lookups at once, the rest in a few limited processes that are kept for the next one. Blocks; not for event loops."""

import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Any

import orjson

from agent_app.expressions import child
from agent_app.expressions.language import MAX_OUTPUT
from agent_app.expressions.problems import ExpressionError
from agent_app.expressions.problems import mark as _
from agent_app.expressions.syntax import Path, as_path, plain_parts, read_expression, read_template

_PROCESSES = 2
_START = 20.0  # seconds; a machine that is very busy
_PATIENCE = 10.0  # seconds for 0.2 s of work; only a stuck process takes longer
_LONGEST_LINE = 8 * MAX_OUTPUT  # bytes: every character of an answer may be escaped
_ROOT = FilePath(child.__file__).parents[2]

_slots = threading.BoundedSemaphore(_PROCESSES)
_idle: list["_Child"] = []


def render(source: str, variables: Mapping[str, Any]) -> str:
    """The text of a template. Raises ExpressionError."""
    parts = plain_parts(source)
    if parts is None:
        return str(_ask("template", source, variables))
    text: list[str] = []
    size = 0
    for part in parts:
        text.append(part if isinstance(part, str) else _as_text(look_up(part, variables)))
        size += len(text[-1])
        if size > MAX_OUTPUT:
            raise ExpressionError("limit", _("This becomes too large."))
    return "".join(text)


def render_value(source: str, variables: Mapping[str, Any]) -> Any:
    """As ``render``, but a template that is exactly one ``{{ expression }}`` keeps the value's type."""
    inner = source.strip()
    if inner.startswith("{{") and inner.endswith("}}"):
        tree = read_template(inner)
        if len(tree.body) == 1 and len(getattr(tree.body[0], "nodes", ())) == 1:
            return evaluate(inner.removeprefix("{{").removesuffix("}}").strip("-+ \n\t"), variables)
    return render(source, variables)


def evaluate(source: str, variables: Mapping[str, Any]) -> Any:
    """The value of a bare expression. Raises ExpressionError."""
    path = as_path(read_expression(source))
    return _ask("expression", source, variables) if path is None else look_up(path, variables)


def match(patterns: Sequence[str], text: str) -> list[bool]:
    """Which of these patterns match somewhere. Raises ExpressionError where that takes too long."""
    found: list[bool] = _ask("patterns", "", {"patterns": list(patterns), "text": text})
    return found


def look_up(path: Path, variables: Mapping[str, Any]) -> Any:
    """The value at a path: keys and places in lists only."""
    value: Any = variables
    for number, step in enumerate(path):
        try:
            if not isinstance(value, Mapping) and not (isinstance(value, list | tuple | str) and isinstance(step, int)):
                raise LookupError
            value = value[step]  # type: ignore[index]
        except LookupError:
            name = ".".join(map(str, path[: number + 1]))
            raise ExpressionError("undefined", _("“%(name)s” has no value."), name=name) from None
    return value


def _as_text(value: Any) -> str:
    return str(value)


class _Child:
    def __init__(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603  # our own module, with no input of anybody
            [sys.executable, "-m", child.__name__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": str(_ROOT), "PYTHONSAFEPATH": "1"}, cwd="/",
        )  # fmt: skip
        if self.read(_START) != b"ready\n":
            self.kill()
            raise ExpressionError("failed", _("Templates cannot be evaluated right now."))

    def read(self, seconds: float) -> bytes:
        """A line; what there is of it where the process ended or took too long."""
        out = self.process.stdout
        if out is None or not select.select([out], [], [], seconds)[0]:
            return b""
        return out.readline(_LONGEST_LINE)

    def ask(self, data: bytes) -> bytes:
        if self.process.stdin is None:
            return b""
        with suppress(BrokenPipeError):
            self.process.stdin.write(data + b"\n")
            self.process.stdin.flush()
        return self.read(_PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def _ask(kind: str, source: str, variables: Mapping[str, Any]) -> Any:
    """Have a process of the pool evaluate; one that does not answer is replaced."""
    data = orjson.dumps({"kind": kind, "source": source, "variables": dict(variables)})
    with _slots:
        worker = _idle.pop() if _idle else _Child()
        if worker.process.poll() is not None:  # it was ended while it waited
            worker.kill()
            worker = _Child()
        line = worker.ask(data)
        if not line.endswith(b"\n"):
            worker.kill()
            raise ExpressionError("limit", _("This takes longer than %(most)d ms."), most=round(child.SECONDS * 1000))
        _idle.append(worker)
    told = orjson.loads(line)
    if "error" in told:
        raise ExpressionError(told["code"], told["error"], **told["values"])
    return told["value"]
