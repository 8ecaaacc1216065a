"""What is made of a tool's answer: text for the model, and what an event shows of it. Pure."""

from typing import Any

import orjson

MOST_OUTPUT = 1024 * 1024  # bytes that the model is given of one call
_MOST_SHOWN = 64 * 1024  # bytes of it in an event


def of_error(code: str, message: str) -> str:
    """The one form in which models are told what went wrong."""
    return orjson.dumps({"error": {"code": code, "message": message}}).decode()


def of_value(value: Any) -> str:
    if isinstance(value, str):
        return value.replace("\0", "")
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode().replace("\\u0000", "")


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
        return orjson.loads(data) if answer[:1] in "{[" else answer
    except orjson.JSONDecodeError:
        return answer
