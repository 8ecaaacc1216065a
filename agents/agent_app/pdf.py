"""How many pages a PDF has: providers charge by the page, and take so many at most. Pure.

A PDF says so in the objects of its pages, which may lie in compressed streams; nothing else of it is read.
"""

import re
import zlib
from collections.abc import Iterator

MOST_PAGES = 100
PAGE_TOKENS = 3000  # at most: a page is sent as its text and as a picture
_MOST_INFLATED = 4 * 2**20  # bytes of one stream
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_STREAM = re.compile(rb"/ObjStm\b.{0,400}?stream\r?\n", re.DOTALL)


def pages(raw: bytes) -> int:
    """0 where it cannot be told."""
    return sum(len(_PAGE.findall(part)) for part in (raw, *_packed(raw)))


def _packed(raw: bytes) -> Iterator[bytes]:
    """Streams of objects, unpacked as far as that is safe."""
    for found in _STREAM.finditer(raw):
        end = raw.find(b"endstream", found.end())
        try:
            yield zlib.decompressobj().decompress(raw[found.end() : end], _MOST_INFLATED)
        except zlib.error:
            continue
