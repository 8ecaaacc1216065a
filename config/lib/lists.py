"""Lists of the API: one way to page, filter, order and search them, and to describe that in the schema.

What a client mistypes is refused by name (400) instead of being passed over: a filter that silently does nothing shows
somebody the wrong rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import pagination, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib import rows
from config.lib.errors import InvalidInput
from config.lib.ids import parse_uuid

View = TypeVar("View", bound=Callable[..., Any])
SerializerClass = type[serializers.BaseSerializer[Any]]

MAX_OFFSET = 1_000_000
BY_AGE = ("created_at",)
MAX_SEARCH = 200
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?")


class Pagination(pagination.LimitOffsetPagination):
    """``limit`` (20, at most 100) and ``offset``. A larger limit is cut to 100."""

    default_limit = 20
    max_limit = 100

    def get_limit(self, request: Request) -> int:
        return min(_number(request, "limit", self.default_limit, least=1), self.max_limit)

    def get_offset(self, request: Request) -> int:
        return _number(request, "offset", 0, least=0)


def _number(request: Request, name: str, default: int, *, least: int) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return default
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else -1
    if not least <= number <= MAX_OFFSET:
        raise invalid(name, _("This is a number from %(least)d to %(most)d.") % {"least": least, "most": MAX_OFFSET})
    return number


_readers: dict[SerializerClass, rows.Read] = {}


def _reader(serializer: SerializerClass) -> rows.Read:
    """Kept for each class: making a serializer's fields anew for each request takes longer than filling them."""
    return _readers.get(serializer) or _readers.setdefault(serializer, rows.reader(serializer()))


def answer(
    request: Request,
    found: Any,
    serializer: SerializerClass,
    context: Callable[[list[Any]], dict[str, Any]] | None = None,
) -> Response:
    """One page of what was ``found``. ``context`` is asked once, with the page, for what the serializer needs beside it."""
    paginator = Pagination()
    page: list[Any] = list(paginator.paginate_queryset(found, request) or ())
    read = rows.reader(serializer(context=context(page))) if context else _reader(serializer)
    return paginator.get_paginated_response([read(row) for row in page])


def invalid(name: str, why: str) -> InvalidInput:
    return InvalidInput(_("Some parameters are not valid."), errors={name: [why]})


def ordering(request: Request, allowed: Sequence[str], default: str) -> str:
    """The asked ordering, one of ``allowed`` with or without a minus, else ``default``. Raises InvalidInput."""
    asked = request.query_params.get("ordering", "")
    if asked and asked.removeprefix("-") not in allowed:
        raise invalid("ordering", _("Order by one of: %(names)s.") % {"names": ", ".join(allowed)})
    return asked or default


def in_order(request: Request, allowed: Sequence[str], default: str) -> tuple[str, str]:
    """The same for a queryset, with an order among equals, so that no two pages show the same row."""
    asked = ordering(request, allowed, default)
    return asked, "-id" if asked.startswith("-") else "id"


def by_age(request: Request) -> str:
    """The asked order of rows by ``created_at``, as that of their ids, which grow; the newest first where it was not asked for."""
    return ordering(request, BY_AGE, "-created_at").replace("created_at", "id")


def choice(request: Request, name: str, allowed: Iterable[str]) -> str:
    """The asked value of a filter that knows its values; empty where it was not asked for. Raises InvalidInput."""
    asked = request.query_params.get(name, "")
    if asked and asked not in (known := list(allowed)):
        raise invalid(name, _("This is one of: %(names)s.") % {"names": ", ".join(known)})
    return asked


def flag(request: Request, name: str) -> bool | None:
    """The asked yes or no; None where it was not asked for. Raises InvalidInput."""
    return {"true": True, "false": False, "": None}[choice(request, name, ("true", "false"))]


def amount(request: Request, name: str) -> Decimal | None:
    """The asked amount, not negative. Raises InvalidInput."""
    asked = request.query_params.get(name, "")
    if not asked:
        return None
    if not _AMOUNT.fullmatch(asked):
        raise invalid(name, _("This is an amount like 0.25."))
    return Decimal(asked)


def text(request: Request, name: str = "search") -> str:
    """What to search for. Raises InvalidInput where it is too long."""
    asked = request.query_params.get(name, "").strip()
    if len(asked) > MAX_SEARCH:
        raise invalid(name, _("At most %(most)d characters.") % {"most": MAX_SEARCH})
    return asked


def identifier(request: Request, name: str) -> UUID | None:
    """The asked id. Raises InvalidInput where it is none."""
    asked = request.query_params.get(name, "")
    found = parse_uuid(asked) if asked else None
    if asked and found is None:
        raise invalid(name, _("This is not an id."))
    return found


def moment(request: Request, name: str) -> datetime | None:
    """The asked moment: a date (its first moment, UTC) or a date with time. Raises InvalidInput."""
    asked = request.query_params.get(name, "")
    if not asked:
        return None
    try:
        found = parse_datetime(asked.replace(" ", "+"))
        if found is None and (day := parse_date(asked)):
            found = datetime(day.year, day.month, day.day, tzinfo=timezone.get_default_timezone())
    except ValueError:
        found = None
    if found is None or not 1900 <= found.year <= 9998:
        raise invalid(name, _("This is not a date like 2026-01-31 or 2026-01-31T12:00:00Z."))
    return found if timezone.is_aware(found) else timezone.make_aware(found, timezone.get_default_timezone())


# Description


def page_of(serializer: SerializerClass) -> Any:
    """The schema of one page of a list."""
    name = serializer.__name__.removesuffix("Output").removesuffix("Serializer")
    fields: dict[str, Any] = {
        "count": serializers.IntegerField(help_text="How many there are in all."),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": serializer(many=True),
    }
    return inline_serializer(f"{name}Page", fields)


def parameter(name: str, kind: Any = str, description: str = "", **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, description=description, **more)


def describe(
    operation_id: str,
    serializer: SerializerClass,
    *,
    tags: Sequence[str] = (),
    search: bool = False,
    orderings: Sequence[str] = (),
    filters: Sequence[OpenApiParameter] = (),
    description: str | None = None,
) -> Callable[[View], View]:
    """Describe a list for the schema: its page, and the parameters the view reads with the functions above.

    Its ``description`` is the view's docstring, where nothing else is said.
    """
    number = {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET}
    parameters = [
        parameter("limit", number | {"minimum": 1}, "At most 100 are answered; 20 where it is left out."),
        parameter("offset", number, "How many to pass over."),
    ]
    if search:
        parameters.append(parameter("search", {"type": "string", "maxLength": MAX_SEARCH}))
    if orderings:
        parameters.append(parameter("ordering", str, enum=[sign + name for name in orderings for sign in ("", "-")]))
    return extend_schema(
        operation_id=operation_id,
        parameters=[*parameters, *filters],
        responses={200: page_of(serializer)},
        description=description,
        tags=list(tags) if tags else None,
    )
