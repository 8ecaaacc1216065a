"""Spans are written by whoever owns the run, once, whatever happens to its worker."""

import asyncio
from collections.abc import Iterator

import pytest
from django.utils.module_loading import import_string
from pytest_django import Settings

from agent_app.engine.providers import transport
from agent_app.models import Run, Span
from agent_app.runnable import ENGINE
from agent_app.runs.spans import Recorded, save_spans
from agent_app.runs.worker import Worker
from config.lib.ids import uuid7
from tests.agents.team_world import start_as, told, tutors
from tests.agents.world import execute, make_agent, make_provider, make_run
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(cast: Cast) -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url, model_ids=["m", "tutor"])
        yield server
        for exchange in server.exchanges:
            exchange.release()


def test_spans_are_written_once_and_only_by_the_owner_of_a_run_that_goes_on(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    going_on = make_run(cast.alice, agent, status="running", finished_at=None, attempt=2)
    ended = make_run(cast.alice, agent, attempt=1)
    spans = {run: [Recorded(type="tool", name="x")] for run in (going_on, ended)}
    save_spans(
        [
            (going_on.id, 1, [Recorded(type="tool", name="stale")]),
            (ended.id, 1, spans[ended]),
            (uuid7(), 1, spans[ended]),
        ]
    )
    assert Span.objects.count() == 0
    for _ in range(2):
        save_spans([(going_on.id, 2, spans[going_on])])
    (span,) = Span.objects.all()
    assert (span.run_id, span.attempt, span.workspace_id) == (going_on.id, 2, cast.alice.workspace_id)
    save_spans([])


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_handed_to_another_worker_keeps_the_spans_of_both(
    cast: Cast, provider: FakeOpenAI, settings: Settings
) -> None:
    settings.RUN_SHUTDOWN_GRACE = 0.05
    triage, _tutor, definition = tutors(cast.alice)
    provider.queue(Script(tool_calls=(ToolCall("transfer_to_history_tutor"),)), Script(hold_after=1))
    run = start_as(cast.alice, triage, definition)
    import_string(ENGINE)

    async def interrupted() -> None:
        worker = Worker()
        task = asyncio.create_task(worker.execute(run.id))
        await asyncio.to_thread(provider.wait_request, 2, deltas=1)
        await worker.shut_down()
        await task
        await transport.close()

    asyncio.run(interrupted())
    assert Run.objects.get(id=run.id).status == "queued"
    assert [row[2] for row in told(run)] == ["", "", "", "cancelled", "cancelled"]
    provider.queue(Script(deltas=("1789.",)))
    assert execute(run).status == "succeeded"
    assert [(span.attempt, span.type) for span in Span.objects.filter(run=run).order_by("started_at", "id")] == [
        (1, "agent"), (1, "generation"), (1, "handoff"), (1, "agent"), (1, "generation"), (2, "agent"), (2, "generation"),
    ]  # fmt: skip
