"""Credentials: the secrets of tools. Tools, versions and exports hold the id of one, and nothing else of it."""

from typing import Any

import orjson
from django.db import models
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceRecord
from config.lib import secrets

VALUES_PURPOSE = "credential.values"
TOKENS_PURPOSE = "credential.tokens"


class Credential(WorkspaceRecord):
    """The secret values of one tool (or of a group of them), encrypted together, each by its place in the tool's params.

    They are sent to ``audience`` only: whoever may change a tool's address is not sent the secret that somebody else entered
    for another one. ``tokens`` is what an authorization server has given for them.
    """

    kind = models.CharField(max_length=40, help_text=_("The type of tool that it was entered for."))
    audience = models.CharField(max_length=600, blank=True, help_text=_("The origin it may be sent to. Empty: any."))
    config = models.JSONField(default=dict, blank=True, help_text=_("What is said beside them to get tokens for them."))
    values_encrypted = models.TextField(editable=False)
    hints = models.JSONField(default=dict, editable=False, help_text=_("What may be shown of each, by its place."))
    tokens_encrypted = models.TextField(blank=True, editable=False)
    tokens_expire_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by_id = models.UUIDField(null=True, editable=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.audience}".strip()

    def set_values(self, values: dict[str, str]) -> None:
        """Keep these instead of the old ones; what was given for the old ones goes with them."""
        text = orjson.dumps(values).decode()
        self.values_encrypted = secrets.encrypt(text, purpose=VALUES_PURPOSE)
        self.hints = {path: secrets.hint(value) for path, value in values.items()}
        self.set_tokens({})
        self.tokens_expire_at = None

    @property
    def values(self) -> dict[str, str]:
        """Raises DecryptionError."""
        found: dict[str, str] = orjson.loads(secrets.decrypt(self.values_encrypted, purpose=VALUES_PURPOSE))
        return found

    def set_tokens(self, tokens: dict[str, Any]) -> None:
        text = orjson.dumps(tokens).decode() if tokens else ""
        self.tokens_encrypted = secrets.encrypt(text, purpose=TOKENS_PURPOSE) if text else ""

    @property
    def tokens(self) -> dict[str, Any]:
        """Raises DecryptionError."""
        if not self.tokens_encrypted:
            return {}
        found: dict[str, Any] = orjson.loads(secrets.decrypt(self.tokens_encrypted, purpose=TOKENS_PURPOSE))
        return found
