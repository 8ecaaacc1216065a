"""The list of files costs the same for many, whoever has brought them."""

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.cast import Cast
from tests.community.files_world import make_file


@pytest.mark.parametrize("each", [1, 6])
def test_the_list_costs_the_same_for_many(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries, each: int
) -> None:
    for person in (cast.alice, cast.bob, cast.carol):
        for _number in range(each):
            make_file(person)
    with django_assert_num_queries(3):  # who asks, count, page
        assert len(cast.carol.api.get("files/", {"limit": "100"}).json()["results"]) == 3 * each
