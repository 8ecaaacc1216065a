"""Outgoing mail by one address, ``EMAIL_URL``: ``console://``, ``memory://``, ``file:///directory``, ``smtp://…``, ``smtps://…``."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends import console, filebased, locmem, smtp
from django.core.mail.backends.base import BaseEmailBackend

SMTP_TIMEOUT = 10
_YES = ("1", "true", "yes", "on")


def backend(url: str, *, fail_silently: bool = False) -> BaseEmailBackend:
    """The backend that ``url`` names. Raises ImproperlyConfigured."""
    parts = urlsplit(url)
    match parts.scheme:
        case "console":
            return console.EmailBackend(fail_silently=fail_silently)
        case "memory":
            return locmem.EmailBackend(fail_silently=fail_silently)
        case "file" if parts.path:
            return filebased.EmailBackend(fail_silently=fail_silently, file_path=unquote(parts.path))
        case "smtp" | "smtps" if parts.hostname:
            encrypted = parts.scheme == "smtps"
            return smtp.EmailBackend(
                host=parts.hostname,
                port=parts.port or (465 if encrypted else 25),
                username=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                use_ssl=encrypted,
                use_tls=not encrypted and dict(parse_qsl(parts.query)).get("tls", "").lower() in _YES,
                timeout=SMTP_TIMEOUT,
                fail_silently=fail_silently,
            )
    raise ImproperlyConfigured(f"EMAIL_URL has no form that is understood (scheme {parts.scheme!r}).")


class EnvironmentBackend(BaseEmailBackend):
    def __init__(self, fail_silently: bool = False, **_options: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        self._inner = backend(settings.EMAIL_URL, fail_silently=fail_silently)

    def open(self) -> bool | None:
        return self._inner.open()

    def close(self) -> None:
        self._inner.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return self._inner.send_messages(email_messages)
