"""What rows have in common. Every row that belongs to a workspace carries its key, so that no query can forget it."""

from typing import Self, TypeVar
from uuid import UUID

from django.db import models

from config.lib.ids import uuid7


class Record(models.Model):
    """A row with a time-ordered id and the times it was made and last changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


M = TypeVar("M", bound=models.Model)


class WorkspaceQuerySet(models.QuerySet[M]):
    def in_workspace(self, workspace_id: UUID) -> Self:
        """Only the rows of one workspace: the first filter of every read that serves a person or a program."""
        return self.filter(workspace_id=workspace_id)


class WorkspaceRecord(Record):
    """A row that belongs to one workspace."""

    workspace = models.ForeignKey("community.Workspace", on_delete=models.CASCADE, related_name="+")

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        abstract = True
