"""Django's and django-csp's middleware, run on the event loop itself.

Their asynchronous form takes two turns over a thread for each request, for work that takes microseconds: nine of them cost
3 ms a request, most of what a small endpoint costs. What they do is pure, except in the places named below, which do take
a database thread. On a synchronous server nothing changes.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware as Csp
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware as Authentication
from django.contrib.messages.middleware import MessageMiddleware as Message
from django.contrib.sessions.middleware import SessionMiddleware as Session
from django.contrib.staticfiles.finders import get_finders
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware as XFrameOptions
from django.middleware.common import CommonMiddleware as Common
from django.middleware.csrf import CsrfViewMiddleware as Csrf
from django.middleware.locale import LocaleMiddleware as Locale
from django.middleware.security import SecurityMiddleware as Security
from django.utils.deprecation import MiddlewareMixin
from servestatic.middleware import ServeStaticMiddleware as ServeStatic

from config.lib.db import in_db

JSON = ("application/json", "application/problem+json")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


class OnLoop(MiddlewareMixin):
    """Mixed in before a middleware class: no thread, unless ``blocks`` says that this response needs one."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        before: Callable[..., Any] | None = getattr(self, "process_request", None)
        after: Callable[..., Any] | None = getattr(self, "process_response", None)
        response: HttpResponseBase | None = before(request) if before else None
        if response is None:
            response = await self.get_response(request)  # type: ignore[misc]  # asynchronous here
        if after is None:
            return response
        if self.blocks(request):
            return await in_db(after, request, response)
        return after(request, response)  # type: ignore[no-any-return]

    def blocks(self, request: HttpRequest) -> bool:
        return False


class SecurityMiddleware(OnLoop, Security):
    pass


class CSPMiddleware(OnLoop, Csp):
    @cached_property
    def _without_nonce(self) -> str:
        return build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """JSON uses no nonce, so it gets the same policy each time: putting one together takes 0.2 ms."""
        if isinstance(response, HttpResponse) and response.get("Content-Type") in JSON:
            response.setdefault(HEADER, self._without_nonce)
            return response
        return super().process_response(request, response)


class ServeStaticMiddleware(ServeStatic):  # type: ignore[misc]  # untyped
    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """In development it looks on the disk, on a thread, whatever the path: only for paths of static files here."""
        static = request.path_info.startswith(settings.STATIC_URL)
        response: HttpResponseBase = await (super().__call__(request) if static else self.get_response(request))
        return response

    def add_files_from_finders(self) -> None:
        """Where each request looks on the disk it needs the folders, and not the list of all files (50 ms for each handler)."""
        if not self.autorefresh:
            super().add_files_from_finders()
            return
        for finder in get_finders():
            for storage in finder.storages.values():  # type: ignore[attr-defined]  # both kinds have them
                self.insert_directory(storage.location, self.static_prefix)


class SessionMiddleware(OnLoop, Session):
    def blocks(self, request: HttpRequest) -> bool:
        """A changed session is written to the database and the cache."""
        return request.session.modified


class LocaleMiddleware(OnLoop, Locale):
    pass


class CommonMiddleware(OnLoop, Common):
    pass


class CsrfViewMiddleware(OnLoop, Csrf):
    def __init__(self, get_response: Callable[..., Any]) -> None:
        super().__init__(get_response)
        if self.async_mode:
            self.process_view = self._process_view_on_loop  # type: ignore[assignment]  # the handler takes either kind

    async def _process_view_on_loop(
        self, request: HttpRequest, callback: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        check = super().process_view
        if request.method in SAFE_METHODS or getattr(callback, "csrf_exempt", False):
            return check(request, callback, args, kwargs)
        # Looking for the token parses the form, which may be a large upload.
        return await in_db(check, request, callback, args, kwargs)


class AuthenticationMiddleware(OnLoop, Authentication):
    pass


class MessageMiddleware(OnLoop, Message):
    def blocks(self, request: HttpRequest) -> bool:
        """Messages that were added or shown are stored, at times in the session."""
        messages = getattr(request, "_messages", None)
        return messages is not None and (messages.used or messages.added_new)


class XFrameOptionsMiddleware(OnLoop, XFrameOptions):
    pass
