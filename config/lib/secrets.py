"""Encryption of fields that must be readable again: provider keys, OAuth tokens, TOTP secrets, paused run state.

Fernet (AES-128-CBC with HMAC) is not enough for the promise of AES-256, therefore AES-256-GCM. The stored form is
``v1.<key id>.<base64 of nonce and ciphertext>``; the key id lets a key be rotated while old rows stay readable.
"""

import base64
import hashlib
import os
import re
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_KEY_SHAPED = re.compile(
    r"\b(?:sk|pk|rk|trp|hf|gsk|xai|key)[-_][A-Za-z0-9_\-]{12,}|\bAIza[A-Za-z0-9_\-]{20,}|(?i:bearer)\s+[A-Za-z0-9._\-]{12,}"
)


@dataclass(frozen=True)
class Column:
    """Where encrypted values lie: a field of a model, or with ``keys`` those members of a JSON field (text, or lists of it)."""

    model: str
    field: str
    purpose: str
    keys: tuple[str, ...] = ()


# Every column that holds encrypted values. Apps put theirs here when Django is ready; ``manage.py rotate_keys`` goes through them.
columns: list[Column] = []


def register(column: Column) -> None:
    if column not in columns:
        columns.append(column)


class DecryptionError(Exception):
    """The text was not encrypted by any key this process knows, or it was changed."""


@lru_cache
def _keys() -> dict[str, AESGCM]:
    """Every configured key by its id, the current one first."""
    keys: dict[str, AESGCM] = {}
    for text in settings.FIELD_ENCRYPTION_KEYS:
        raw = base64.urlsafe_b64decode(text)
        if len(raw) != 32:
            raise ImproperlyConfigured("FIELD_ENCRYPTION_KEY must be the URL-safe base64 of 32 bytes.")
        keys[hashlib.sha256(raw).hexdigest()[:8]] = AESGCM(raw)
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEY is not set.")
    return keys


def encrypt(text: str, *, purpose: str) -> str:
    """``text`` encrypted for ``purpose``; the same purpose must be given to read it, so a value cannot be moved elsewhere."""
    key_id, cipher = next(iter(_keys().items()))
    nonce = os.urandom(12)
    sealed = nonce + cipher.encrypt(nonce, text.encode(), purpose.encode())
    return f"v1.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def decrypt(stored: str, *, purpose: str) -> str:
    """The text behind ``stored``. Raises DecryptionError."""
    try:
        _version, key_id, body = stored.split(".")
        sealed = base64.urlsafe_b64decode(body)
        return _keys()[key_id].decrypt(sealed[:12], sealed[12:], purpose.encode()).decode()
    except (ValueError, KeyError, InvalidTag) as error:
        raise DecryptionError("This value cannot be decrypted with the configured keys.") from error


def is_current(stored: str) -> bool:
    """Whether ``stored`` was encrypted with the key that is used now."""
    return stored.startswith(current_prefix())


def current_prefix() -> str:
    """What every value begins with that was encrypted with the key that is used now."""
    return f"v1.{next(iter(_keys()))}."


def renew(stored: str, *, purpose: str) -> str:
    """The same text, encrypted with the key that is used now. Raises DecryptionError."""
    return stored if is_current(stored) else encrypt(decrypt(stored, purpose=purpose), purpose=purpose)


def hint(secret: str) -> str:
    """What may be shown of a secret: its last four characters, and nothing of a short one."""
    return f"…{secret[-4:]}" if len(secret) >= 12 else "…"


def redact(text: str) -> str:
    """``text`` without anything that looks like a key, for messages that come from outside (a provider's error)."""
    return _KEY_SHAPED.sub("[redacted]", text)
