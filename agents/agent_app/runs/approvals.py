"""The rows of what a run asks people: made when it pauses, closed when it ends, and the events that tell of both."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from agent_app.models import Approval, ApprovalStatus, Run
from agent_app.runs import events
from agent_app.runs.registry import Request
from agent_app.runs.spans import Recorded, body
from community import policies
from community.models import Membership, NotificationKind
from community.services.notifications import badges_changed, notification_send
from config.lib import audit, secrets

ARGUMENTS_PURPOSE = "run.approval"
MOST_ARGUMENTS = 32 * 1024  # bytes: whoever is asked must see all of them
Told = tuple[str, dict[str, Any]]  # an event's type and payload


def ask(run: Run, requests: Iterable[Request]) -> list[Approval]:
    """Write down what is asked, and tell those who may answer. In the pause's transaction."""
    now = timezone.now()
    rows = [
        Approval(
            workspace_id=run.workspace_id, run_id=run.id, call_id=each.call_id, tool_name=each.tool_name,
            tool_type=each.tool_type, tool_id=each.tool_id, agent_id=each.agent_id, agent_name=each.agent_name[:200],
            callers=list(each.callers),
            arguments=body(each.arguments), arguments_encrypted=sealed(each.arguments), permissions=each.permissions,
            prompt=each.prompt[:1000], span_id=each.span_id, expires_at=now + timedelta(seconds=settings.APPROVAL_WAIT),
        )
        for each in requests
    ]  # fmt: skip
    rows = Approval.objects.bulk_create(rows)
    tell(run, rows)
    return rows


def sealed(arguments: dict[str, Any]) -> str:
    return secrets.encrypt(orjson.dumps(arguments).decode(), purpose=ARGUMENTS_PURPOSE)


def exact(row: Approval) -> dict[str, Any]:
    """What the call is made with."""
    arguments: dict[str, Any] = orjson.loads(secrets.decrypt(row.arguments_encrypted, purpose=ARGUMENTS_PURPOSE))
    return arguments


def decided_in(run_id: UUID) -> dict[str, Approval]:
    """What people have said in this run, by call."""
    rows = Approval.objects.filter(run_id=run_id).exclude(status=ApprovalStatus.PENDING).select_related("decided_by")
    return {row.call_id: row for row in rows}


def close(run: Run, reason: str) -> tuple[list[Told], list[Recorded]]:
    """The run has ended: nobody needs to answer any more. Answers what readers are told, and the spans of the waiting."""
    rows = list(Approval.objects.select_for_update(of=("self",)).filter(run_id=run.id).pending().order_by("id"))
    status = ApprovalStatus.EXPIRED if reason == "approval_expired" else ApprovalStatus.WITHDRAWN
    for row in rows:
        row.status, row.decided_at = status, timezone.now()
        row.save(update_fields=["status", "decided_at", "updated_at"])
        record(row, actor_id=None)
    Approval.objects.filter(run_id=run.id).exclude(arguments_encrypted="").update(arguments_encrypted="")
    if rows:
        changed(run.workspace_id)
    return [decided(row) for row in rows], [waiting(row) for row in rows]


# Who is told


def deciders(workspace_id: UUID) -> list[UUID]:
    """The members who may decide."""
    rows = Membership.objects.filter(workspace_id=workspace_id, user__is_active=True).values_list("user_id", "role")
    return [user_id for user_id, role in rows if policies.allows(role, "run.decide")]


def tell(run: Run, rows: Iterable[Approval], *, again: bool = False) -> None:
    """Everybody who may decide finds it under the bell and in their mail. Of a test chat only whoever sits before it."""
    people = deciders(run.workspace_id)
    if run.source == "test":
        people = [each for each in people if each == run.actor_id]
    for row in rows:
        title = format_lazy(_("{agent} asks to call {tool}"), agent=row.agent_name, tool=row.tool_name)
        if again:
            title = format_lazy(_("Still waiting: {agent} asks to call {tool}"), agent=row.agent_name, tool=row.tool_name)  # fmt: skip
        notification_send(
            user_ids=people, kind=NotificationKind.APPROVAL, workspace_id=run.workspace_id, title=title, text=row.prompt,
            key=f"approval{'_reminder' if again else ''}:{row.id}", url=reverse("agents:run", args=[run.id]),
        )  # fmt: skip
    changed(run.workspace_id)


def changed(workspace_id: UUID) -> None:
    """The inboxes of those who may decide have one more, or one less."""
    for user_id in deciders(workspace_id):
        badges_changed(user_id=user_id)


def record(row: Approval, *, actor_id: UUID | None, before: dict[str, Any] | None = None) -> None:
    """The audit entry of an answer, or of the end of waiting for one."""
    after: dict[str, Any] = {
        "status": row.status, "decision": row.decision, "reason": row.reason, "tool": row.tool_name, "call_id": row.call_id,
        "run_id": str(row.run_id),
    }  # fmt: skip
    if row.decided_arguments is not None:
        after["arguments"] = row.decided_arguments
    audit.record(
        audit.Entry(
            action=f"approval.{row.status}", actor_id=actor_id, workspace_id=row.workspace_id, object_type="approval",
            object_id=row.id, before=before or {"status": "pending"}, after=after,
        )
    )  # fmt: skip


# What readers and traces are told


def required(row: Approval, *, within: tuple[str, ...]) -> Told:
    """``within`` are the calls that do not end before this one may be made."""
    return events.APPROVAL_REQUIRED, {
        "call_id": row.call_id, "tool_name": row.tool_name, "tool_type": row.tool_type, "arguments": row.arguments,
        "prompt": row.prompt, "permissions": row.permissions, "agent_name": row.agent_name, "agent_id": row.agent_id,
        "callers": row.callers, "within": within,
        "created_at": _moment(row.created_at), "expires_at": _moment(row.expires_at), "approval_id": row.id,
    }  # fmt: skip


def decided(row: Approval) -> Told:
    return events.APPROVAL_DECIDED, {
        "call_id": row.call_id, "decision": row.decision, "status": row.status, "decided_by": row.decided_by_name,
        "reason": row.reason, "arguments": row.decided_arguments, "decided_at": _moment(row.decided_at),
        "tool_name": row.tool_name, "approval_id": row.id,
    }  # fmt: skip


def waiting(row: Approval) -> Recorded:
    """The span of the time in which nobody had answered yet: without an end as long as nobody has."""
    said = {"status": row.status, "decision": row.decision, "by": row.decided_by_name, "reason": row.reason}
    return Recorded(
        id=row.id, type="approval", name=row.tool_name, parent_id=row.span_id, agent_id=str(row.agent_id or ""),
        input={"call_id": row.call_id, "arguments": row.arguments}, started_at=row.created_at,
        output=None if row.is_pending else said, ended_at=row.decided_at,
    )  # fmt: skip


def _moment(when: datetime | None) -> str | None:
    return when.isoformat().replace("+00:00", "Z") if when else None
