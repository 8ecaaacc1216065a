"""Invitations into a workspace."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from community.models.base import WorkspaceQuerySet, WorkspaceRecord
from community.models.workspaces import Role


class InvitationQuerySet(WorkspaceQuerySet["Invitation"]):
    def open(self) -> Self:
        """Neither accepted nor revoked; they may have expired, and then wait to be sent again."""
        return self.filter(accepted_at=None, revoked_at=None)

    def search(self, text: str) -> Self:
        return self.filter(email__icontains=text) if text else self

    def untold(self, before: datetime) -> Self:
        """Open ones, sent before this moment, of which nobody has been told in the app."""
        rows = self.open().filter(told_at=None, sent_at__lt=before, expires_at__gt=timezone.now())
        return rows.filter(workspace__closed_at=None)


class Invitation(WorkspaceRecord):
    """A link, sent by e-mail, that makes the person of that address a member, once.

    Only a keyed digest of what stands in the link is stored: who reads the table can accept nothing.
    """

    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=10, choices=Role.choices)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")
    sent_at = models.DateTimeField()
    told_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When whoever has the address was told in the app.")
    )
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by_id = models.UUIDField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()  # type: ignore[misc]  # more of the same than the base has

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_open_once",
            ),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="invitation_email_lower"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role"),
        ]
        indexes = [
            models.Index(
                fields=["email"], name="invitation_by_address", condition=models.Q(accepted_at=None, revoked_at=None)
            ),
            models.Index(
                fields=["sent_at"],
                name="invitation_untold",
                condition=models.Q(accepted_at=None, revoked_at=None, told_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.role} {self.workspace_id}"

    @property
    def expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def is_open(self) -> bool:
        """Whether its link can be used now."""
        return self.accepted_at is None and self.revoked_at is None and not self.expired
