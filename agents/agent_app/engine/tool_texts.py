"""What is made of a tool's answer: text for the model, and what an event shows of it. Pure."""

import json
from typing import Any

import orjson

MOST_OUTPUT = 1024 * 1024  # bytes that the model is given of one call
_MOST_SHOWN = 64 * 1024  # bytes of it in an event


def of_error(code: str, message: str) -> str:
    """The one form in which models are told what went wrong."""
    return orjson.dumps({"error": {"code": code, "message": message}}).decode()


def of_value(value: Any) -> str:
    """Whatever a stranger has answered: also numbers beyond 64 bits, and what lies deeper than is written usually."""
    if isinstance(value, str):
        return value.replace("\0", "")
    try:
        text = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        text = _written_slowly(value)
    return text.replace("\\u0000", "")


def _written_slowly(value: Any) -> str:
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except (RecursionError, ValueError, TypeError):
        return "[The output cannot be shown: it is nested too deeply.]"


def capped(text: str) -> str:
    """What the model is given of it. What was cut is said."""
    data = text.encode("utf-8", "replace")
    if len(data) <= MOST_OUTPUT:
        return data.decode()
    head = data[:MOST_OUTPUT].decode("utf-8", "ignore")
    return f"{head}\n[The output was cut here: {len(data)} bytes in all.]"


def shown(answer: str) -> Any:
    """A result in an event: JSON as such, a long one cut."""
    data = answer.encode()
    if len(data) > _MOST_SHOWN:
        return data[:_MOST_SHOWN].decode("utf-8", "ignore") + "…"
    try:
        found = orjson.loads(data) if answer[:1] in "{[" else answer
        orjson.dumps(found)  # what can be read cannot always be written
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return answer
    return found
