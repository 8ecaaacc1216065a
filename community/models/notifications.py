"""What people are told, how they want to be told, and what they have put aside."""

from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from community.models.base import Record


class NotificationKind(models.TextChoices):
    COMMENT = "comment", _("Comments on what I shared")
    REVIEW = "review", _("Reviews of what I shared")
    REACTION = "reaction", _("Reactions")
    FOLLOW = "follow", _("New followers")
    MESSAGE = "message", _("Direct messages")
    MENTION = "mention", _("Mentions of me")
    APPROVAL = "approval", _("Approvals that wait for me")
    RUN_FAILED = "run_failed", _("Runs of mine that failed")
    BUDGET = "budget", _("Budgets that are nearly used up")
    CREDIT = "credit", _("Credits and payments")
    INVITATION = "invitation", _("Invitations to workspaces")
    MODERATION = "moderation", _("Moderation")


class Channel(models.TextChoices):
    IN_APP = "in_app", _("In Troupe")
    EMAIL = "email", _("E-mail")
    DIGEST = "digest", _("Daily summary")


class Delivery(models.TextChoices):
    """How far a mail is."""

    NONE = "none", _("Not wanted")
    DUE = "due", _("Due")
    SENT = "sent", _("Sent")


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of(self, user_id: UUID) -> Self:
        """What a person finds under the bell; what they turned off in the app is not there."""
        return self.filter(user_id=user_id, in_app=True)

    def shown(self, now: datetime | None = None) -> Self:
        """Without what is put aside until later."""
        return self.filter(models.Q(snoozed_until=None) | models.Q(snoozed_until__lte=now or timezone.now()))

    def in_workspace(self, workspace_id: UUID) -> Self:
        """What is about this workspace, or about none."""
        return self.filter(models.Q(workspace_id=workspace_id) | models.Q(workspace_id=None))

    def search(self, text: str) -> Self:
        return self.filter(models.Q(title__icontains=text) | models.Q(text__icontains=text)) if text else self

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notification(Record):
    """One thing that one person is told. ``key`` names the fact: telling it twice is telling it once."""

    user = models.ForeignKey("community.User", on_delete=models.CASCADE, related_name="notifications")
    workspace = models.ForeignKey("community.Workspace", null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=NotificationKind.choices)
    key = models.CharField(max_length=160)
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=500, blank=True)
    url = models.CharField(max_length=300)
    in_app = models.BooleanField(default=True)
    email = models.CharField(max_length=4, choices=Delivery.choices, default=Delivery.NONE)
    digest = models.CharField(max_length=4, choices=Delivery.choices, default=Delivery.NONE)
    read_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="notification_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=NotificationKind.values), name="notification_kind_known"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_recent"),
            models.Index(fields=["user"], name="notification_unread", condition=models.Q(read_at=None, in_app=True)),
            models.Index(fields=["created_at"], name="notification_mail_due", condition=models.Q(email="due")),
            models.Index(fields=["user"], name="notification_digest_due", condition=models.Q(digest="due")),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def read(self) -> bool:
        return self.read_at is not None


class NotificationPreference(Record):
    """A person's own choice for a kind and a channel; where there is none, the default of ``community.notifications`` holds."""

    user = models.ForeignKey("community.User", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=NotificationKind.choices)
    channel = models.CharField(max_length=6, choices=Channel.choices)
    enabled = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "channel"], name="notification_preference_unique"),
            models.CheckConstraint(
                condition=models.Q(kind__in=NotificationKind.values, channel__in=Channel.values),
                name="notification_preference_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.channel}"


class InboxDismissal(Record):
    """A person has put an inbox item away. ``item_id`` is the id of whatever it was about."""

    user = models.ForeignKey("community.User", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    item_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "item_id"], name="inbox_dismissal_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.item_id}"
