"""Values as Python source that a person can read. Whatever people wrote becomes a literal, or a comment of one line."""

import json
from collections.abc import Iterable
from typing import Any

WIDTH = 110
_INDENT = "    "
_LINE = "\0"  # within a text, until the source is finished: such lines stay where they are
_LINES = frozenset("\n" + _LINE)
_DEEPEST = 40  # Python's own parser does not go much deeper


class Code(str):
    """Source, and no text that somebody wrote."""


def one_line(text: str) -> str:
    """For a comment or a docstring: neither a line nor a quote in it ends, and nothing in it is invisible."""
    plain = " ".join(text.replace("\\", "/").replace('"', "'").split())
    return "".join(character for character in plain if character.isprintable())


def python_of(value: Any, room: int = WIDTH, depth: int = 0) -> Code:
    """JSON, on one line where there is room for it, else a line for each part."""
    if isinstance(value, Code):
        return value
    if depth > _DEEPEST and isinstance(value, dict | list):
        return Code(f"json.loads({_quoted(json.dumps(value))})")
    if isinstance(value, dict):
        names = [(f"{_quoted(str(name))}: ", part) for name, part in value.items()]
        parts = [Code(f"{name}{python_of(part, room - 4 - len(name), depth + 1)}") for name, part in names]
        return _bracketed("{", parts, "}", room)
    if isinstance(value, list):
        return _bracketed("[", [python_of(part, room - 4, depth + 1) for part in value], "]", room)
    return _quoted(value) if isinstance(value, str) else Code(repr(value))


def call(function: str, /, *values: Any, room: int = WIDTH, **named: Any) -> Code:
    """A call with these arguments; of the named ones those that say something."""
    said = [python_of(value, room - 4) for value in values]
    said += [
        Code(f"{key}={python_of(value, room - 5 - len(key))}") for key, value in named.items() if value is not None
    ]
    return _bracketed(f"{function}(", said, ")", room)


def listed(name: str, parts: Iterable[str]) -> str:
    """``name = […]`` with a line for each part. Parts may be comments."""
    lines = [part if part.startswith("#") else f"{part}," for part in parts]
    return f"{name} = [\n{indented(chr(10).join(lines))}\n]\n" if lines else ""


def indented(source: str) -> str:
    """Further in, but for lines within a text."""
    return "\n".join(_INDENT + line if line else line for line in source.split("\n"))


def finished(source: str) -> str:
    """Source with the lines of its texts."""
    return source.replace(_LINE, "\n")


def text_of(text: str) -> Code:
    """Several lines as they are, where nothing in them would be read otherwise."""
    lines = text.split("\n")
    if len(lines) == 1 or not all(line.isprintable() for line in lines):
        return _quoted(text)
    escaped = text.replace("\\", "\\\\")
    if '"""' in text or text.endswith('"'):
        escaped = escaped.replace('"', '\\"')
    return Code(f'"""\\\n{escaped}"""'.replace("\n", _LINE))


def _quoted(text: str) -> Code:
    found = repr(text)
    return Code(f'"{found[1:-1]}"' if found[0] == "'" and '"' not in found else found)


def _bracketed(begin: str, parts: list[Code], end: str, room: int) -> Code:
    line = f"{begin}{', '.join(parts)}{end}"
    if not parts or (not _LINES.intersection(line) and len(line) <= room):
        return Code(line)
    return Code(f"{begin}\n{indented(chr(10).join(f'{part},' for part in parts))}\n{end}")
