"""Traces over the API: of a run, of an agent, and what they add up to."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from agent_app.models import Agent, Run, Span
from agent_app.runs.spans import MOST_INLINE, body
from agent_app.traces import first_error
from billing.models import Rate
from tests.agents.team_world import start_as, tutors
from tests.agents.world import execute, make_agent, make_run
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

pytestmark = pytest.mark.django_db


def make_span(run: Run, kind: str = "generation", **fields: object) -> Span:
    began = timezone.now()
    values = {
        "name": "m",
        "model": "fake/m",
        "attempt": 1,
        "started_at": began,
        "ended_at": began,
        "agent_id": run.agent_id,
    }
    return Span.objects.create(workspace_id=run.workspace_id, run=run, type=kind, **values | fields)


@pytest.mark.django_db(transaction=True)
def test_a_trace_tells_what_was_asked_said_used_paid_and_handed_over(
    cast: Cast, provider: FakeOpenAI, settings: Settings
) -> None:
    settings.BILLING_OWN_KEY = "priced"
    Rate.objects.create(reference="custom/tutor", per_1k_tokens=2)
    triage, tutor, definition = tutors(cast.alice)
    provider.queue(
        Script(tool_calls=(ToolCall("transfer_to_history_tutor"),)), Script(deltas=("1789.",), prompt_tokens=99)
    )
    run = execute(start_as(cast.alice, triage, definition, "When?"))
    trace = cast.carol.api.get(f"runs/{run.id}/trace/").json()
    assert trace == cast.carol.api.get(f"traces/{run.trace_id}/").json()
    assert (trace["trace_id"], trace["run_id"], len(trace["spans"])) == (run.trace_id, str(run.id), 5)
    assert set(trace["spans"][0]) >= {
        "id", "parent_id", "type", "name", "started_at", "ended_at", "input", "output", "usage", "cost", "error",
    }  # fmt: skip
    first, _asked, handoff, second, answered = trace["spans"]
    assert handoff["output"] == {
        "from": "Triage", "to": "History Tutor", "from_agent_id": str(triage.id), "to_agent_id": str(tutor.id),
    }  # fmt: skip
    assert answered["output"][0]["content"][0]["text"] == "1789."
    assert (answered["parent_id"], answered["usage"]["total_tokens"], answered["error"]) == (second["id"], 100, None)
    assert answered["cost"] == second["cost"] != "0.0000"
    assert f"{run.credits:.4f}" == f"{sum(float(span['cost']) for span in (first, second)):.4f}"
    listed = cast.carol.api.get(f"agents/{triage.id}/traces/?limit=1").json()
    assert (listed["count"], listed["results"][0]["span_count"], listed["results"][0]["error_count"]) == (1, 5, 0)
    assert listed["results"][0]["run_id"] == str(run.id)
    stats = cast.carol.api.get(f"agents/{triage.id}/stats/").json()
    assert stats["handoffs"] == {
        "from": [], "to": [{"agent_id": str(tutor.id), "name": "History Tutor", "count": 1}],
    }  # fmt: skip
    received = cast.carol.api.get(f"agents/{tutor.id}/stats/").json()
    assert received["handoffs"]["from"] == [{"agent_id": str(triage.id), "name": "Triage", "count": 1}]
    assert [(row["model"], row["calls"], row["cost"]) for row in received["models"]] == [
        ("fake/tutor", 1, answered["cost"]),
    ]  # fmt: skip


def test_statistics_count_errors_and_times_of_the_last_month(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    run, now = make_run(cast.alice, agent), timezone.now()
    for seconds in (1, 2, 3):
        make_span(run, started_at=now - timedelta(seconds=seconds), ended_at=now, usage={"prompt_tokens": 10})
    make_span(run, started_at=now - timedelta(seconds=2), ended_at=now, error={"code": "provider_error"})
    make_span(run, started_at=now - timedelta(days=31), ended_at=now)
    (row,) = cast.bob.api.get(f"agents/{agent.id}/stats/").json()["models"]
    assert (row["calls"], row["errors"], row["error_rate"], row["prompt_tokens"]) == (4, 1, 0.25, 30)
    assert (row["p50_ms"], row["p95_ms"]) == (2000, 2850)


def test_the_list_of_traces_asks_no_more_of_the_database_for_more_of_them(cast: Cast) -> None:
    agent = make_agent(cast.alice)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert cast.alice.api.get(f"agents/{agent.id}/traces/").status_code == 200
        return len(captured)

    make_span(make_run(cast.alice, agent))
    few = queries()
    for _ in range(5):
        make_span(make_run(cast.alice, agent))
    assert queries() == few


def test_a_stranger_finds_no_trace(cast: Cast) -> None:
    run = make_run(cast.alice, make_agent(cast.alice))
    make_span(run)
    for address in (f"runs/{run.id}/trace/", f"traces/{run.trace_id}/", f"agents/{run.agent_id}/traces/"):
        assert cast.dave.api.get(address).status_code == 404
    assert cast.alice.api.get("traces/trace_none/").status_code == 404


def test_the_first_error_is_the_one_inside(cast: Cast) -> None:
    agent: Agent = make_agent(cast.alice)
    run = make_run(cast.alice, agent)
    above = make_span(run, "agent", error={"code": "provider_error"})
    make_span(run, parent_id=above.id)
    inner = make_span(run, parent_id=above.id, error={"code": "provider_error"})
    spans = list(Span.objects.order_by("started_at"))
    assert first_error(spans) == inner
    assert first_error([above]) == above
    assert first_error([]) is None


def test_a_try_that_another_made_up_for_is_not_where_it_went_wrong(cast: Cast) -> None:
    run = make_run(cast.alice, make_agent(cast.alice))
    refused = make_span(run, error={"code": "provider_error"}, details={"try": 1})
    answered = make_span(run, details={"try": 2, "call": str(refused.id)})
    tool = make_span(run, "tool", error={"code": "tool_error"})
    assert first_error([refused, answered, tool]) == tool
    assert first_error([refused, answered]) == refused


def test_bodies_are_capped_and_hold_no_keys() -> None:
    assert body({"a": ["Bearer abcdefghijklmnop", "x\nsk-abcdefghijklmnop\0"], "n": 1}) == {
        "a": ["[redacted]", "x\n[redacted]"], "n": 1,
    }  # fmt: skip
    shortened = body({"text": "x" * (MOST_INLINE + 1)})
    assert (shortened["truncated"], shortened["bytes"], len(shortened["head"])) == (
        True,
        MOST_INLINE + 12,
        MOST_INLINE // 2,
    )
    assert body(None) is None
    assert isinstance(body({"bad": "\ud800"})["bad"], str)
