"""HTTP manners shared by REST framework's views and by our plain async views: JSON, errors, throttling.

REST framework's views cannot be async and answer 406 to ``text/event-stream``, so what waits or streams is a plain async
view. Both kinds authenticate with the same classes, fail with the same documents and are throttled by the same counters.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, parsers, renderers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from config.lib import errors, logs, redis
from config.lib.callers import client_ip, network
from config.lib.errors import AppError

if TYPE_CHECKING:  # rest_framework.views loads the classes below by name while it is being imported
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)

# A number that may be too large, or text that looks like one.
_LARGE = re.compile(rb"\d{18}|[eE]\+?\d\d")

AsyncView = Callable[..., Awaitable[HttpResponseBase]]


# JSON


class JSONRenderer(renderers.JSONRenderer):
    """JSON by orjson: several times faster than the standard library's, and it knows dates and UUIDs."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else dumps(data)


class JSONParser(parsers.JSONParser):
    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return parse_json(stream.read())


def dumps(data: Any) -> bytes:
    try:
        return orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:  # an integer beyond 64 bits, of a model's answer
        return json.dumps(data, default=str).encode()


MAX_DEPTH = 200  # what is nested deeper could be read, but not written out again


def parse_json(body: bytes) -> Any:
    """The JSON in ``body``; nothing is an empty object. Raises InvalidInput, also for what could not be written again, and what
    PostgreSQL cannot store or gives back as another value: it writes large floating point numbers out as integers that no JSON
    of ours can hold."""
    try:
        data = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError as error:
        raise errors.InvalidInput(_("The body is not valid JSON: %(why)s.") % {"why": error}) from error
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(data) > MAX_DEPTH:
        raise errors.InvalidInput(_("The value is nested too deeply."))
    if b"\\u0000" in body and any(isinstance(leaf, str) and "\0" in leaf for leaf in _leaves(data)):
        raise errors.InvalidInput(_("The body holds a null character (\\u0000)."))
    if _LARGE.search(body) and any(isinstance(leaf, float) and abs(leaf) >= 2**63 for leaf in _leaves(data)):
        raise errors.InvalidInput(_("The body holds a number beyond 64 bits."))
    return data


def _depth(data: Any) -> int:
    """How many lists and objects lie within each other. Level by level, for the same reason as below."""
    level, depth = [data], 0
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [part for each in level for part in (each.values() if isinstance(each, dict) else each)]
    return depth


def _leaves(data: Any) -> Iterator[str | float]:
    """All text and numbers in ``data``, names and values. A loop: what is nested deeply must not exhaust the stack."""
    left = [data]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            left += [*part, *part.values()]
        elif isinstance(part, list):
            left += part
        elif isinstance(part, str | float):
            yield part


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The request's body as a JSON object. Raises UnsupportedMediaType or InvalidInput."""
    if request.body and request.content_type != "application/json":
        raise errors.UnsupportedMediaType(_("Send application/json."))
    data = parse_json(request.body)
    if not isinstance(data, dict):
        raise errors.InvalidInput(_("The body must be a JSON object."))
    return data


