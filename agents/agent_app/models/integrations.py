"""Integrations: one credential for a group of tools."""

from typing import Self

from django.db import models

from community.models import WorkspaceQuerySet, WorkspaceRecord


class IntegrationQuerySet(WorkspaceQuerySet["Integration"]):
    def search(self, text: str) -> Self:
        """Integrations with every word of ``text`` in their name or description."""
        rows = self
        for word in text.split():
            rows = rows.filter(models.Q(name__icontains=word) | models.Q(description__icontains=word))
        return rows


class Integration(WorkspaceRecord):
    """How the tools that name it say who they are at one host. Its secrets are changed here, for all of them at once.

    ``params`` are ``url`` and ``auth`` (see ``tools/integration.py``), without the secrets: those lie in the credential.
    """

    name = models.CharField(max_length=64)
    description = models.CharField(max_length=500, blank=True)
    params = models.JSONField(default=dict)
    credential_id = models.UUIDField(null=True, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")
    updated_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")

    objects = IntegrationQuerySet.as_manager()  # type: ignore[misc]  # more than the base class's

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="integration_name_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return str(self.params.get("url") or "")
