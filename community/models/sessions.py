"""Sign-ins: of browsers, and of programs."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from community.models.base import Record
from config.lib.ids import uuid7

AGENT_LENGTH = 300


class RefreshFamilies(models.QuerySet["RefreshFamily"]):
    def alive(self) -> "RefreshFamilies":
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class RefreshFamily(Record):
    """The sign-in of a program: all refresh tokens that descend from it.

    Only ``current`` may be used, once; it is then replaced. When an older one comes back somebody has stolen it, and the
    whole family is revoked. Access tokens name their family as well, and end with it.
    """

    user = models.ForeignKey("community.User", on_delete=models.CASCADE, related_name="refresh_families")
    current = models.UUIDField(default=uuid7)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=AGENT_LENGTH, blank=True)
    last_seen_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, help_text=_("When the person last showed that it is them."))

    objects = RefreshFamilies.as_manager()

    class Meta:
        verbose_name_plural = "refresh families"
        indexes = [models.Index(fields=["expires_at"], name="refresh_family_expiry")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.id}"


class BrowserSession(Record):
    """The sign-in of a browser: what its person is shown of Django's session, which knows neither place nor device."""

    user = models.ForeignKey("community.User", on_delete=models.CASCADE, related_name="browser_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=AGENT_LENGTH, blank=True)
    last_seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user_id} {self.id}"
