"""Append-only records of the whole product. They keep plain ids: what they tell must outlive the objects."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from community.models.base import Record
from config.lib.ids import uuid7


class AuditEntry(models.Model):
    """Who did what, when, to which object. Written once; a database trigger refuses changes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    workspace_id = models.UUIDField(null=True)
    actor_id = models.UUIDField(null=True)
    token_id = models.UUIDField(null=True, help_text="The API token that acted for the actor.")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.UUIDField(null=True)
    ip = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["workspace_id", "-id"], name="audit_workspace")]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"


class IdempotencyRecord(Record):
    """The first answer to a POST with an ``Idempotency-Key``, for 24 hours."""

    workspace_id = models.UUIDField()
    actor_id = models.UUIDField()
    path = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    body_digest = models.CharField(max_length=64)
    object_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "actor_id", "path", "key"], name="idempotency_unique")
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return f"{self.path} {self.key}"
