"""Values as Python source that a person can read."""

import pprint
from typing import Any


def one_line(text: str) -> str:
    """For a comment or a docstring."""
    return " ".join(text.replace("\\", "/").replace('"', "'").split())


def python_of(value: Any) -> str:
    return pprint.pformat(value, width=110, sort_dicts=False)


def text_of(text: str) -> str:
    """Several lines as they are, where nothing in them would be read otherwise."""
    lines = text.split("\n")
    if len(lines) == 1 or not all(line.isprintable() for line in lines):
        return repr(text)
    escaped = text.replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
    return f"'''\\\n{escaped[:-1]}\\''''" if escaped.endswith("'") else f"'''\\\n{escaped}'''"
