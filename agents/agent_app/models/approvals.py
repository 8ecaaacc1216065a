"""Approvals: what a person is asked before a tool is called, and what they said."""

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceQuerySet, WorkspaceRecord


class ApprovalStatus(models.TextChoices):
    PENDING = "pending", _("Waiting")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Decision(models.TextChoices):
    APPROVE = "approve", _("Approve")
    EDIT = "edit", _("Approve with changes")
    ALWAYS = "always", _("Always allow in this run")
    REJECT = "reject", _("Reject")


class ApprovalQuerySet(WorkspaceQuerySet["Approval"]):
    def pending(self) -> Self:
        return self.filter(status=ApprovalStatus.PENDING)

    def overdue(self) -> Self:
        return self.pending().filter(expires_at__lte=timezone.now())


class Approval(WorkspaceRecord):
    """One question to people, answered once. It is made with its run's pause, and its run goes on with its last answer.

    ``arguments`` and ``decided_arguments`` are what people see (without keys); what the call is made with is encrypted.
    """

    run = models.ForeignKey("agents.Run", on_delete=models.CASCADE, related_name="approvals")
    call_id = models.CharField(max_length=120)
    tool_name = models.CharField(max_length=64, blank=True)
    tool_type = models.CharField(max_length=24, blank=True)
    tool_id = models.UUIDField(null=True, help_text=_("The tool of the agent or of the library."))
    agent_id = models.UUIDField(null=True, help_text=_("Whose call it is; kept when the agent is gone."))
    agent_name = models.CharField(max_length=200, blank=True)
    callers = models.JSONField(
        default=list, blank=True, help_text=_("Which agents have called each other as tools on the way to it, by name.")
    )
    arguments = models.JSONField(null=True, help_text=_("As the model gave them, and guardrails left them."))
    arguments_encrypted = models.TextField(blank=True, editable=False)
    permissions = models.JSONField(default=list, help_text=_("What the call may do."))
    prompt = models.TextField(max_length=1000, blank=True, help_text=_("What is asked, in a sentence."))
    node = models.CharField(max_length=100, null=True, blank=True, help_text=_("Of a workflow: who asks."))
    form = models.JSONField(null=True, blank=True, help_text=_("Of a workflow: what is asked for."))
    span_id = models.UUIDField(null=True, editable=False, help_text=_("Below which span the waiting stands."))
    status = models.CharField(max_length=10, choices=ApprovalStatus.choices, default=ApprovalStatus.PENDING)
    decision = models.CharField(max_length=10, choices=Decision.choices, blank=True)
    decided_arguments = models.JSONField(null=True, blank=True, help_text=_("Where the arguments were edited."))
    reason = models.TextField(max_length=1000, blank=True)
    decided_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)

    objects = ApprovalQuerySet.as_manager()  # type: ignore[misc]  # more than the base class's

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "call_id"], name="approval_once"),
            models.CheckConstraint(name="approval_status_known", condition=models.Q(status__in=ApprovalStatus.values)),
            models.CheckConstraint(
                name="approval_decided_has_time",
                condition=models.Q(status="pending") | models.Q(decided_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "expires_at"], name="approval_waiting", condition=models.Q(status="pending")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tool_name} {self.call_id} {self.status}"

    @property
    def is_pending(self) -> bool:
        return self.status == ApprovalStatus.PENDING

    @property
    def is_approved(self) -> bool:
        return self.status == ApprovalStatus.APPROVED

    @property
    def decided_by_name(self) -> str:
        return self.decided_by.display_name if self.decided_by else ""
