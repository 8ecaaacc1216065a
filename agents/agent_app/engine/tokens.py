"""Counting tokens without a tokenizer: for providers that do not say, and for what a killed call has cost."""

from collections.abc import Iterable
from typing import Any

import orjson

_PICTURE = 1500  # tokens; what providers count for a large one
_PICTURES = frozenset({"image_url", "url", "data"})
_DOCUMENT = 300_000  # of a file whose pages nobody has counted


class FileData(str):
    """The content of a file, as a data address, with what its model makes of it in ``tokens``.

    ``text``: its words, for a model that takes no such file; ``cut``: not all of them.
    """

    tokens: int
    text: str
    cut: bool

    def __new__(cls, value: str, tokens: int = 0, *, text: str = "", cut: bool = False) -> "FileData":
        made = super().__new__(cls, value)
        made.tokens, made.text, made.cut = tokens, text, cut
        return made


def estimate(text: str) -> int:
    """About how many tokens ``text`` has. Three bytes a token errs upwards for every language tried with common tokenizers."""
    return (len(text.encode()) + 2) // 3


def estimate_messages(messages: list[dict[str, Any]]) -> int:
    """The same for a list of chat messages, with the few tokens that frame each."""
    return sum(4 + _estimate_part(message.get("content") or "") for message in messages)


def estimate_request(
    instructions: str | None, items: Any, tools: Iterable[Any], handoffs: Iterable[Any], output_schema: Any
) -> int:
    """The whole prompt of a model call as the SDK hands it over: what is held for it before it is sent."""
    total = estimate(instructions or "") + 8
    total += estimate(items) if isinstance(items, str) else sum(4 + _estimate_part(item) for item in items)
    for tool in tools:
        total += 16 + estimate(f"{tool.name}{getattr(tool, 'description', '')}")
        total += _estimate_schema(getattr(tool, "params_json_schema", None))
    for handoff in handoffs:
        total += 16 + estimate(f"{handoff.tool_name}{handoff.tool_description}")
        total += _estimate_schema(handoff.input_json_schema)
    if output_schema is not None and not output_schema.is_plain_text():
        total += 16 + _estimate_schema(output_schema.json_schema())
    return total


def _estimate_part(part: Any, name: str = "") -> int:
    if isinstance(part, dict):
        return sum(_estimate_part(value, key) for key, value in part.items())
    if isinstance(part, list):
        return sum(_estimate_part(value, name) for value in part)
    if not isinstance(part, str):
        return 1
    if name == "file_data":
        return getattr(part, "tokens", 0) or min(estimate(part), _DOCUMENT)
    return min(estimate(part), _PICTURE) if name in _PICTURES else estimate(part)


def _estimate_schema(schema: Any) -> int:
    return estimate(orjson.dumps(schema, default=str).decode()) if schema else 0
