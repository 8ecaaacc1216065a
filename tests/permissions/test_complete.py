"""Every route stands in the table: the URLconf and the socket routes are walked, so that a new one cannot be forgotten."""

import re
from fnmatch import fnmatch

import pytest
from django.test import Client

from config.asgi import application
from tests.permissions.table import COMMITTED, PAGES, SOCKETS, TABLE, WITHOUT_ROLES, Line
from tests.walk import Address, addresses

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LINES = [*TABLE, *COMMITTED, *PAGES]


def with_roles(address: Address) -> bool:
    return not any(fnmatch(address.route, pattern) for pattern in WITHOUT_ROLES)


def shape(text: str, parameter: str) -> str:
    """An address with its parameters blotted out, so that routes and lines can be compared."""
    return re.sub(parameter, "*", text.partition("?")[0]).strip("/")


def known(address: str) -> set[str]:
    wanted = shape(address, r"<[^>]+>")
    return {line.method for line in LINES if shape(line.address, r"{\w+}") == wanted}


def methods_of(address: Address) -> set[str]:
    """What the route answers: a view class says it, a page's decorator says it in the ``Allow`` of a refusal."""
    if (view := getattr(address.view, "cls", None)) is not None:
        return {method for method in METHODS if hasattr(view, method.lower())}
    refusal = Client().generic("TRACE", address.path)
    return {part.strip() for part in refusal.get("Allow", "GET").split(",")} & set(METHODS)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", [found for found in addresses() if with_roles(found)], ids=lambda found: found.route
)
def test_every_route_and_method_has_a_line(address: Address) -> None:
    missing = methods_of(address) - known(address.route)
    assert not missing, f"add lines for {sorted(missing)} {address.route} to tests/permissions/table/"


def test_every_socket_has_a_line() -> None:
    router = application.application_mapping["websocket"]
    routes = {shape(str(route.pattern), r"<[^>]+>") for route in router.routes} - {""}
    assert routes == {shape(line.address, r"{\w+}") for line in SOCKETS}


@pytest.mark.parametrize("line", [*LINES, *SOCKETS], ids=str)
def test_no_line_is_stale(line: Line) -> None:
    if line not in SOCKETS:
        routes = {shape(address.route, r"<[^>]+>") for address in addresses()}
        assert shape(line.address, r"{\w+}") in routes


def test_no_exception_is_stale() -> None:
    routes = [address.route for address in addresses()]
    later = {"static/<path>"}  # only served with DEBUG
    assert [p for p in WITHOUT_ROLES if p not in later and not any(fnmatch(route, p) for route in routes)] == []
