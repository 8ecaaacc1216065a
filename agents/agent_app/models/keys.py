"""Keys for providers: pools of a workspace, and a person's own."""

from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agent_app.provider_types import LABELS, SEARCH_TYPES
from community.models import WorkspaceQuerySet, WorkspaceRecord
from config.lib import secrets

POOL_PURPOSE = "provider_key.key"


class KeyScope(models.TextChoices):
    USER = "user", _("Mine")
    WORKSPACE = "workspace", _("The workspace's")


class KeyPurpose(models.TextChoices):
    MODEL = "model", _("Models")
    TRACING = "tracing", _("Tracing")
    SEARCH = "search", _("Web search")


TRACING_TYPE = "openai"  # whose keys can be for tracing


class ProviderKeyQuerySet(WorkspaceQuerySet["ProviderKey"]):
    def of_workspace(self) -> Self:
        return self.filter(scope=KeyScope.WORKSPACE)

    def seen_by(self, user_id: UUID) -> Self:
        """The workspace's, and the person's own: nobody else's."""
        return self.filter(Q(scope=KeyScope.WORKSPACE) | Q(owner_id=user_id))


class ProviderKey(WorkspaceRecord):
    """One key, encrypted. A workspace's keys of a type (or of one of its providers) are a pool, used in their order.

    A person's own key serves the runs that this person starts in this workspace, and no others.
    """

    type = models.CharField(
        max_length=20, choices=[*LABELS, *((slug, found.label) for slug, found in SEARCH_TYPES.items())]
    )
    provider = models.ForeignKey(
        "agents.Provider", null=True, blank=True, on_delete=models.CASCADE, related_name="keys",
        help_text=_("Only for this one; empty: for the type's own address."),
    )  # fmt: skip
    scope = models.CharField(max_length=10, choices=KeyScope.choices)
    owner = models.ForeignKey(
        "community.User",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("Of a person's own key."),
    )
    purpose = models.CharField(max_length=10, choices=KeyPurpose.choices, default=KeyPurpose.MODEL)
    name = models.CharField(max_length=60, blank=True)
    position = models.PositiveIntegerField(default=0, help_text=_("The smaller one is used first."))
    enabled = models.BooleanField(default=True)
    key_encrypted = models.TextField(editable=False)
    key_hint = models.CharField(max_length=12, editable=False)
    tested_at = models.DateTimeField(null=True, blank=True, editable=False)
    test_error = models.CharField(max_length=600, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by_id = models.UUIDField(null=True, editable=False)

    objects = ProviderKeyQuerySet.as_manager()  # type: ignore[misc]  # more than the base class's

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="provider_key_owner",
                condition=Q(scope=KeyScope.USER, owner__isnull=False) | Q(scope=KeyScope.WORKSPACE, owner=None),
            )
        ]
        indexes = [models.Index(fields=["workspace", "type"], name="provider_key_pool")]

    def __str__(self) -> str:
        return self.name or self.key_hint

    def set_key(self, key: str) -> None:
        self.key_encrypted = secrets.encrypt(key, purpose=POOL_PURPOSE)
        self.key_hint = secrets.hint(key)

    @property
    def key(self) -> str:
        return secrets.decrypt(self.key_encrypted, purpose=POOL_PURPOSE)
