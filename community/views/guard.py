"""The guard of pages: signed in and in a workspace, else off to the sign-in page."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from community import languages
from community.access import Actor, page_actor
from community.models import User
from community.services import sign_ins
from community.zones import zone

P = ParamSpec("P")

SAFE_METHODS = ("GET", "HEAD")


class ActorRequest(HttpRequest):
    """The request of a guarded view."""

    htmx: HtmxDetails
    actor: Actor


PageView = Callable[Concatenate[ActorRequest, P], HttpResponseBase]


def signed_in(view: PageView[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Give ``view`` a request whose ``actor`` is known; send everybody else to the sign-in page and back."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return to_sign_in(request)
        request.actor = page_actor(request)  # type: ignore[attr-defined]
        sign_ins.browser_session_track(request=request, user=request.user)
        with timezone.override(zone(request.user.timezone)), languages.on_page(request.user):
            response = view(request, *args, **kwargs)  # type: ignore[arg-type]
        user = request.user  # nobody, where the view has signed them out
        language = user.language if isinstance(user, User) else ""
        if language and languages.remembered(request) != language:  # chosen in another browser since this one signed in
            languages.remember(response, language)
            response.headers["Content-Language"] = language
        return response

    return guarded


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and afterwards back to the page the person is on (for a fragment: the page around it)."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    target = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({REDIRECT_FIELD_NAME: _way_back(request, htmx)})}"
    return HttpResponseClientRedirect(target) if htmx else HttpResponseRedirect(target)


def _way_back(request: HttpRequest, htmx: HtmxDetails | None) -> str:
    """The page the person is on. A form's address is often none that can be opened: its page is what referred to it."""
    if htmx:
        return _here(request, htmx.current_url)
    if request.method in SAFE_METHODS:
        return request.get_full_path()
    return _here(request, request.headers.get("Referer"))


def _here(request: HttpRequest, url: str | None) -> str:
    """The path of ``url``, where it is one of ours."""
    parts = urlsplit(url or "")
    if (parts.scheme, parts.netloc) != (request.scheme, request.get_host()) or parts.path.startswith("//"):
        return "/"
    return urlunsplit(("", "", parts.path, parts.query, "")) or "/"
