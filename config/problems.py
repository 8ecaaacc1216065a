"""How an error looks to whoever caused it: a problem document on the API, a page in the browser, a toast for a fragment."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.template.loader import select_template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from community.views.guard import to_sign_in
from config.lib.errors import AppError, MethodNotAllowed
from config.lib.http import problem_document, problem_response, server_error_response


class ServerError(AppError):
    status = 500
    code = "server_error"
    title = gettext_lazy("Something broke on our side")


class OnlyForms(MethodNotAllowed):
    title = gettext_lazy("There is nothing to see at this address")


_FALLBACK = {4: "errors/400.html", 5: "errors/500.html"}


def answer(request: HttpRequest, error: AppError) -> HttpResponse:
    """The response that tells ``error`` the way this request can show it."""
    if is_api(request):
        return problem_response(error)
    if error.status == 401:
        return to_sign_in(request)
    if getattr(request, "htmx", None):
        return _toast(request, error)
    return _page(request, error)


def not_allowed(request: HttpRequest, response: HttpResponseBase) -> AppError | None:
    """The error to show where somebody opens an address that only takes forms; Django's answer is an empty page."""
    if not isinstance(response, HttpResponseNotAllowed) or request.method != "GET" or is_api(request):
        return None
    detail = _("It only takes what a form sends. Go back to the page you came from.")
    return OnlyForms(detail, headers={"Allow": response.headers.get("Allow", "POST")})


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or request.headers.get("Accept", "").startswith(
        ("application/json", "application/problem+json")
    )


def _context(error: AppError) -> dict[str, Any]:
    document = problem_document(error)
    return {"problem": document, **{name: document[name] for name in ("title", "detail", "status", "request_id")}}


def _page(request: HttpRequest, error: AppError) -> HttpResponse:
    template = select_template([f"errors/{error.status}.html", _FALLBACK[error.status // 100]])
    return HttpResponse(template.render(_context(error), request), status=error.status, headers=error.headers)


def _toast(request: HttpRequest | None, error: AppError) -> HttpResponse:
    """Into the toasts, wherever the fragment was meant to go."""
    template = select_template(["errors/toast.html"])
    response = HttpResponse(template.render(_context(error), request), status=error.status, headers=error.headers)
    response["HX-Retarget"] = "#toasts"
    response["HX-Reswap"] = "beforeend"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """An unforeseen error. Renders without the request: what broke once may break again in a context processor."""
    if is_api(request):
        return server_error_response()
    error = ServerError(_("The error was recorded. Try again; if it stays, tell us the request id."))
    if getattr(request, "htmx", None):
        return _toast(None, error)
    return HttpResponse(select_template(["errors/500.html"]).render(_context(error)), status=500)
