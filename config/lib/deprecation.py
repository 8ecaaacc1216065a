"""Operations that are going to end say so on every answer, and in the schema: one mark for both.

    @deprecated(since=date(2026, 10, 1), until=date(2027, 4, 1))
    @extend_schema(operation_id="things_read", …)
    def get(self, request: Request) -> Response: …

The policy stands in ``docs/api.md``. ``api_path`` looks for marks; an endpoint without any costs nothing.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import http_date
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema

from config.lib.errors import Gone
from config.lib.http import problem_response

Operation = TypeVar("Operation", bound=Callable[..., Any])
View = Callable[..., Any]

LEAST_NOTICE = timedelta(days=180)
POLICY = "https://troupe.dev/docs/api#versions-and-deprecation"
_METHODS = ("get", "post", "put", "patch", "delete")
_MARK = "deprecation"


@dataclass(frozen=True, slots=True)
class Deprecation:
    since: datetime
    until: datetime

    @property
    def headers(self) -> dict[str, str]:
        """RFC 9745 and RFC 8594."""
        return {
            "Deprecation": f"@{int(self.since.timestamp())}",
            "Sunset": http_date(self.until.timestamp()),
            "Link": f'<{POLICY}>; rel="deprecation"',
        }

    def over(self) -> HttpResponseBase | None:
        """What is answered in its place once its time is over."""
        if timezone.now() < self.until:
            return None
        return problem_response(Gone(_("This operation has ended. See %(policy)s.") % {"policy": POLICY}))

    def announce(self, response: HttpResponseBase) -> HttpResponseBase:
        for name, value in self.headers.items():
            response[name] = f"{response[name]}, {value}" if name == "Link" and "Link" in response else value
        return response


def deprecated(*, since: date, until: date) -> Callable[[Operation], Operation]:
    """Mark a method of an API view: deprecated ``since``, answered 410 from ``until`` on."""
    if until - since < LEAST_NOTICE:
        raise ValueError("what ends is announced at least six months before")
    found = Deprecation(_midnight(since), _midnight(until))

    def mark(operation: Operation) -> Operation:
        marked = extend_schema(deprecated=True)(operation)
        setattr(marked, _MARK, found)
        return marked

    return mark


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def deprecation_of(view: View, method: str) -> Deprecation | None:
    """What was said about a method of an endpoint (its ``cls``, as REST framework and ``async_api`` set it)."""
    found: Deprecation | None = getattr(getattr(getattr(view, "cls", None), method.lower(), None), _MARK, None)
    return found


def announced(view: View) -> View:
    """``view``, whose deprecated methods say so on every answer, errors as well."""
    if not any(deprecation_of(view, method) for method in _METHODS):
        return view

    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def asynchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            found = deprecation_of(view, request.method or "")
            if found is None:
                return await view(request, *args, **kwargs)  # type: ignore[no-any-return]
            return found.announce(found.over() or await view(request, *args, **kwargs))

        return asynchronous

    @functools.wraps(view)
    def synchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        found = deprecation_of(view, request.method or "")
        if found is None:
            return view(request, *args, **kwargs)  # type: ignore[no-any-return]
        return found.announce(found.over() or view(request, *args, **kwargs))

    return synchronous
