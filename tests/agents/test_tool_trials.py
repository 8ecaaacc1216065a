"""Trying a tool out: a real call, outside any run."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from pytest_django import Settings

from agent_app.models import Run
from billing.models import Hold, Rate
from community.models import AuditEntry
from tests.agents.approval_world import GATED, asks
from tests.agents.probe_world import Probe, agent_with, probing
from tests.agents.test_tools_api import SECRET, make_tool
from tests.agents.world import make_agent, make_provider, one_worker
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


def test_a_tool_is_tried_out_paid_for_and_noted(cast: Cast, probe: Probe) -> None:
    Rate.objects.create(reference="tool/probe", per_call=Decimal("1.5"))
    tool = make_tool(cast.bob, params={"auth": {"token": SECRET}})
    path = f"tools/{tool['id']}/test/"
    tried = cast.bob.api.post(path, {"arguments": {"text": "hello"}}).json()
    assert (tried["result"], tried["is_error"], tried["credits"]) == ({"said": "hello"}, False, "1.5000")
    assert isinstance(tried["duration_ms"], int)
    failed = cast.bob.api.post(path, {"arguments": {"text": "fail"}}).json()
    assert (failed["result"]["error"]["code"], failed["is_error"], failed["credits"]) == ("no_luck", True, "0.0000")
    wrong = cast.bob.api.post(path, {"arguments": {"text": 3}})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["arguments"])
    assert (len(probe.calls), probe.contexts[0].run_id) == (2, None)
    entries = AuditEntry.objects.filter(action="tool.tested").order_by("id")
    assert [entry.after["is_error"] for entry in entries] == [False, True]
    assert entries[0].after["arguments"] == {"text": "hello"}
    balance = cast.bob.api.get("credits/balance/").json()
    assert (balance["balance"], balance["held"]) == ("8.5000", "0.0000")
    assert cast.carol.api.post(path, {"arguments": {"text": "x"}}).status_code == 403
    assert cast.dave.api.post(path, {"arguments": {"text": "x"}}).status_code == 404


def test_what_cannot_be_paid_for_or_had_is_not_tried(cast: Cast, probe: Probe) -> None:
    Rate.objects.create(reference="tool/probe", per_call=Decimal(1000))
    tool = make_tool(cast.bob)
    assert cast.bob.api.post(f"tools/{tool['id']}/test/", {"arguments": {"text": "x"}}).status_code == 402
    probe.missing = "Not here."
    assert cast.bob.api.post(f"tools/{tool['id']}/test/", {"arguments": {"text": "x"}}).status_code == 422
    assert not probe.calls


@pytest.mark.usefixtures("one_window")
def test_trying_out_too_often_is_refused(cast: Cast, settings: Settings) -> None:
    settings.THROTTLE_RUNS = 1
    tool = make_tool(cast.bob)
    answers = [cast.bob.api.post(f"tools/{tool['id']}/test/", {"arguments": {"text": "x"}}) for _try in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]


def test_a_model_and_an_agent_are_tried_out_as_tools(cast: Cast) -> None:
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url)
        server.queue(Script(deltas=("hermine",)), Script(deltas=("I am well.",)))
        model = make_tool(cast.alice, type="llm", params={"model": "fake/m", "prompt": "French, please: {{ input }}"})
        tried = cast.alice.api.post(f"tools/{model['id']}/test/", {"arguments": {"input": "stoat"}}).json()
        assert (tried["result"], tried["is_error"]) == ("hermine", False)
        assert server.exchanges[0].body["messages"][-1]["content"] == "French, please: stoat"
        assert not Run.objects.exists()
        assert not Hold.objects.filter(state="open").exists()
        agent = make_agent(cast.alice, model="fake/m")
        asked = make_tool(cast.alice, name="ask", type="agent", params={"agent_id": str(agent.id)})
        with one_worker():
            tried = cast.alice.api.post(f"tools/{asked['id']}/test/", {"arguments": {"input": "How are you?"}}).json()
        assert (tried["result"], tried["is_error"]) == ("I am well.", False)
        assert Run.objects.get().source == "test"


def test_an_agent_that_asks_people_is_not_waited_for(cast: Cast) -> None:
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url)
        server.queue(asks(("echo", "pay")))
        clerk = agent_with(cast.alice, GATED)
        asked = make_tool(cast.alice, name="ask", type="agent", params={"agent_id": str(clerk.id)})
        with one_worker():
            tried = cast.alice.api.post(f"tools/{asked['id']}/test/", {"arguments": {"input": "Pay."}}).json()
    run = Run.objects.get()
    assert (run.status, tried["result"]["error"]["code"]) == ("waiting", "waiting")
    assert tried["result"]["error"]["message"].endswith(f"/runs/{run.id}/")
