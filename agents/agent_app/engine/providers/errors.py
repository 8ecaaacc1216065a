"""What can go wrong with a provider, in words a builder understands. The provider's own message is quoted, never a key.

Each message says what happened, why, and what to do about it.
"""

import email.utils
import re
import time
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.engine.providers.endpoint import Endpoint
from config.lib import secrets

Kind = Literal["unreachable", "refused", "stalled", "cut", "malformed", "resting"]

_QUOTE = 500
_AGAIN = frozenset({408, 409, 425, 429, *range(500, 600)})


class ProviderError(Exception):
    """A model call failed. ``kind`` says how, ``status`` is the provider's HTTP status where there was one.

    ``shown``: a part of the answer had arrived, so asking again would begin another one.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        cause: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.retry_after = retry_after
        self.cause = cause or kind
        self.shown = False

    @property
    def code(self) -> str:
        """``provider_timeout`` for what took too long, else ``provider_error``."""
        return "provider_timeout" if self.kind == "stalled" else "provider_error"

    @property
    def passing(self) -> bool:
        """Whether the very same request may well succeed a moment later."""
        if self.cause == "quota":
            return False
        return self.kind in ("unreachable", "stalled", "cut") or (self.kind == "refused" and self.status in _AGAIN)

    @property
    def broken(self) -> bool:
        """Whether it speaks against the provider, rather than against what was asked of it or how often."""
        if self.kind == "refused":
            return self.status is not None and self.status >= 500
        return self.kind != "resting"


@dataclass(frozen=True, kw_only=True)
class _Cause:
    """Why a request is refused: recognised by the status, the words of the answer, or both."""

    name: str
    statuses: frozenset[int]  # empty: any
    words: re.Pattern[str] | None
    advice: Promise

    def fits(self, status: int, words: str) -> bool:
        return (not self.statuses or status in self.statuses) and (self.words is None or bool(self.words.search(words)))


def _cause(name: str, statuses: set[int], words: str, advice: Promise) -> _Cause:
    pattern = re.compile(words, re.IGNORECASE) if words else None
    return _Cause(name=name, statuses=frozenset(statuses), words=pattern, advice=advice)


_KEY = gettext_lazy("The key was not accepted. Check the key of this provider, or enter another one under Models.")
_MODEL = gettext_lazy("It does not know the model “%(model)s”. Check the model's name and the base URL.")
_CAUSES = (
    _cause("key", {401}, "", _KEY),
    _cause("key", {400, 403}, r"api[ _-]?key (not valid|is invalid|invalid)|(invalid|incorrect)[ _-]api[ _-]?key", _KEY),
    _cause(
        "quota", {400, 402, 403, 429}, r"insufficient[ _]quota|exceeded your current quota|credit balance|insufficient (balance|credits)",
        gettext_lazy("The account behind this key has no credit left. Top it up at the provider, or use another key."),
    ),
    _cause(
        "too_long", {400, 413, 422, 500},
        r"context[ _-](length|window|size)|maximum context|prompt is too long|too many (input )?tokens|too large for model|"
        r"(input|prompt) (tokens|length|token count) .{0,40}exceed|exceeds the (maximum|available)",
        gettext_lazy(
            "The prompt is longer than this model can read. Shorten the instructions or the conversation, or choose a model with a "
            "larger context window."
        ),
    ),
    _cause(
        "tools", {400, 404, 422, 501},
        r"(not|n't) support(ed)? (the )?(use of )?(tool|function)|support tool use|"
        r"tools? (is|are|calling is) not (supported|available)|tool-call-parser",
        gettext_lazy(
            "This model cannot call tools. Take the agent's tools and handoffs away, or choose a model that calls tools."
        ),
    ),
    _cause("model", {404}, "", _MODEL),
    _cause(
        "model", {400, 403, 422},
        r"model[ _]not[ _]found|(unknown|invalid|no such) model|model .{0,120}(not exist|not found)|not a valid model", _MODEL,
    ),
    _cause(
        "forbidden", {403}, "",
        gettext_lazy("The key may not use this model. Ask for access at the provider, or choose another model."),
    ),
    _cause("rate", {429}, "", gettext_lazy("Its rate limit or quota is reached. Wait, or use another key.")),
    _cause(
        "down", {408, *range(500, 600)}, "",
        gettext_lazy("It is down or overloaded. Try again later, or give the agent a fallback model."),
    ),
    _cause(
        "rejected", set(), "",
        gettext_lazy("It did not accept something in the request. Check the agent's model settings, or choose another model."),
    ),
)  # fmt: skip


def refused(endpoint: Endpoint, status: int, body: bytes, headers: Any) -> ProviderError:
    """An answer other than 200."""
    body = endpoint.redacted(body)
    cause = next(cause for cause in _CAUSES if cause.fits(status, body.decode("utf-8", "replace")))
    text = _("%(provider)s refused the request (HTTP %(status)d): %(quoted)s %(advice)s") % {
        "provider": endpoint.provider, "status": status, "quoted": _ended(quote(body)) or _("it gave no reason."),
        "advice": str(cause.advice).replace("%(model)s", endpoint.model),
    }  # fmt: skip
    return ProviderError("refused", text, status=status, retry_after=retry_after(headers), cause=cause.name)


def broke_off(endpoint: Endpoint, document: Any, status: int | None = None) -> ProviderError:
    """An error inside an answer that had begun well."""
    if not isinstance(document, dict) or not document.get("error"):
        return malformed(endpoint.provider)
    body = endpoint.redacted(orjson.dumps(document))
    error = document["error"]
    code = error.get("code") if isinstance(error, dict) else None
    status = status or (code if isinstance(code, int) and 400 <= code < 600 else None)
    text = _("%(provider)s broke off with an error: %(quoted)s") % {
        "provider": endpoint.provider,
        "quoted": quote(body),
    }
    cause = next((each for each in _CAUSES if status and each.fits(status, body.decode("utf-8", "replace"))), None)
    if cause is not None:
        text = f"{text} {str(cause.advice).replace('%(model)s', endpoint.model)}"
    return ProviderError("refused", text, status=status, cause=cause.name if cause else "")


def _ended(words: str) -> str:
    """A quotation that ends like a sentence: advice follows it."""
    return f"{words}." if words and words[-1] not in ".!?…" else words


def unreachable(provider: str, why: str) -> ProviderError:
    text = _(
        "%(provider)s cannot be reached: %(why)s. Check the base URL and that something answers there, or give the agent a "
        "fallback model."
    ) % {"provider": provider, "why": why.rstrip(".")}
    return ProviderError("unreachable", text)


def why_not_connected(error: aiohttp.ClientConnectorError) -> str:
    """In words that do not need a programmer."""
    where = {"host": error.host, "port": error.port}
    if isinstance(error.os_error, ConnectionRefusedError):
        return _("nothing answers at %(host)s:%(port)s") % where
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _("the name %(host)s is not known") % where
    return error.strerror or str(error)


def cut(provider: str) -> ProviderError:
    text = _(
        "%(provider)s ended the connection before the answer was complete. Try again; where it happens often, give the agent a "
        "fallback model."
    )
    return ProviderError("cut", text % {"provider": provider})


def stalled(provider: str) -> ProviderError:
    text = _("%(provider)s stopped answering. Try again, or give the agent a fallback model.") % {"provider": provider}
    return ProviderError("stalled", text)


def malformed(provider: str) -> ProviderError:
    text = _("%(provider)s sent something that is not an answer of its kind. Check the provider's type and base URL.")
    return ProviderError("malformed", text % {"provider": provider})


def endless(provider: str) -> ProviderError:
    text = _("%(provider)s sent an answer without end; it was stopped.") % {"provider": provider}
    return ProviderError("malformed", text)


def retry_after(headers: Any) -> float | None:
    """Seconds, from ``Retry-After`` in either of its forms."""
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        moment = email.utils.parsedate_tz(value)
        seconds = email.utils.mktime_tz(moment) - time.time() if moment else -1.0
    return seconds if 0 <= seconds < 86_400 else None


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
