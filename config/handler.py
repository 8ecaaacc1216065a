"""The ASGI handler: ordinary view functions run on the database threads of ``config.lib.db``.

Django gives each request a thread of its own, and a thread has a database connection of its own: each request would open
one. On ours the connections stay, and their number is bounded (measured: 12 ms a small API call before, 5 ms after).
Asynchronous views stay on the loop.
"""

import functools
import io
from collections.abc import Callable, Mapping
from typing import IO, Any

from asgiref.sync import iscoroutinefunction
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.lib.db import in_db


class Handler(ASGIHandler):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As Django's, without a context in which each request starts a thread of its own for the little that is left to
        threads here (a response's ``close``); one thread serves all.
        """
        await self.handle(scope, receive, send)

    def make_view_atomic(self, view: Callable[..., Any]) -> Callable[..., Any]:
        """The hook in which Django prepares a view just before it looks whether it is asynchronous."""
        prepared = super().make_view_atomic(view)
        return prepared if iscoroutinefunction(prepared) else _on_database_thread(prepared)

    def create_request(self, scope: Mapping[str, Any], body_file: IO[bytes]) -> tuple[Any, Any]:
        """A body that came in chunks has no length, and REST framework takes that for no body: by now it is known."""
        request, error = super().create_request(scope, body_file)
        if request is not None and not request.META.get("CONTENT_LENGTH"):
            request.META["CONTENT_LENGTH"] = str(body_file.seek(0, io.SEEK_END))
            body_file.seek(0)
        return request, error


def _on_database_thread(view: Callable[..., HttpResponseBase]) -> Callable[..., Any]:
    def rendered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A response that is rendered late (REST framework's are) is rendered here: Django would wait for its one other thread."""
        response: Any = view(request, *args, **kwargs)
        if callable(getattr(response, "render", None)):
            response = response.render()
            response.render = None  # which tells Django that nothing is left to do
        return response  # type: ignore[no-any-return]

    @functools.wraps(view)
    async def on_database_thread(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return await in_db(rendered, request, *args, **kwargs)

    return on_database_thread


def keep_off_request_signals() -> None:
    """Let a request's start and end wake no thread: ``in_db`` looks after its connections itself before each use."""
    request_started.disconnect(reset_queries)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
