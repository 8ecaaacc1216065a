"""What people are asked before tools are called: who may answer, how, and what becomes of what nobody answers."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app import access, json_schemas
from agent_app.models import Approval, ApprovalStatus, Decision, Run, RunStatus
from agent_app.models.approvals import ApprovalQuerySet
from agent_app.runs import approvals as rows_of
from agent_app.runs import pauses
from agent_app.runs.spans import body
from agent_app.tools import registry
from agent_app.tools.registry import Function, ToolDefinition
from community.access import Actor
from community.models import Workspace
from config.lib.errors import Conflict, InvalidInput, NotFound

logger = logging.getLogger(__name__)

LONGEST_REASON = 1000


# Reads


def pending_approvals(actor: Actor) -> ApprovalQuerySet:
    """What waits for the actor, the most urgent first; nothing where they may not decide."""
    rows = Approval.objects.in_workspace(actor.workspace_id).pending().select_related("run", "run__agent")
    return rows.order_by("expires_at", "id") if actor.allows("run.decide") else rows.none()


def approvals_of(run: Run) -> ApprovalQuerySet:
    """Everything that was asked in a run, decided or not, in the order in which it was asked."""
    return Approval.objects.filter(run_id=run.id).select_related("decided_by").order_by("id")


def pending_of(run: Run) -> list[Approval]:
    """What a run waits for. No query where it does not wait, or where it was prefetched."""
    if run.status != RunStatus.WAITING:
        return []
    if "approvals" in getattr(run, "_prefetched_objects_cache", {}):
        return sorted((row for row in run.approvals.all() if row.is_pending), key=lambda row: row.id)
    return list(approvals_of(run).pending())


def shown_decision(row: Approval) -> dict[str, Any]:
    """How it was decided, for whoever comes too late."""
    by = {"id": str(row.decided_by_id), "name": row.decided_by_name} if row.decided_by_id else None
    return {
        "decision": row.decision, "status": row.status, "reason": row.reason, "arguments": row.decided_arguments,
        "decided_by": by, "decided_at": row.decided_at.isoformat() if row.decided_at else None,
    }  # fmt: skip


# Deciding


def approval_decide(
    *,
    actor: Actor,
    run_id: UUID,
    call_id: str,
    decision: str,
    arguments: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Approval:
    """Answer for the call ``call_id`` of a run, which goes on when all of its calls are answered.

    ``edit`` calls the tool with ``arguments`` instead; ``always`` allows the same function of the same agent for the rest of the
    run, also where it waits already. Raises NotFound, Forbidden, InvalidInput, and Conflict with the first answer
    (``already_decided``), or where it is too late (``approval_expired``, ``approval_withdrawn``).
    """
    access.get_run(actor, run_id, "run.decide")
    _check(decision, arguments, reason)
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",)).get(id=run_id)
        row = Approval.objects.filter(run_id=run.id, call_id=call_id).select_related("decided_by").first()
        if row is None:
            raise NotFound(_("There is no such call to decide about."))
        _check_open(row)
        if decision == Decision.EDIT:
            _edit(run, row, dict(arguments or {}))
        decided = [row, *(_like(row) if decision == Decision.ALWAYS else [])]
        for each in decided:
            _decide(actor, each, decision, reason.strip())
        pauses.answered(run, decided)
    return row


def _check(decision: str, arguments: Mapping[str, Any] | None, reason: str) -> None:
    if decision not in Decision.values:
        raise InvalidInput(errors={"decision": [_("Approve, edit, always or reject.")]})
    if (decision == Decision.EDIT) != (arguments is not None):
        text = _("Say what to call the tool with.") if arguments is None else _("Only “edit” has arguments.")
        raise InvalidInput(errors={"arguments": [text]})
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(errors={"reason": [_("At most %(most)d characters.") % {"most": LONGEST_REASON}]})


def _check_open(row: Approval) -> None:
    if row.status == ApprovalStatus.EXPIRED or (row.is_pending and row.expires_at <= timezone.now()):
        raise Conflict(_("Nobody has decided in time: the run ended."), code="approval_expired")
    if row.status == ApprovalStatus.WITHDRAWN:
        raise Conflict(_("The run ended before this was decided."), code="approval_withdrawn")
    if not row.is_pending:
        raise Conflict(_("This was decided already."), code="already_decided", first=shown_decision(row))


def _edit(run: Run, row: Approval, given: dict[str, Any]) -> None:
    """Put a person's arguments in the place of the model's. What they left as they saw it stays as it is, also where a key was
    hidden from them. Raises InvalidInput."""
    function = _function(run, row)
    arguments = _unhidden(given, row.arguments, rows_of.exact(row))
    problems = json_schemas.errors_in({"type": "object", **function.parameters}, arguments)
    if len(orjson.dumps(arguments)) > rows_of.MOST_ARGUMENTS:
        problems = [_("These arguments are too long.")]
    if problems:
        raise InvalidInput(_("The arguments do not fit."), errors={"arguments": problems})
    row.arguments_encrypted = rows_of.sealed(arguments)
    row.decided_arguments = body(arguments)


def _function(run: Run, row: Approval) -> Function:
    """What is called, as the run's definition has it."""
    definition = run.snapshot.definition if run.snapshot else {}
    agent = definition.get("targets", {}).get(str(row.agent_id)) or definition
    if str(definition.get("agent_id") or run.agent_id) == str(row.agent_id):
        agent = definition
    for content in agent.get("tools") or []:
        tool = ToolDefinition.of(content)
        kind = registry.find(tool.type)
        for function in kind.functions(tool) if kind else []:
            if function.name == row.tool_name:
                return function
    raise InvalidInput(errors={"arguments": [_("This tool is not there any more: its arguments cannot be changed.")]})


