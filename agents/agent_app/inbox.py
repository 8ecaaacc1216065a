"""What this app puts into people's inboxes: what their workspace's runs ask, and their runs that failed and that nobody has looked
after."""

import json
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.approvals import pending_approvals
from agent_app.models import Approval, Run, RunStatus
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


class Approvals:
    """What waits for whoever may decide in the workspace; what ends first comes first."""

    kind = "approval"
    label = gettext_lazy("Approvals")

    def items(self, actor: Actor, limit: int) -> Sequence[InboxItem]:
        return [self._item(row) for row in pending_approvals(actor)[:limit]]

    def count(self, actor: Actor) -> int:
        return pending_approvals(actor).count()

    def get(self, actor: Actor, item_id: UUID) -> InboxItem | None:
        row = pending_approvals(actor).filter(id=item_id).first()
        return self._item(row) if row else None

    def _item(self, row: Approval) -> InboxItem:
        said = {"agent": row.agent_name, "tool": row.tool_name}
        return InboxItem(
            kind=self.kind, id=row.id, title=_("%(agent)s asks to call %(tool)s") % said, icon="hand",
            url=f"{reverse('agents:run', args=[row.run_id])}#approval-{row.id}", created_at=row.created_at, due_at=row.expires_at,
            text=json.dumps(row.arguments, ensure_ascii=False)[:300],
            card=reverse("agents:run_decide", args=[row.run_id, row.call_id]),
            actions=(self._action(row, "approve", _("Approve"), primary=True), self._action(row, "reject", _("Reject"))),
        )  # fmt: skip

    @staticmethod
    def _action(row: Approval, name: str, label: str, *, primary: bool = False) -> InboxAction:
        return InboxAction(
            name=name, label=label, page=reverse("agents:run_decide", args=[row.run_id, row.call_id]),
            api=reverse("api-run-decisions", args=[row.run_id]), fields={"call_id": row.call_id, "decision": name},
            primary=primary,
        )  # fmt: skip
