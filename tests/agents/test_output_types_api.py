"""The library of output types over the API."""

import json

import pytest

from agent_app import output_types
from agent_app.models import Run
from tests.agents.world import make_agent, make_run
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_the_library_is_listed_and_each_entry_answered(cast: Cast) -> None:
    listed = cast.carol.api.get("agents/output-types/available/").json()
    assert (listed["count"], listed["results"]) == (8, output_types.available())
    for entry in listed["results"]:
        assert cast.carol.api.get(f"agents/output-types/{entry['type_name']}/").json() == entry
    assert cast.carol.api.get("agents/output-types/poem/").json()["code"] == "not_found"


def test_an_answer_is_had_as_json_csv_and_markdown(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    table = make_run(cast.alice, agent, output={"rows": [{"item": "tent", "price": 120}, {"item": "=1+1", "price": 2}]})
    text, nothing = make_run(cast.alice, agent, output="Fine."), make_run(cast.alice, agent)

    def answer(run: Run, **query: str) -> tuple[str, str]:
        got = cast.carol.api.get(f"runs/{run.id}/answer/", query)
        assert got.status_code == 200
        return got["Content-Type"].partition(";")[0], got.content.decode()

    kind, said = answer(table)
    assert (kind, json.loads(said)) == ("application/json", table.output)
    assert answer(table, format="csv") == ("text/csv", "item,price\r\ntent,120\r\n'=1+1,2\r\n")
    assert answer(table, format="md")[1].splitlines()[2] == "| tent | 120 |"
    assert answer(text) == ("application/json", '"Fine."')
    assert answer(text, format="md")[1].strip() == "Fine."
    assert cast.carol.api.get(f"runs/{nothing.id}/answer/").status_code == 404
    assert cast.carol.api.get(f"runs/{table.id}/answer/", {"format": "xml"}).status_code == 400
    assert cast.dave.api.get(f"runs/{table.id}/answer/").status_code == 404
