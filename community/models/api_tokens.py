"""API tokens: how programs act in a workspace."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from community.models.base import WorkspaceQuerySet, WorkspaceRecord


class ApiTokenQuerySet(WorkspaceQuerySet["ApiToken"]):
    def search(self, text: str) -> Self:
        """By name only: what a token begins with is refused in addresses."""
        return self.filter(name__icontains=text) if text else self

    def usable(self) -> Self:
        """Neither revoked nor expired. The maker's membership decides as well, when the token is used."""
        alive = models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now())
        return self.filter(alive, revoked_at=None)


class ApiToken(WorkspaceRecord):
    """Acts for its maker in one workspace: what the scopes name, as far as the maker's role there allows it.

    Only a keyed digest of the token is stored. It ends when it expires, is revoked, or its maker is no member any more.
    """

    user = models.ForeignKey("community.User", on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, help_text="What may be shown of it.")
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=30))
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()  # type: ignore[misc]  # more of the same than the base has

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} {self.prefix}…"

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
