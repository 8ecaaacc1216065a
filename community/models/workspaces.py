"""Workspaces, and who belongs to them."""

from typing import Self
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from community.models.base import Record


class Role(models.TextChoices):
    """What a member is. From least to most; ``community.policies`` says what each may do."""

    VIEWER = "viewer", _("Viewer")
    EDITOR = "editor", _("Editor")
    ADMIN = "admin", _("Admin")
    OWNER = "owner", _("Owner")


class WorkspaceFilters(models.QuerySet["Workspace"]):
    def of(self, user_id: UUID) -> Self:
        """The open workspaces a person is a member of."""
        return self.filter(memberships__user_id=user_id, closed_at=None)

    def with_role_of(self, user_id: UUID) -> Self:
        """The same, each with the person's ``role``."""
        return self.of(user_id).annotate(role=models.F("memberships__role"))

    def search(self, text: str) -> Self:
        return self.filter(name__icontains=text) if text else self


class Workspace(Record):
    """Where agents, keys, files and credits live. Nothing leaves it unless someone shares it."""

    name = models.CharField(max_length=80)
    personal_of = models.OneToOneField(
        "community.User", null=True, blank=True, on_delete=models.PROTECT, related_name="personal_workspace"
    )
    email = models.EmailField(help_text=_("Where bills go."))
    closed_at = models.DateTimeField(null=True, blank=True)
    default_model = models.CharField(
        max_length=260,
        blank=True,
        help_text=_("What agents without a model of their own use. Checked by the app that knows models."),
    )
    credits_first = models.BooleanField(
        default=False, help_text=_("Use the site's own provider keys, for credits, before the workspace's.")
    )
    members = models.ManyToManyField("community.User", through="community.Membership", related_name="workspaces")

    objects = WorkspaceFilters.as_manager()

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def search(self, text: str, *, addresses: bool = False) -> Self:
        """By name and handle; by e-mail ``addresses`` only for those who may see them."""
        if not text:
            return self
        found = models.Q(user__name__icontains=text) | models.Q(user__handle__icontains=text)
        if addresses:
            found |= models.Q(user__email__icontains=text)
        return self.filter(found)


class Membership(Record):
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("community.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_unique"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.workspace_id}"
