"""A process that evaluates, and matches patterns, for others: a JSON line in, a JSON line out. It has no environment, and ends if slow.

The limit is processor time, so that a busy machine does not make a template fail.
"""

import resource
import signal
import sys
from typing import Any

import orjson
from pydantic_core import SchemaError

from agent_app import linear
from agent_app.expressions.language import MAX_OUTPUT, compute, render_text
from agent_app.expressions.problems import ExpressionError
from agent_app.expressions.problems import mark as _

SECONDS = 0.2
MATCHING_SECONDS = 1.0  # of all patterns of one text
MEMORY = 512 * 1024 * 1024
MAX_LINE = 6 * MAX_OUTPUT  # bytes of an answer: a text of the longest, each of its characters escaped


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["kind"] == "patterns":
        return {"value": [_matches(each, asked["variables"]["text"]) for each in asked["variables"]["patterns"]]}
    work = compute if asked["kind"] == "expression" else render_text
    try:
        return {"value": work(asked["source"], asked["variables"])}
    except ExpressionError as error:
        return {"code": error.code, "error": error.text, "values": error.values}


def _matches(pattern: str, text: str) -> bool:
    try:
        return linear.matches(linear.compiled(pattern), text)
    except SchemaError:
        return False


def _refusal(code: str, text: str) -> bytes:
    return orjson.dumps({"code": code, "error": text, "values": {}})


def serve() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout.buffer
    out.write(b"ready\n")
    out.flush()
    for line in sys.stdin.buffer:
        asked = orjson.loads(line)
        seconds = MATCHING_SECONDS if asked["kind"] == "patterns" else SECONDS
        signal.setitimer(signal.ITIMER_PROF, seconds)  # its signal ends the process
        told = answer(asked)
        try:
            data = orjson.dumps(told)
            if len(data) > MAX_LINE:
                data = _refusal("limit", _("This becomes too large."))
        except TypeError:
            data = _refusal("failed", _("The value is not JSON."))
        signal.setitimer(signal.ITIMER_PROF, 0)
        out.write(data + b"\n")
        out.flush()


if __name__ == "__main__":
    serve()
