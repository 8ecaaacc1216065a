"""Addresses that belong to no app: health, the root, and the pages for errors nobody handled."""

import logging
import tomllib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config import health, problems
from config.env import BASE_DIR
from config.lib.errors import AppError, Forbidden, InvalidInput, NotFound
from config.lib.http import json_response, too_many

logger = logging.getLogger(__name__)

View = Callable[[HttpRequest], HttpResponseBase]

VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]


def root(*, page: View, api: View) -> View:
    """The view for ``/``: the home page for people, the same as ``/api/`` for programs that ask for JSON."""

    def negotiated(request: HttpRequest) -> HttpResponseBase:
        asks_for_json = request.get_preferred_type(["text/html", "application/json"]) == "application/json"
        response = (api if asks_for_json else page)(request)
        patch_vary_headers(response, ["Accept"])
        return response

    return negotiated


@require_safe
async def alive(request: HttpRequest) -> HttpResponse:
    """``/health`` and ``/health/live``: the process runs and its loop turns."""
    return json_response({"status": "ok", "version": VERSION})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """``/health/ready``: 503 with what is missing, named, until this process may be given work."""
    found = health.problems()
    if found:
        logger.warning("not ready", extra={"problems": found})
    document = {"status": "not ready" if found else "ready", "version": VERSION, "problems": found}
    return json_response(document, status=503 if found else 200)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    detail = _("This form is out of date or came from elsewhere. Reload the page and try again.")
    return problems.answer(request, Forbidden(detail, code="csrf"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.answer(request, InvalidInput())


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.answer(request, exception if isinstance(exception, AppError) else Forbidden())


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    detail = _("There is nothing at this address. It may have been deleted, or belong to a workspace you are not in.")
    return problems.answer(request, NotFound(detail))


def too_many_requests(request: HttpRequest) -> HttpResponse:
    return problems.answer(request, too_many(60))


def server_error(request: HttpRequest) -> HttpResponse:
    return problems.server_error(request)
