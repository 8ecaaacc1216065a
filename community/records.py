"""The writer behind ``config.lib.audit``: entries are rows here, and the database refuses to change them."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from community.models import AuditEntry
from config.lib import audit, secrets

_SECRET_WORDS = ("password", "secret", "token", "api_key", "apikey", "authorization", "cookie", "credential")


def write(entry: audit.Entry) -> None:
    """Store ``entry`` in the caller's transaction. What looks like a secret is left out even where a caller forgot to."""
    AuditEntry.objects.create(
        action=entry.action,
        actor_id=entry.actor_id,
        token_id=entry.token_id,
        workspace_id=entry.workspace_id,
        object_type=entry.object_type,
        object_id=entry.object_id,
        ip=_address(entry.ip),
        request_id=entry.request_id,
        before=_without_secrets(entry.before),
        after=_without_secrets(entry.after),
    )


def _address(text: str | None) -> str | None:
    """``text`` where it is an address at all: behind proxies it comes from a header."""
    try:
        return str(ip_address(text)) if text else None
    except ValueError:
        return None


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            str(name): "[redacted]" if str(name).lower().endswith(_SECRET_WORDS) else _without_secrets(part)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(part) for part in value]
    return secrets.redact(value) if isinstance(value, str) else value
