"""Both slash forms are the same route."""

from uuid import UUID

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.urls.exceptions import Resolver404
from django.urls.resolvers import RegexPattern, URLResolver

from config.lib.routes import api_path

ID = UUID("01900000-0000-7000-8000-000000000001")


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def resolver(*patterns: URLPattern) -> URLResolver:
    return URLResolver(RegexPattern(r"^/"), list(patterns))


@pytest.mark.parametrize("address", [f"/things/{ID}", f"/things/{ID}/"])
def test_it_matches_with_and_without_the_slash_and_keeps_converters(address: str) -> None:
    match = resolver(api_path("things/<uuid:id>/", view, "thing")).resolve(address)
    assert (match.kwargs, match.url_name) == ({"id": ID}, "thing")


@pytest.mark.parametrize("address", ["/things/no-uuid", f"/things/{ID}//", f"/things/{ID}/more", "/", "/thing"])
def test_it_matches_nothing_else(address: str) -> None:
    with pytest.raises(Resolver404):
        resolver(api_path("things/<uuid:id>/", view, "thing"), api_path("things/", view, "things")).resolve(address)


def test_reverse_gives_the_form_with_the_slash() -> None:
    patterns = resolver(api_path("things/<uuid:id>/", view, "thing"), path("plain/", view, name="plain"))
    assert patterns.reverse("thing", id=ID) == f"things/{ID}/"


def test_a_literal_route_wins_when_it_comes_first() -> None:
    patterns = resolver(api_path("users/me/", view, "me"), api_path("users/<str:handle>/", view, "person"))
    assert patterns.resolve("/users/me").url_name == "me"
    assert patterns.resolve("/users/alice").url_name == "person"


def test_it_refuses_a_route_without_its_slash() -> None:
    with pytest.raises(ValueError, match="trailing slash"):
        api_path("things", view, "things")
