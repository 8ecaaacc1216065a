"""A function tool from its making to a run: over the API, in the panel, called by a model."""

from typing import Any

import orjson
import pytest

from agent_app.models import ToolCall
from tests.agents.world import execute, make_agent, start
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked

pytestmark = pytest.mark.django_db(transaction=True)

CODE = '''
def price(amount: int, country: str = "de") -> dict:
    """What something costs with its tax.

    Args:
        amount: In cents.
        country: Two letters.
    """
    rates = {"de": 19, "fr": 20}
    return {"total": amount * (100 + rates[country]) // 100}
'''
TOOL = {"name": "price", "type": "function", "params": {"code": CODE}}


def test_a_function_is_refused_with_its_line_and_tried_before_it_is_used(cast: Cast) -> None:
    broken = {**TOOL, "params": {"code": "def price(:\n    pass"}}
    refused = cast.alice.api.post("tools/", broken)
    assert refused.status_code == 400, refused.content
    assert "Line 1: " in str(refused.json()["errors"])
    made = cast.alice.api.post("tools/", TOOL)
    assert made.status_code == 201, made.content
    path = f"tools/{made.json()['id']}/test/"
    good = cast.alice.api.post(path, {"arguments": {"amount": 100}}).json()
    assert (good["result"], good["is_error"]) == ({"total": 119}, False)
    bad = cast.alice.api.post(path, {"arguments": {"amount": 100, "country": "xx"}}).json()
    assert bad["is_error"] is True
    assert "Line 10: KeyError" in str(bad["result"])


def test_a_model_calls_it_and_is_told_of_errors_with_their_line(cast: Cast, provider: FakeOpenAI) -> None:
    agent = make_agent(cast.alice, model="fake/m")
    saved = cast.alice.api.patch(f"agents/{agent.id}/", {"tools": [TOOL]})
    assert saved.status_code == 200, saved.content
    arguments = [{"amount": 1000}, {"amount": 1, "country": "xx"}]
    asked = tuple(Asked("price", orjson.dumps(each).decode(), call_id=f"c{n}") for n, each in enumerate(arguments))
    provider.queue(Script(tool_calls=asked), Script(deltas=("Eleven ninety.",)))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.output) == ("succeeded", "Eleven ninety.")
    [offered] = provider.exchanges[0].body["tools"]
    assert offered["function"]["description"] == "What something costs with its tax."
    assert offered["function"]["parameters"]["required"] == ["amount"]
    given: list[Any] = [
        orjson.loads(each["content"]) for each in provider.exchanges[1].body["messages"] if each["role"] == "tool"
    ]
    assert given[0] == {"total": 1190}
    assert given[1] == {"error": {"code": "error", "message": "Line 10: KeyError: xx"}}
    rows = ToolCall.objects.filter(run=run).values_list("status", "tool_type", "idempotent")
    assert sorted(rows) == [("failed", "function", True), ("succeeded", "function", True)]
