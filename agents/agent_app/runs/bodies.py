"""Bodies of spans that are too large for their row: whole in the file storage, beginning in the row.

The row is written first and says how long the body is; the object follows (``aftercare.py``). Where it never came, because
its worker died or the storage was away, the beginning is all there is, and says so. When the run is deleted its rows go at
once, and the hourly sweep of files removes the objects that nobody wants any more.
"""

import logging
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from agent_app.models import Span
from agent_app.runs.spans import SIDES, Recorded, shortened
from community.files import staging, storage
from config.lib.errors import NotFound, Unavailable
from config.lib.ids import parse_uuid

logger = logging.getLogger(__name__)

MOST_KEPT = 4 * 2**20  # bytes of one body
MOST_READ = 16 * 2**20  # bytes of all bodies in one answer
_JSON = "application/json"


def key_of(workspace_id: UUID, span_id: UUID, side: str) -> str:
    return f"{workspace_id}/{span_id}-{side}"


def keep(workspace_id: UUID, span: Recorded) -> int:
    """Store what a span's row has only the beginning of. Answers how many bodies could not be."""
    large, span.large = span.large, {}
    failed = 0
    for side, text in large.items():
        if len(text) > MOST_KEPT:
            text = orjson.dumps(shortened(text, MOST_KEPT))
        try:
            _put(key_of(workspace_id, span.id, side), text)
        except (Unavailable, OSError):
            failed += 1
    return failed


def _put(key: str, text: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=staging.directory(), delete=False) as stream:
        stream.write(text)
        path = Path(stream.name)
    try:
        storage.put(key, path, _JSON)
    finally:
        path.unlink(missing_ok=True)


# Reading


def read_whole(spans: Iterable[Span], *, most: int = MOST_READ) -> None:
    """Put whole bodies into ``spans``, in their order, as far as ``most`` bytes go. The others keep their beginning.

    So do all where the storage does not answer: a trace with less is better than none.
    """
    for span, side in _large(spans):
        size = min(getattr(span, f"{side}_bytes"), MOST_KEPT)
        if size > most:
            continue
        try:
            whole = _read(key_of(span.workspace_id, span.id, side))
        except NotFound:
            continue
        except (Unavailable, OSError):
            logger.warning("bodies of spans cannot be read", exc_info=True)
            return
        setattr(span, side, whole)
        most -= size


def _large(spans: Iterable[Span]) -> Iterator[tuple[Span, str]]:
    for span in spans:
        for side in SIDES:
            if getattr(span, f"{side}_bytes"):
                yield span, side


def _read(key: str) -> Any:
    with storage.read(key) as stream:
        return orjson.loads(stream.read())


# For the sweep of files


def wanted(keys: Collection[str]) -> set[str]:
    """Those of ``keys`` that belong to a span."""
    named = {key: span_id for key in keys if (span_id := _span_of(key)) is not None}
    there = set(Span.objects.filter(id__in=named.values()).values_list("id", flat=True)) if named else set()
    return {key for key, span_id in named.items() if span_id in there}


def _span_of(key: str) -> UUID | None:
    name, _dash, side = key.rpartition("/")[2].rpartition("-")
    return parse_uuid(name) if side in SIDES else None
