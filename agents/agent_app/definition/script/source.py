"""Values as Python source that a person can read. Whatever people wrote becomes a literal, or a comment of one line."""

import io
import tokenize
from collections.abc import Iterable
from typing import Any

WIDTH = 110
_INDENT = "    "


class Code(str):
    """Source, and no text that somebody wrote."""


def one_line(text: str) -> str:
    """For a comment or a docstring: neither a line nor a quote in it ends, and nothing in it is invisible."""
    plain = " ".join(text.replace("\\", "/").replace('"', "'").split())
    return "".join(character for character in plain if character.isprintable())


def python_of(value: Any, room: int = WIDTH) -> Code:
    """JSON, on one line where there is room for it, else a line for each part."""
    if isinstance(value, Code):
        return value
    if isinstance(value, dict):
        pairs = [(f"{python_of(name)}: ", part) for name, part in value.items()]
        return _bracketed(
            "{", [Code(f"{name}{python_of(part, room - 4 - len(name))}") for name, part in pairs], "}", room
        )
    if isinstance(value, list):
        return _bracketed("[", [python_of(part, room - 4) for part in value], "]", room)
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
    tokens = tokenize.generate_tokens(io.StringIO(f"({source}\n)").readline)
    texts = [token for token in tokens if token.type == tokenize.STRING]
    inside = {line for token in texts for line in range(token.start[0] + 1, token.end[0] + 1)}
    lines = source.split("\n")
    return "\n".join(line if number in inside or not line else _INDENT + line for number, line in enumerate(lines, 1))


def text_of(text: str) -> Code:
    """Several lines as they are, where nothing in them would be read otherwise."""
    lines = text.split("\n")
    if len(lines) == 1 or not all(line.isprintable() for line in lines):
        return _quoted(text)
    escaped = text.replace("\\", "\\\\")
    if '"""' in text or text.endswith('"'):
        escaped = escaped.replace('"', '\\"')
    return Code(f'"""\\\n{escaped}"""')


def _quoted(text: str) -> Code:
    found = repr(text)
    return Code(f'"{found[1:-1]}"' if found[0] == "'" and '"' not in found else found)


def _bracketed(begin: str, parts: list[Code], end: str, room: int) -> Code:
    line = f"{begin}{', '.join(parts)}{end}"
    if not parts or ("\n" not in line and len(line) <= room):
        return Code(line)
    return Code(f"{begin}\n{indented(chr(10).join(f'{part},' for part in parts))}\n{end}")
