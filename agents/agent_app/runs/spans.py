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
from django.utils import timezone

from config.lib import secrets
from config.lib.ids import uuid7

SpanType = Literal["agent", "generation", "tool", "handoff", "guardrail", "retrieval"]
MOST_INLINE = 64 * 1024  # bytes of one body


@dataclass(slots=True, kw_only=True)
class Recorded:
    """One span. ``step`` is what its model call is called on the bill."""

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
    started_at: datetime = field(default_factory=timezone.now)
    ended_at: datetime | None = None


def body(value: Any) -> Any:
    """``value`` as JSON that may be stored: without keys, capped, without what the database cannot keep."""
    try:
        text = orjson.dumps(_clean(value), default=str)
    except (orjson.JSONEncodeError, RecursionError):
        text = orjson.dumps({"unreadable": type(value).__name__})
    if len(text) > MOST_INLINE:
        return {"truncated": True, "bytes": len(text), "head": text[: MOST_INLINE // 2].decode("utf-8", "ignore")}
    return orjson.loads(text)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return secrets.redact(value).replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {str(name).replace("\0", ""): _clean(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value


def save_spans(batches: Iterable[tuple[UUID, int, list[Recorded]]]) -> None:
    """Write spans of several runs, each batch only while its attempt still owns the run (as ``log.save_events`` does)."""
    rows = [_row(run_id, attempt, span) for run_id, attempt, spans in batches for span in spans]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH new AS (
                SELECT * FROM jsonb_to_recordset(%s::jsonb) AS row(
                    id uuid, run_id uuid, attempt int, parent_id uuid, type text, name text, agent_id uuid, model text,
                    step text, started_at timestamptz, ended_at timestamptz, input jsonb, output jsonb, usage jsonb, error jsonb
                )
            ), owned AS (
                SELECT id, workspace_id, attempt FROM agents_run
                WHERE id IN (SELECT run_id FROM new) AND finished_at IS NULL ORDER BY id FOR SHARE
            )
            INSERT INTO agents_span (
                id, workspace_id, run_id, attempt, parent_id, type, name, agent_id, model, step, started_at, ended_at,
                input, output, usage, error
            )
            SELECT new.id, owned.workspace_id, new.run_id, new.attempt, new.parent_id, new.type, new.name, new.agent_id,
                   new.model, new.step, new.started_at, new.ended_at, new.input, new.output, new.usage, new.error
            FROM new JOIN owned ON owned.id = new.run_id AND owned.attempt = new.attempt
            ON CONFLICT DO NOTHING
            """,
            [orjson.dumps(rows).decode()],
        )


def _row(run_id: UUID, attempt: int, span: Recorded) -> dict[str, Any]:
    return {
        "id": span.id, "run_id": run_id, "attempt": attempt, "parent_id": span.parent_id, "type": span.type,
        "name": span.name[:200].replace("\0", ""), "agent_id": span.agent_id or None, "model": span.model[:260],
        "step": span.step[:40], "started_at": span.started_at, "ended_at": span.ended_at, "input": body(span.input),
        "output": body(span.output), "usage": span.usage or {}, "error": body(span.error) or {},
    }  # fmt: skip
