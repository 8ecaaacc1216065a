"""Middleware that brackets every request. Both kinds stay on the event loop where the server is asynchronous."""

import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _

from community.access import known_actor
from config import problems
from config.lib import audit, logs
from config.lib.callers import client_ip
from config.lib.db import in_db
from config.lib.errors import InvalidInput
from config.lib.http import as_app_error, problem_response

access_log = logging.getLogger("troupe.access")

SyncHandler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
Handler = SyncHandler | AsyncHandler

_WELL_FORMED = re.compile(r"[A-Za-z0-9._\-]{1,64}")


@sync_and_async_middleware
def request_context(get_response: Handler) -> Handler:
    """The request id (a well-formed ``X-Request-ID`` is kept), the access log's line, and headers no response may lack."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            started = _begin(request)
            refused = _malformed(request)
            return _finish(request, refused or await cast(AsyncHandler, get_response)(request), started)

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        started = _begin(request)
        return _finish(request, _malformed(request) or cast(SyncHandler, get_response)(request), started)

    return synchronous


def _begin(request: HttpRequest) -> float:
    offered = request.headers.get("X-Request-ID", "")
    logs.request_id.set(offered if _WELL_FORMED.fullmatch(offered) else uuid4().hex)
    logs.workspace_id.set("")
    logs.run_id.set("")
    audit.client_ip.set(client_ip(request))
    audit.token_id.set(None)
    return time.perf_counter()


def _malformed(request: HttpRequest) -> HttpResponseBase | None:
    """PostgreSQL stores no null character: an address that holds one is refused before anybody searches for it."""
    if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return problem_response(InvalidInput(_("The address holds a null character.")))
    return None


def _finish(request: HttpRequest, response: HttpResponseBase, started: float) -> HttpResponseBase:
    response["X-Request-ID"] = logs.request_id.get()
    response.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
    actor = known_actor(request)
    if actor:
        logs.workspace_id.set(str(actor.workspace_id))  # what a view sets on its own thread does not come back here
    person = (
        actor.user if actor else getattr(request, "_cached_user", None)
    )  # only if somebody asked: no query for a log
    if person and person.pk:  # what one person sees must not come out of a cache after they signed out
        response.setdefault("Cache-Control", "private, no-store")
    access_log.info(
        "request",
        extra={
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "duration_ms": round((time.perf_counter() - started) * 1000, 1),
            "user": str(person.pk) if person and person.pk else None,
        },
    )
    return response


@sync_and_async_middleware
def problem_pages(get_response: Handler) -> Handler:
    """Errors of the one family, raised by a page's view, become a page, a toast or a problem document."""

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        response = cast(SyncHandler, get_response)(request)
        error = problems.not_allowed(request, response)
        return problems.answer(request, error) if error else response

    async def asynchronous(request: HttpRequest) -> HttpResponseBase:
        response = await cast(AsyncHandler, get_response)(request)
        error = problems.not_allowed(request, response)
        return await in_db(problems.answer, request, error) if error else response

    handler: Any = asynchronous if iscoroutinefunction(get_response) else synchronous
    handler.process_exception = _process_exception
    return cast(Handler, handler)


def _process_exception(request: HttpRequest, error: Exception) -> HttpResponseBase | None:
    app_error = as_app_error(error)
    return None if app_error is None else problems.answer(request, app_error)
