"""Bodies of spans, and results of tools, that are too large for their row: whole in the file storage, beginning in the row.

A span's row is written first and says how long the body is; the object follows (``aftercare.py``). A result is stored before
its row says that there is one: whoever takes over the run gives it to the model. Where an object never came, because its worker
died or the storage was away, the beginning is all there is, and says so. When the run is deleted its rows go at once, and the
hourly sweep of files removes the objects that nobody wants any more.
"""

import logging
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from agent_app.models import Span, ToolCall
from agent_app.runs.spans import SIDES, Recorded, shortened
from community.files import staging, storage
from config.lib.errors import NotFound, Unavailable
from config.lib.ids import parse_uuid

logger = logging.getLogger(__name__)

MOST_KEPT = 4 * 2**20  # bytes of one body
MOST_READ = 16 * 2**20  # bytes of all bodies in one answer
RESULT = "result"
_JSON = "application/json"


def key_of(workspace_id: UUID, row_id: UUID, side: str) -> str:
    return f"{workspace_id}/{row_id}-{side}"


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


def _put(key: str, text: bytes, content_type: str = _JSON) -> None:
    with tempfile.NamedTemporaryFile(dir=staging.directory(), delete=False) as stream:
        stream.write(text)
        path = Path(stream.name)
    try:
        storage.put(key, path, content_type)
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


# Results of tools


def keep_result(row: ToolCall, text: str) -> None:
    """Store what ``row`` has only the beginning of. Where the storage is away that is all there is."""
    try:
        _put(key_of(row.workspace_id, row.id, RESULT), text.encode(), "text/plain; charset=utf-8")
    except (Unavailable, OSError):
        logger.warning("the result of a tool cannot be kept whole", exc_info=True)


def whole_result(row: ToolCall) -> str | None:
    """What the model was given; None where only its beginning is left."""
    if not row.is_cut:
        return row.result
    try:
        with storage.read(key_of(row.workspace_id, row.id, RESULT)) as stream:
            return stream.read().decode()
    except (NotFound, Unavailable, OSError):
        return None


# For the sweep of files


def wanted(keys: Collection[str]) -> set[str]:
    """Those of ``keys`` that belong to a span, or to a call of a tool."""
    return _there(Span, keys, SIDES) | _there(ToolCall, keys, (RESULT,))


def _there(model: type[Span] | type[ToolCall], keys: Collection[str], sides: Collection[str]) -> set[str]:
    named = {key: row_id for key in keys if (row_id := _row_of(key, sides)) is not None}
    there = set(model.objects.filter(id__in=named.values()).values_list("id", flat=True)) if named else set()
    return {key for key, row_id in named.items() if row_id in there}


def _row_of(key: str, sides: Collection[str]) -> UUID | None:
    name, _dash, side = key.rpartition("/")[2].rpartition("-")
    return parse_uuid(name) if side in sides else None
