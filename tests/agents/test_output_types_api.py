"""The library of output types over the API."""

import pytest

from agent_app import output_types
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_the_library_is_listed_and_each_entry_answered(cast: Cast) -> None:
    listed = cast.carol.api.get("agents/output-types/available/").json()
    assert (listed["count"], listed["results"]) == (8, output_types.available())
    for entry in listed["results"]:
        assert cast.carol.api.get(f"agents/output-types/{entry['type_name']}/").json() == entry
    assert cast.carol.api.get("agents/output-types/poem/").json()["code"] == "not_found"