def _unhidden(given: Any, shown: Any, exact: Any) -> Any:
    if given == shown:
        return exact
    if isinstance(given, dict) and isinstance(shown, dict) and isinstance(exact, dict):
        return {
            name: _unhidden(part, shown[name], exact[name]) if name in shown and name in exact else part
            for name, part in given.items()
        }
    return given


def _like(row: Approval) -> list[Approval]:
    """What waits in the same run for the same function of the same agent."""
    rows = Approval.objects.filter(run_id=row.run_id, agent_id=row.agent_id, tool_id=row.tool_id).pending()
    return list(rows.filter(tool_name=row.tool_name).exclude(id=row.id).order_by("id"))


def _decide(actor: Actor, row: Approval, decision: str, reason: str) -> None:
    before = {"status": row.status, "arguments": row.arguments}
    row.status = ApprovalStatus.REJECTED if decision == Decision.REJECT else ApprovalStatus.APPROVED
    row.decision, row.reason, row.decided_by, row.decided_at = decision, reason, actor.user, timezone.now()
    row.save()
    rows_of.record(row, actor_id=actor.id, before=before)


# What nobody answers


def approvals_sweep(*, most: int = 500) -> int:
    """End runs whose time is over, and remind people of what still waits. Answers how many runs and calls it touched."""
    overdue = Run.objects.filter(status=RunStatus.WAITING, approvals__in=Approval.objects.overdue()).distinct()
    touched = sum(pauses.expire(run) for run in overdue.order_by("id")[:most])
    since = timezone.now() - timedelta(seconds=settings.APPROVAL_REMINDER)
    old = Approval.objects.pending().filter(created_at__lte=since, reminded_at=None)
    for approval_id in list(old.order_by("created_at").values_list("id", flat=True)[:most]):
        touched += _remind(approval_id)
    return touched


@transaction.atomic
def _remind(approval_id: UUID) -> bool:
    """Once. In a workspace that was closed nobody is left to be reminded."""
    rows = Approval.objects.select_for_update(of=("self",), skip_locked=True).pending().select_related("run")
    row = rows.filter(id=approval_id, reminded_at=None).first()
    if row is None:
        return False
    row.reminded_at = timezone.now()
    row.save(update_fields=["reminded_at", "updated_at"])
    if Workspace.objects.filter(id=row.workspace_id, closed_at=None).exists():
        rows_of.tell(row.run, [row], again=True)
    return True
