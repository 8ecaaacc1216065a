"""What holds for every path and every list of the API."""

from typing import Any

import pytest
from django.urls import resolve

from tests.api.test_list_queries import lists
from tests.cast import Cast
from tests.walk import Address, addresses

PATHS = [address for address in addresses() if address.route.startswith("api/v1/") and "<path" not in address.route]
# Those of the workspace and the person, which need no other object to be there.
LISTS = [path for path in lists() if "{" not in path]


def answers(cast: Cast, query: str) -> dict[str, Any]:
    return {path: cast.alice.api.get(f"{path}?{query}") for path in LISTS}


@pytest.mark.parametrize("address", PATHS, ids=lambda address: str(address.route))
def test_both_forms_of_a_path_are_the_same_view(address: Address) -> None:
    with_slash, without = resolve(address.path), resolve(address.path.rstrip("/"))
    assert address.path.endswith("/")
    assert (with_slash.func, with_slash.kwargs) == (without.func, without.kwargs)


def test_every_list_takes_a_limit_of_at_most_a_hundred_and_an_offset(cast: Cast) -> None:
    found = answers(cast, "limit=1000&offset=0")
    shapes = {frozenset(answer.json()) - {"summary"} for answer in found.values()}
    assert shapes == {frozenset({"count", "next", "previous", "results"})}
    assert all(len(answer.json()["results"]) <= 100 for answer in found.values())
    assert len(LISTS) > 15


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=many", "offset=-1", "offset=9999999999"])
def test_every_list_refuses_what_is_no_page_by_name(cast: Cast, query: str) -> None:
    name = query.partition("=")[0]
    told = {
        path: (answer.status_code, list(answer.json().get("errors", {})))
        for path, answer in answers(cast, query).items()
    }
    assert told == dict.fromkeys(LISTS, (400, [name]))
