"""The workers' queue, and what workers are told beside it. Both are hints: the row is the truth, and beat finds what was lost."""

import logging
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from agent_app.models import Run
from agent_app.runs import limits

logger = logging.getLogger(__name__)

CONTROL_CHANNEL = "runs:control"


def enqueue(run_id: UUID) -> None:
    """Put the run on the workers' queue. If the broker is away the reaper does it later: the row is the truth."""
    try:
        current_app.send_task("agents.execute_run", args=[str(run_id)], queue="runs", retry=False)
    except (OperationalError, RedisError, OSError):
        logger.warning("not enqueued: the broker does not answer", extra={"run": str(run_id)})


def call_next(run: Run) -> None:
    """After ``run`` has left its place: whoever waited for it may begin."""
    for run_id in limits.next_in_line(run):
        enqueue(run_id)
