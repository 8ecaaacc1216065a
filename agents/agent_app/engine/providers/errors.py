"""What can go wrong with a provider, in words a builder understands. The provider's own message is quoted, never a key."""

from typing import Any, Literal

import orjson
from django.utils.translation import gettext as _

from config.lib import secrets

Kind = Literal["unreachable", "refused", "stalled", "cut", "malformed"]

_QUOTE = 500


class ProviderError(Exception):
    """A model call failed. ``kind`` says how, ``status`` is the provider's HTTP status where there was one."""

    def __init__(
        self, kind: Kind, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        """``provider_timeout`` for what took too long, else ``provider_error``."""
        return "provider_timeout" if self.kind == "stalled" else "provider_error"


def refused(provider: str, status: int, body: bytes, headers: Any) -> ProviderError:
    """An answer other than 200."""
    quoted = quote(body)
    advice = {
        401: _("Check the key of this provider."),
        403: _("The key may not use this model."),
        404: _("Check the model's name and the base URL."),
        429: _("Its rate limit or quota is reached. Wait, or use another key."),
    }.get(status, _("Try again, or choose another model."))
    text = _("%(provider)s refused the request (HTTP %(status)d): %(quoted)s %(advice)s") % {
        "provider": provider, "status": status, "quoted": quoted or _("it gave no reason."), "advice": advice,
    }  # fmt: skip
    try:
        retry_after = float(headers.get("Retry-After", ""))
    except ValueError:
        retry_after = None
    return ProviderError("refused", text, status=status, retry_after=retry_after)


def quote(body: bytes) -> str:
    """The message inside a provider's error body, of whatever form, shortened and without keys."""
    text = body.decode("utf-8", "replace").strip()
    try:
        words = message_of(orjson.loads(body)) or text
    except orjson.JSONDecodeError:
        words = "" if text.startswith("<") else text  # a proxy's HTML page says nothing to a person
    return secrets.redact(words)[:_QUOTE]


def message_of(document: Any) -> str:
    """``error.message``, ``error``, ``message`` or ``detail``: wherever this provider puts its words."""
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return ""
    error = document.get("error", document)
    if isinstance(error, str):
        return error
    if isinstance(error, dict):
        found = error.get("message") or error.get("detail") or error.get("code") or ""
        return found if isinstance(found, str) else str(found)
    return ""
