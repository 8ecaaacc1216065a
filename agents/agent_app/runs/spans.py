"""The spans of runs, as their worker records them and as they are written: in batches, in one statement.

Recording is a few attributes; what costs time (JSON, redaction, the cap) happens on a database thread.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from agent_app.models import Span
from config.lib import secrets
from config.lib.ids import uuid7

SpanType = Literal["agent", "generation", "tool", "handoff", "guardrail", "approval", "retrieval"]
MOST_INLINE = 64 * 1024  # bytes of one body in its row; what is larger goes to the file storage (``bodies.py``)
_MOST_ADDRESS = 2048  # characters of a data address
SIDES = ("input", "output")


@dataclass(slots=True, kw_only=True)
class Recorded:
    """One span. ``step`` is what its model call is called on the bill; ``large`` has the bodies, as JSON, that its row has only
    the beginning of, from when it was written until they are kept. Without ``ended_at`` it waits for people; it ``goes_on`` where
    an earlier attempt has begun it: its row has what went in."""

    type: SpanType
    name: str
    id: UUID = field(default_factory=uuid7)
    parent_id: UUID | None = None
    agent_id: str = ""
    model: str = ""
    step: str = ""
    input: Any = None
    output: Any = None
    usage: dict[str, int] | None = None
    error: dict[str, str] | None = None
    details: dict[str, Any] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    after_unchecked: bool = False  # its input may hold what was said and nobody had checked (``engine/held_spans.py``)
    goes_on: bool = False
    cared_for: bool = False  # its large bodies are kept, and it is exported (``aftercare.py``)
    started_at: datetime = field(default_factory=timezone.now)
    ended_at: datetime | None = None


def body(value: Any) -> Any:
    """``value`` as JSON that may be stored in a row: without keys, capped, without what the database cannot keep."""
    return _inline(_encoded(value))


def shortened(text: bytes, most: int) -> dict[str, Any]:
    """What stands for a body that is longer than what is kept of it: its beginning."""
    return {"truncated": True, "bytes": len(text), "head": text[:most].decode("utf-8", "ignore")}


def _encoded(value: Any) -> bytes:
    try:
        return orjson.dumps(_clean(value), default=str)
    except (orjson.JSONEncodeError, RecursionError):
        return orjson.dumps({"unreadable": type(value).__name__})


def _inline(text: bytes) -> Any:
    return shortened(text, MOST_INLINE // 2) if len(text) > MOST_INLINE else orjson.loads(text)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        if value.startswith("data:") and len(value) > _MOST_ADDRESS:  # a picture or a PDF: the files have it
            return f"{value[:40].partition(',')[0]},… ({len(value)} characters)"
        return secrets.redact(value).replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {str(name).replace("\0", ""): _clean(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value


def kept(span: Recorded) -> dict[str, Any]:
    """What a later attempt must know to go on with ``span``."""
    return {
        "id": str(span.id), "agent_id": span.agent_id, "started_at": span.started_at.isoformat(), "input": body(span.input)
    }  # fmt: skip


def end_open_spans(run_id: UUID) -> None:
    """The run has ended: nothing of it waits any more."""
    Span.objects.filter(run_id=run_id, ended_at=None).update(ended_at=Now())


def save_spans(batches: Iterable[tuple[UUID, int, list[Recorded]]]) -> None:
    """Write spans of several runs, each batch only while its attempt still owns the run (as ``log.save_events`` does).

    One that was written without an end, or that a later attempt goes on with, gets its end; any other stays as it is.
    """
    rows = {span.id: _row(run_id, attempt, span) for run_id, attempt, spans in batches for span in spans}
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH new AS (
                SELECT * FROM jsonb_to_recordset(%s::jsonb) AS row(
                    id uuid, run_id uuid, attempt int, parent_id uuid, type text, name text, agent_id uuid, model text,
                    step text, started_at timestamptz, ended_at timestamptz, input jsonb, output jsonb, usage jsonb, error jsonb,
                    input_bytes int, output_bytes int, details jsonb
                )
            ), owned AS (
                SELECT id, workspace_id, attempt FROM agents_run
                WHERE id IN (SELECT run_id FROM new) AND finished_at IS NULL ORDER BY id FOR SHARE
            )
            INSERT INTO agents_span (
                id, workspace_id, run_id, attempt, parent_id, type, name, agent_id, model, step, started_at, ended_at,
                input, output, usage, error, input_bytes, output_bytes, details
            )
            SELECT new.id, owned.workspace_id, new.run_id, new.attempt, new.parent_id, new.type, new.name, new.agent_id,
                   new.model, new.step, new.started_at, new.ended_at, new.input, new.output, new.usage, new.error,
                   new.input_bytes, new.output_bytes, new.details
            FROM new JOIN owned ON owned.id = new.run_id AND owned.attempt = new.attempt
            ON CONFLICT (id) DO UPDATE SET
                attempt = EXCLUDED.attempt, step = EXCLUDED.step, ended_at = EXCLUDED.ended_at, output = EXCLUDED.output,
                output_bytes = EXCLUDED.output_bytes, error = EXCLUDED.error
            WHERE agents_span.run_id = EXCLUDED.run_id
              AND (agents_span.ended_at IS NULL OR agents_span.attempt < EXCLUDED.attempt)
            """,
            [orjson.dumps(list(rows.values())).decode()],
        )


def _row(run_id: UUID, attempt: int, span: Recorded) -> dict[str, Any]:
    texts = {side: _encoded(getattr(span, side)) for side in SIDES}
    span.large = {side: text for side, text in texts.items() if len(text) > MOST_INLINE}
    return {
        "id": span.id, "run_id": run_id, "attempt": attempt, "parent_id": span.parent_id, "type": span.type,
        "name": span.name[:200].replace("\0", ""), "agent_id": span.agent_id or None, "model": span.model[:260],
        "step": span.step[:40], "started_at": span.started_at, "ended_at": span.ended_at, "usage": span.usage or {},
        "error": body(span.error) or {}, "details": span.details,
        **{side: _inline(text) for side, text in texts.items()},
        **{f"{side}_bytes": len(span.large.get(side, b"")) for side in SIDES},
    }  # fmt: skip
