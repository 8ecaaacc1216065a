"""The fence around what a run's worker writes: a late thread of a worker that no longer has the run changes nothing."""

from django.db import connection

from agent_app.models import Run, RunStatus
from agent_app.runs.registry import RunFailure


def check_owner(run: Run) -> None:
    """Raises RunFailure where the run has ended, waits, or has another worker.

    Within a transaction: the share lock makes whoever ends or takes the run wait for it, or it see that they have.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM agents_run WHERE id = %s AND attempt = %s AND status = %s FOR SHARE",
            [run.id, run.attempt, RunStatus.RUNNING],
        )
        if cursor.fetchone() is None:
            raise RunFailure("worker_lost", "This worker does not have the run any more.")
