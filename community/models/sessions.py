"""Sign-ins of programs."""

from django.db import models

from community.models.base import Record
from config.lib.ids import uuid7


class RefreshFamily(Record):
    """All refresh tokens that descend from one sign-in.

    Only ``current`` may be used, once; it is then replaced. When an older one comes back somebody has stolen it, and the
    whole family is revoked.
    """

    user = models.ForeignKey("community.User", on_delete=models.CASCADE, related_name="refresh_families")
    current = models.UUIDField(default=uuid7)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "refresh families"
        indexes = [models.Index(fields=["expires_at"], name="refresh_family_expiry")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.id}"
