"""Files that people and runs have put into a workspace. What they hold lies in the file storage, under ``key``."""

from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from community.models.base import WorkspaceQuerySet, WorkspaceRecord


class FileStatus(models.TextChoices):
    """What the virus scanner said. ``skipped``: none is configured here."""

    PENDING = "pending", _("Being checked")
    CLEAN = "clean", _("Clean")
    INFECTED = "infected", _("Infected")
    SKIPPED = "skipped", _("Not checked")


class FileQuerySet(WorkspaceQuerySet["StoredFile"]):
    def kept(self) -> Self:
        """Files as people see them: wholly stored and not deleted."""
        return self.filter(deleted_at=None, stored_at__isnull=False)

    def counted(self, workspace_id: UUID) -> Self:
        """What fills a workspace's room: also what is being stored right now."""
        return self.in_workspace(workspace_id).filter(deleted_at=None)

    def search(self, text: str) -> Self:
        return self.filter(name__icontains=text) if text else self

    def to_scan(self, before: datetime) -> Self:
        """Stored files that nobody has told to be clean, and whose turn it is again."""
        return self.kept().filter(status=FileStatus.PENDING, updated_at__lt=before)

    def to_remove(self, unfinished_before: datetime) -> Self:
        """Rows whose object must go: deleted ones, and uploads that ended in the middle."""
        unfinished = models.Q(stored_at=None, created_at__lt=unfinished_before)
        return self.filter(models.Q(deleted_at__isnull=False) | unfinished)


class StoredFile(WorkspaceRecord):
    """One file. The row is written before its object and removed after it, so no object is ever without a row."""

    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    mime = models.CharField(max_length=127)
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=FileStatus.choices, default=FileStatus.PENDING)
    verdict = models.CharField(max_length=200, blank=True, help_text=_("What the scanner found."))
    key = models.CharField(max_length=120, unique=True, help_text=_("Where the storage keeps it."))
    uploader = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")
    stored_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    objects = FileQuerySet.as_manager()  # type: ignore[misc]  # more than the base class's

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="file_recent"),
            models.Index(
                fields=["updated_at"],
                name="file_unsettled",
                condition=models.Q(status="pending") | models.Q(deleted_at__isnull=False) | models.Q(stored_at=None),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=FileStatus.values), name="file_status_known")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def downloadable(self) -> bool:
        return self.status in (FileStatus.CLEAN, FileStatus.SKIPPED)
