"""File names as people may see and save them. Pure."""

import re
import unicodedata

MAX_LENGTH = 200
FALLBACK = "file"
# Control characters, and those that nobody sees: a right-to-left override makes "exe.txt" of "txt.exe".
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def clean(name: str) -> str:
    """The last part of ``name``, without what could lead elsewhere, hide something or break a header."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(character for character in last if unicodedata.category(character) not in _INVISIBLE)
    tidy = " ".join(visible.split()).strip(". ")
    return _shorten(tidy) or FALLBACK


def _shorten(name: str) -> str:
    """At most MAX_LENGTH characters; the ending stays."""
    stem, dot, ending = name.rpartition(".")
    if len(name) <= MAX_LENGTH:
        return name
    if not stem or len(ending) > 20:
        return name[:MAX_LENGTH]
    return stem[: MAX_LENGTH - len(ending) - 1].rstrip(". ") + dot + ending
