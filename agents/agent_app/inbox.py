"""What this app puts into people's inboxes: their runs that failed and that nobody has looked after."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.models import Run, RunStatus
from community.access import Actor
from community.registry import InboxAction, InboxItem
from community.selectors import dismissed

KEPT = timedelta(days=7)


class FailedRuns:
    """The actor's own failed runs of the last week, newest first."""

    kind = "failed_run"
    label = gettext_lazy("Failed runs")

    def items(self, actor: Actor, limit: int) -> Sequence[InboxItem]:
        return [self._item(run) for run in self._rows(actor).select_related("agent").order_by("-created_at")[:limit]]

    def count(self, actor: Actor) -> int:
        return self._rows(actor).count()

    def get(self, actor: Actor, item_id: UUID) -> InboxItem | None:
        run = self._rows(actor).select_related("agent").filter(id=item_id).first()
        return self._item(run) if run else None

    def _rows(self, actor: Actor) -> QuerySet[Run]:
        if not actor.allows("run.read"):
            return Run.objects.none()
        rows = Run.objects.in_workspace(actor.workspace_id).roots()
        return rows.filter(actor_id=actor.id, status=RunStatus.FAILED, created_at__gte=timezone.now() - KEPT).exclude(
            id__in=dismissed(actor.id, self.kind)
        )

    def _item(self, run: Run) -> InboxItem:
        url = reverse("agents:run", args=[run.id])
        name = run.agent.name if run.agent else _("A run")
        look = InboxAction(name="look", label=_("Look"), method="GET", page=url, api=reverse("api-run", args=[run.id]))
        return InboxItem(
            kind=self.kind, id=run.id, title=_("%(name)s failed") % {"name": name}, url=url, icon="circle-x",
            created_at=run.created_at, text=str((run.error or {}).get("error") or run.reason)[:300], actions=(look,),
            dismissible=True,
        )  # fmt: skip