def json_response(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(dumps(data), status=status, content_type="application/json", headers=headers)


# Errors


def _messages(detail: Any) -> list[str]:
    if isinstance(detail, list | tuple):
        return [message for part in detail for message in _messages(part)]
    if isinstance(detail, dict):
        return [f"{key}: {message}" for key, part in detail.items() for message in _messages(part)]
    return [str(detail)]


def _from_rest_framework(error: exceptions.APIException) -> AppError:
    if isinstance(error, exceptions.ValidationError):
        detail = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
        return errors.InvalidInput(
            _("Some fields are not valid."), errors={str(field): _messages(part) for field, part in detail.items()}
        )
    if isinstance(error, exceptions.Throttled):
        return too_many(getattr(error, "wait", None))
    by_status: dict[int, type[AppError]] = {
        400: errors.InvalidInput, 401: errors.Unauthenticated, 403: errors.Forbidden, 404: errors.NotFound,
        405: errors.MethodNotAllowed, 406: errors.NotAcceptable, 413: errors.TooLarge, 415: errors.UnsupportedMediaType,
    }  # fmt: skip
    kind = by_status.get(error.status_code, AppError)
    return kind(
        " ".join(_messages(error.detail)), headers={"WWW-Authenticate": "Bearer"} if kind.status == 401 else None
    )


def as_app_error(error: Exception) -> AppError | None:
    """What ``error`` means to the caller, or None for what is a fault of ours."""
    match error:
        case AppError():
            return error
        case exceptions.APIException():
            return _from_rest_framework(error)
        case Http404():
            return errors.NotFound()
        case RequestDataTooBig():
            return errors.TooLarge()
        case SuspiciousOperation():  # too many fields or files, a malformed host …
            return errors.InvalidInput()
        case PermissionDenied():
            return errors.Forbidden()
        case ValidationError():
            if hasattr(error, "error_dict"):
                return errors.InvalidInput(_("Some fields are not valid."), errors=error.message_dict)
            return errors.InvalidInput(" ".join(error.messages))
    return None


def problem_document(error: AppError) -> dict[str, Any]:
    return error.problem() | {"request_id": logs.request_id.get()}


def problem_response(error: AppError) -> HttpResponse:
    response = json_response(problem_document(error), status=error.status, headers=error.headers)
    response["Content-Type"] = "application/problem+json"
    return response


def server_error_response() -> HttpResponse:
    document = {
        "type": errors.type_base + "server-error", "title": _("Something broke on our side"), "status": 500, "code": "server_error",
        "detail": _("The error was recorded. Try again; if it stays, tell us the request id."), "errors": {},
        "request_id": logs.request_id.get(),
    }  # fmt: skip
    response = json_response(document, status=500)
    response["Content-Type"] = "application/problem+json"
    return response


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | HttpResponse | None:
    """REST framework's ``EXCEPTION_HANDLER``."""
    if (app_error := as_app_error(error)) is not None:
        return problem_response(counted(context["request"]._request, app_error))
    logger.error("unhandled error", exc_info=error)
    return None if settings.DEBUG_PROPAGATE_EXCEPTIONS else server_error_response()


def too_many(wait: float | None) -> errors.Throttled:
    seconds = max(1, round(wait or 1))
    return errors.Throttled(
        _("Too many requests. Try again in %(seconds)d s.") % {"seconds": seconds},
        headers={"Retry-After": str(seconds)},
    )


# Throttling: one counter a minute and caller, shared by every process

_COUNTED = "troupe.counted"


def throttle_caller(scope: str, request: HttpRequest, limit: int) -> None:
    """``throttle`` by where ``request`` comes from."""
    throttle(scope, network(client_ip(request)), limit)


def throttle(scope: str, who: str, limit: int) -> None:
    """Count one request of ``who`` in ``scope``; raises Throttled past ``limit`` a minute (0: no limit).

    Without Valkey nothing is counted: a lost counter must not close the house.
    """
    if limit and (wait := redis.count_in_window(f"throttle:{scope}:{who}", limit=limit, seconds=60)):
        raise too_many(wait)


def throttle_api(request: HttpRequest, caller: str | None) -> None:
    """The general limit: per signed-in caller, else per address."""
    request.META[_COUNTED] = True
    if caller:
        throttle("api", caller, settings.THROTTLE_API)
    else:
        throttle_caller("anonymous", request, settings.THROTTLE_ANONYMOUS)


def counted(request: HttpRequest, error: AppError) -> AppError:
    """``error``, or that there are too many where a request was refused before it was counted: guessing tokens has a limit."""
    if error.status == 401 and not request.META.get(_COUNTED):
        try:
            throttle_api(request, None)
        except errors.Throttled as too_often:
            return too_often
    return error


class ApiThrottle(BaseThrottle):
    """The general limit, for REST framework's views."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        throttle_api(request._request, caller_key(request.user, request.auth))
        return True


def caller_key(user: Any, auth: Any) -> str | None:
    """Whose counter a request is on: a token's own where there is one (``auth.throttle_key``), else the person's."""
    if user is None or not user.is_authenticated:
        return None
    return getattr(auth, "throttle_key", None) or f"user:{user.pk}"


# Plain async views


def _authenticators() -> list[Any]:
    classes: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES  # the settings object imports what the names say
    return [each() for each in classes]


def authenticate(request: HttpRequest) -> tuple[Any, Any]:
    """``(user, auth)`` by REST framework's default authenticators. Raises Unauthenticated. Runs queries: call it off the loop."""
    _body = request.body  # read now: the session's CSRF check below would leave nothing of the stream for the view
    wrapped = Request(request, parsers=[JSONParser()], authenticators=_authenticators())
    try:
        user, auth = wrapped.user, wrapped.auth
    except exceptions.APIException as error:
        raise counted(request, _from_rest_framework(error)) from error
    except errors.Unauthenticated as error:
        raise counted(request, error) from error
    throttle_api(request, caller_key(user, auth))
    if user is None or not user.is_authenticated:
        raise errors.Unauthenticated(_("Send an access token, or sign in."), headers={"WWW-Authenticate": "Bearer"})
    return user, auth


def async_api(*methods: str, schema: type[APIView]) -> Callable[[AsyncView], AsyncView]:
    """Make an async function an API endpoint: its methods, errors as problem documents, CSRF left to the authenticator.

    ``schema`` is a view class that only describes the endpoint; drf-spectacular finds it as ``view.cls``.
    """

    def decorate(view: AsyncView) -> AsyncView:
        @functools.wraps(view)
        async def endpoint(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                if request.method not in methods:
                    raise errors.MethodNotAllowed(headers={"Allow": ", ".join(methods)})
                return await view(request, *args, **kwargs)
            except Exception as error:
                app_error = as_app_error(error)
                if app_error is None:
                    logger.exception("unhandled error")
                    return server_error_response()
                return problem_response(app_error)

        endpoint.cls = schema  # type: ignore[attr-defined]
        endpoint.initkwargs = {}  # type: ignore[attr-defined]
        return csrf_exempt(endpoint)

    return decorate


def digest(data: Any) -> str:
    """A fingerprint of a parsed body: the same for the same content, whatever the order of keys."""
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
