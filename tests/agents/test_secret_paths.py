"""Secrets are found, taken out and put back wherever they stand in a tool's params."""

from typing import Any

import pytest

from agent_app.secret_paths import fits, found, with_values, without

PARAMS: dict[str, Any] = {"url": "u", "auth": {"token": "t", "headers": {"X-Key": "k", "a.b~c": "d"}}}


@pytest.mark.parametrize(
    ("pattern", "places"),
    [
        ("auth.token", {"auth.token": "t"}),
        ("auth.headers.*", {"auth.headers.X-Key": "k", "auth.headers.a~1b~0c": "d"}),
        ("auth.password", {}),
        ("url.deeper", {}),
        ("nothing.here.*", {}),
    ],
)
def test_places_are_found(pattern: str, places: dict[str, Any]) -> None:
    assert found(PARAMS, pattern) == places
    assert all(fits(place, pattern) for place in places)


def test_what_is_taken_out_can_be_put_back() -> None:
    places = found(PARAMS, "auth.headers.*") | found(PARAMS, "auth.token")
    rest = without(PARAMS, places)
    assert rest == {"url": "u", "auth": {"headers": {}}}
    assert with_values(rest, places) == PARAMS
    assert PARAMS["auth"]["token"] == "t", "the original stays as it was"


def test_a_place_whose_way_is_gone_is_made() -> None:
    assert with_values({"auth": None}, {"auth.token": "t"}) == {"auth": {"token": "t"}}
    assert without({"auth": "text"}, ["auth.token"]) == {"auth": "text"}
