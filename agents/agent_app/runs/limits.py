"""How many runs a workspace may have under way."""

from uuid import UUID

from django.utils.translation import gettext as _

from agent_app.models import Run
from billing import limits
from config.lib.errors import Throttled


def check(workspace_id: UUID) -> None:
    """Raises Throttled where the workspace's queue is full. Only root runs count: children would wait for their parents."""
    running = limits.get(workspace_id, "concurrent_runs")
    if not running:
        return
    most = running + limits.get(workspace_id, "queued_runs")
    if Run.objects.in_workspace(workspace_id).active().roots()[: most + 1].count() > most:
        raise Throttled(
            _("%(most)d runs are queued or running. Wait until some have ended.") % {"most": most},
            code="too_many_runs", headers={"Retry-After": "10"},
        )  # fmt: skip
