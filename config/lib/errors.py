"""One family of errors. Services raise them; each interface (API, page, socket) maps them once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

type_base = "https://troupe.dev/problems/"

Text = str | Promise


class AppError(Exception):
    """An error a person or a program can act on.

    ``code`` is stable and machine-readable, ``title`` short, ``detail`` says what happened and what to do. ``extra`` holds
    more members of the problem document (RFC 9457), ``errors`` messages by field, ``headers`` more HTTP headers.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid"
    title: ClassVar[Text] = _("The request is not valid")

    def __init__(
        self,
        detail: Text = "",
        *,
        code: str | None = None,
        errors: Mapping[str, Sequence[Text]] | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = str(detail or self.title)
        self.error_code = code or self.code
        self.errors = {field: [str(message) for message in messages] for field, messages in (errors or {}).items()}
        self.headers = dict(headers or {})
        self.extra = extra

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 document, without ``request_id`` (which the interface adds)."""
        document: dict[str, Any] = {
            "type": type_base + self.error_code.replace("_", "-"),
            "title": str(self.title),
            "status": self.status,
            "detail": self.detail,
            "code": self.error_code,
            "errors": self.errors,
        }
        return document | self.extra


class InvalidInput(AppError):
    pass


class Unauthenticated(AppError):
    status = 401
    code = "unauthenticated"
    title = _("Sign in first")


class NotEnoughCredits(AppError):
    status = 402
    code = "credits"
    title = _("Not enough credits")


class PlanLimitReached(AppError):
    status = 402
    code = "plan_limit"
    title = _("Your plan does not go that far")


class Forbidden(AppError):
    status = 403
    code = "forbidden"
    title = _("Your role does not allow this")


class NotFound(AppError):
    """Also for what belongs to another workspace: the two must not be told apart."""

    status = 404
    code = "not_found"
    title = _("Not found")


class MethodNotAllowed(AppError):
    status = 405
    code = "method_not_allowed"
    title = _("This method is not allowed here")


class NotAcceptable(AppError):
    status = 406
    code = "not_acceptable"
    title = _("No acceptable representation")


class Conflict(AppError):
    status = 409
    code = "conflict"
    title = _("The object is in another state than you expect")


class Gone(AppError):
    """It was here, and was announced to end."""

    status = 410
    code = "gone"
    title = _("This is not offered any more")


class TooLarge(AppError):
    status = 413
    code = "too_large"
    title = _("The request is too large")


class UnsupportedMediaType(AppError):
    status = 415
    code = "unsupported_media_type"
    title = _("This content type is not understood here")


class Refused(AppError):
    """A guardrail or a capability check said no."""

    status = 422
    code = "capability"
    title = _("Refused")


class Throttled(AppError):
    status = 429
    code = "throttled"
    title = _("Too many requests")


class ProviderTrouble(AppError):
    status = 502
    code = "provider_error"
    title = _("The model provider did not answer as it should")


class ProviderTimeout(ProviderTrouble):
    status = 504
    code = "provider_timeout"
    title = _("The model provider did not answer in time")


class Unavailable(AppError):
    status = 503
    code = "unavailable"
    title = _("Not available right now")
