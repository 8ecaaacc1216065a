"""How fast models have answered here of late, by their references: of their calls alone, so that no waiting for people is in it."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

_LATEST = 300  # runs that say how fast models are

# What failed, or came out of the cache without a token, says nothing about speed.
_SPEEDS = """
SELECT call.model, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY call.seconds),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY call.tokens / call.seconds)
  FROM (SELECT span.model, extract(epoch FROM span.ended_at - span.started_at)::double precision AS seconds,
               (span.usage->>'completion_tokens')::double precision AS tokens
          FROM agents_span span
         WHERE span.run_id IN (SELECT run.id FROM agents_run run WHERE run.workspace_id = %s ORDER BY run.created_at DESC LIMIT %s)
           AND span.type = 'generation' AND span.error = '{}' AND span.ended_at > span.started_at) AS call
 WHERE call.tokens > 0
 GROUP BY call.model
"""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Medians over ``calls``: the time of a call, and its tokens in each second of it."""

    calls: int
    p50_ms: int
    tokens_per_second: float


def speeds(workspace_id: UUID) -> dict[str, Speed]:
    """One query, whose cost does not grow with what has run."""
    with connection.cursor() as cursor:
        cursor.execute(_SPEEDS, [workspace_id, _LATEST])
        return {
            model: Speed(calls=calls, p50_ms=round(seconds * 1000), tokens_per_second=round(rate, 1))
            for model, calls, seconds, rate in cursor.fetchall()
        }
