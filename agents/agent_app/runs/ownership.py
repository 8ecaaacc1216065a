"""The fence around what a run's worker writes: a late thread of a worker that no longer has the run changes nothing."""

from django.db import connection

from agent_app.models import Run, RunStatus
from agent_app.runs.registry import RunFailure


class NotOwned(RunFailure):
    """The run is not this worker's any more, who leaves it as it is: it has ended, or another goes on with it."""

    def __init__(self) -> None:
        super().__init__("worker_lost", "This worker does not have the run any more.")


def check_owner(run: Run) -> None:
    """Raises NotOwned where the run has ended, waits, or has another worker, or will have one.

    Within a transaction: the share lock makes whoever ends or takes the run wait for it, or it see that they have.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM agents_run WHERE id = %s AND attempt = %s AND status = %s FOR SHARE",
            [run.id, run.attempt, RunStatus.RUNNING],
        )
        if cursor.fetchone() is None:
            raise NotOwned
