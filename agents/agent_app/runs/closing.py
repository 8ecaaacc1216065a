"""Runs of workspaces that were closed: nobody reads their answers any more, so they shall cost nothing more."""

from uuid import UUID

from django.db.models import Q

from agent_app.models import Run, RunStatus
from agent_app.runs import lifecycle
from config.lib.errors import Conflict


def runs_of_closed_cancel(*, workspace_id: UUID | None = None, most: int = 500) -> int:
    """Cancel what is queued, running or waiting in a closed workspace (None: in any). Answers how many it asked to end.

    A running one ends as soon as its worker hears of it; one that was asked before is not asked again.
    """
    told = Q(status=RunStatus.RUNNING, cancel_requested_at__isnull=False)
    rows = Run.objects.active().filter(~told, workspace__closed_at__isnull=False)
    if workspace_id is not None:
        rows = rows.in_workspace(workspace_id)
    cancelled = 0
    for run in rows.order_by("created_at")[:most]:
        try:
            lifecycle.cancel(run)
        except Conflict:  # it ended by itself meanwhile
            continue
        cancelled += 1
    return cancelled
