"""What is going to end says so on every answer and in the schema, and is 410 when its time is over."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib.deprecation import deprecated, deprecation_of
from config.lib.errors import Conflict
from config.lib.http import async_api
from config.lib.routes import api_path
from tests.walk import addresses

TODAY = timezone.now().date()
SINCE, UNTIL = TODAY - timedelta(days=100), TODAY + timedelta(days=100)


class Ending(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    @deprecated(since=SINCE, until=UNTIL)
    @extend_schema(operation_id="ending_read", responses={200: str})
    def get(self, request: Request) -> Response:
        if "fail" in request.query_params:
            raise Conflict("It does not go.")
        return Response("here")

    @deprecated(since=SINCE - timedelta(days=200), until=TODAY)
    def delete(self, request: Request) -> Response:
        raise AssertionError("its time is over")

    @extend_schema(operation_id="ending_write", request=None, responses={200: str})
    def post(self, request: Request) -> Response:
        return Response("stays")


@async_api("GET", schema=Ending)
async def streaming(request: HttpRequest) -> HttpResponse:
    return HttpResponse("here")


def ask(method: str, address: str = "/ending/") -> Any:
    return api_path("ending/", Ending.as_view(), "ending").callback(getattr(RequestFactory(), method.lower())(address))


def announced(response: Any) -> tuple[str, str, str]:
    return tuple(response[name] for name in ("Deprecation", "Sunset", "Link"))  # type: ignore[return-value]


WANTED = (
    f"@{int(datetime(SINCE.year, SINCE.month, SINCE.day, tzinfo=UTC).timestamp())}",
    datetime(UNTIL.year, UNTIL.month, UNTIL.day, tzinfo=UTC).strftime("%a, %d %b %Y 00:00:00 GMT"),
    '<https://troupe.dev/docs/api#versions-and-deprecation>; rel="deprecation"',
)


@pytest.mark.parametrize(("address", "status"), [("/ending/", 200), ("/ending/?fail", 409)])
def test_every_answer_says_since_when_and_until_when(address: str, status: int) -> None:
    response = ask("GET", address)
    assert (response.status_code, announced(response)) == (status, WANTED)


def test_a_view_on_the_loop_says_it_as_well() -> None:
    view: Any = api_path("ending/", streaming, "ending").callback
    response = async_to_sync(view)(AsyncRequestFactory().get("/ending/"))
    assert (response.content, announced(response)) == (b"here", WANTED)


def test_what_stays_says_nothing() -> None:
    assert "Deprecation" not in ask("POST")


def test_when_its_time_is_over_it_is_gone() -> None:
    response = ask("DELETE")
    assert (response.status_code, response["Content-Type"]) == (410, "application/problem+json")
    assert b'"code":"gone"' in response.content
    assert "Sunset" in response


def test_the_schema_says_it() -> None:
    patterns = [api_path("api/v1/ending/", Ending.as_view(), "ending")]
    operations = SchemaGenerator(patterns=patterns).get_schema(public=True)["paths"]["/api/v1/ending/"]
    assert operations["get"]["deprecated"] is True
    assert {"Deprecation", "Sunset"} <= set(operations["get"]["responses"]["200"]["headers"])
    assert "410" in operations["get"]["responses"]
    assert "deprecated" not in operations["post"]


def test_an_end_is_announced_six_months_before() -> None:
    with pytest.raises(ValueError, match="six months"):
        deprecated(since=date(2026, 1, 1), until=date(2026, 6, 1))


def test_nothing_is_deprecated_in_the_schema_alone() -> None:
    """Whoever marks an operation there by hand would forget the headers."""
    views = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{found.route}"): found.view for found in addresses() if found.api}
    schema = SchemaGenerator().get_schema(public=True)["paths"]
    assert set(schema) <= set(views)
    marked = [
        (method, path)
        for path, operations in schema.items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and operation.get("deprecated")
    ]
    assert [each for each in marked if deprecation_of(views[each[1]], each[0]) is None] == []
