"""A worker with a run in its hands that does not go by the book: cancelled, shut down, too slow, robbed, broken."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from pytest_django import Settings

from agent_app.engine.providers import transport
from agent_app.models import Agent, AgentSnapshot, Message, Run
from agent_app.runnable import ENGINE
from agent_app.runs import claims, lifecycle, reaper
from agent_app.runs.events import Event, encode
from agent_app.runs.log import save_events
from agent_app.runs.worker import Worker
from config.lib.db import in_db
from tests import clock
from tests.agents.world import execute, followed, make_agent, make_provider, start, stored, text_of
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.recording import Exchange
from tests.fakes.script import Script

pytestmark = pytest.mark.django_db(transaction=True)

HELD = Script(deltas=("one ", "two ", "three"), hold_after=2)
Act = Callable[[Worker, Exchange], Awaitable[object]]


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server
        for exchange in server.exchanges:
            exchange.release()


@pytest.fixture
def agent(cast: Cast, provider: FakeOpenAI) -> Agent:
    make_provider(cast.alice, provider.base_url)
    return make_agent(cast.alice, model="fake/m")


def interrupted(run: Run, provider: FakeOpenAI, act: Act, heard: str = "one two ") -> Run:
    """Execute; once the worker has ``heard`` so much, ``act``; then to the end. Answers the run as it is stored."""

    import_string(ENGINE)  # as a worker does before its first run: it takes seconds

    async def live() -> None:
        worker = Worker()
        task = asyncio.create_task(worker.execute(run.id))
        exchange = await asyncio.to_thread(provider.wait_request, 1)
        while worker.active[run.id].context.produced.content != heard:  # noqa: ASYNC110  (it announces nothing)
            await asyncio.sleep(0.01)
        await act(worker, exchange)
        await task
        await worker.shut_down()
        await transport.close()

    asyncio.run(live())
    run.refresh_from_db()
    return run


def test_a_cancel_stops_the_provider_and_keeps_the_text(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(HELD)

    async def cancel(worker: Worker, exchange: Exchange) -> None:
        await in_db(lifecycle.cancel, run)

    run = start(cast.alice, agent)
    run = interrupted(run, provider, cancel)
    assert (run.status, run.reason, run.output) == ("cancelled", "user_cancelled", "one two ")
    answer = Message.objects.get(id=run.message_id)
    assert (answer.content, answer.complete) == ("one two ", False)
    assert provider.wait_end(provider.exchanges[0]) == "client_closed"
    assert [event.type for event in followed(run)][-2:] == ["message_complete", "run_finished"]


def test_a_worker_that_stops_hands_its_run_over(
    cast: Cast, agent: Agent, provider: FakeOpenAI, settings: Settings
) -> None:
    settings.RUN_SHUTDOWN_GRACE = 0.1
    provider.queue(HELD, Script(deltas=("four",)))

    async def stop(worker: Worker, exchange: Exchange) -> None:
        await worker.shut_down()

    run = interrupted(start(cast.alice, agent), provider, stop)
    assert (run.status, run.attempt, run.takeovers) == ("queued", 1, 0)
    assert text_of(followed_so_far(run)) == "one two "
    run = execute(run)
    assert (run.status, run.attempt, run.output) == ("succeeded", 2, "four")
    told = followed(run)
    assert [event.seq for event in told] == list(range(1, run.last_seq + 1))
    assert [event.type for event in told].count("content_reset") == 1
    assert [event.type for event in told].count("run_started") == 1
    assert Message.objects.get(id=run.message_id).content == "four"


def followed_so_far(run: Run) -> list[Event]:
    return [Event(row.seq, row.type, row.data.encode()) for row in stored(run)]


def test_a_worker_that_was_believed_dead_writes_no_more(
    cast: Cast, agent: Agent, provider: FakeOpenAI, settings: Settings
) -> None:
    settings.RUN_HEARTBEAT = 0.1
    provider.queue(HELD)

    @transaction.atomic  # else the worker's heartbeat may renew its lease before the reaper looks
    def rob() -> None:
        Run.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        assert reaper.reap() == 1
        assert claims.claim(run.id, "another") is not None

    async def robbed(worker: Worker, exchange: Exchange) -> None:
        await in_db(rob)

    run = start(cast.alice, agent)
    run = interrupted(run, provider, robbed)
    assert (run.status, run.worker, run.attempt, run.takeovers) == ("running", "another", 2, 1)
    assert provider.wait_end(provider.exchanges[0]) == "client_closed"
    assert "run_finished" not in [row.type for row in stored(run)]


@pytest.mark.parametrize(("script", "status"), [(HELD, "partial"), (Script(hold_after=0), "failed")])
def test_a_run_ends_when_its_time_is_over(
    cast: Cast, agent: Agent, provider: FakeOpenAI, settings: Settings, script: Script, status: str
) -> None:
    settings.PROVIDER_STALL_TIMEOUT = settings.RUN_ACTIVE_TIME * 2  # it is the run's time that is over first
    provider.queue(script)

    async def later(worker: Worker, exchange: Exchange) -> None:
        clock.forward(settings.RUN_ACTIVE_TIME)

    said = "one two " if status == "partial" else ""
    run = interrupted(start(cast.alice, agent), provider, later, said)
    assert (run.status, run.reason, run.error["code"]) == (status, "timeout", "timeout")
    assert run.output == (said or None)


def test_a_fault_of_ours_ends_the_run_and_tells_no_details(cast: Cast, agent: Agent) -> None:
    run = start(cast.alice, agent)
    AgentSnapshot.objects.update(definition={"odd": "of ours"})
    run = execute(run)
    assert (run.status, run.reason, run.error["code"]) == ("failed", "error", "error")
    assert "KeyError" not in str(run.error)
    assert followed(run)[-1].payload()["status"] == "failed"


def test_a_message_delivered_twice_is_executed_once(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    run = execute(start(cast.alice, agent))
    assert execute(run).attempt == 1
    assert len(provider.exchanges) == 1


class TestReaper:
    def lost(self, run: Run, **fields: object) -> Run:
        """The run as a worker left it that was killed a while ago, after it had said something."""
        claim = claims.claim(run.id, "killed")
        assert claim is not None
        said = [encode(run.id, 1, "content_delta", {"delta": "So far"})]
        save_events([(run.id, claim.run.attempt, said)])
        past = timezone.now() - timedelta(seconds=1)
        Run.objects.filter(id=run.id).update(lease_expires_at=past, **fields)
        return run

    def test_it_gives_a_lost_run_to_another_worker(self, cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
        provider.queue(Script(deltas=("Anew",)))
        run = self.lost(start(cast.alice, agent))
        assert reaper.reap() == 1
        assert reaper.reap() == 0
        run = execute(run)
        assert (run.status, run.takeovers, run.output) == ("succeeded", 1, "Anew")
        assert [event.type for event in followed(run)][:2] == ["content_delta", "content_reset"]

    def test_it_fails_a_run_that_has_cost_two_workers(self, cast: Cast, agent: Agent, settings: Settings) -> None:
        run = self.lost(start(cast.alice, agent), takeovers=settings.RUN_MAX_TAKEOVERS)
        assert reaper.reap() == 1
        run.refresh_from_db()
        assert (run.status, run.reason, run.output) == ("failed", "worker_lost", "So far")
        assert [event.type for event in followed(run)] == ["content_delta", "error", "run_finished"]

    def test_it_cancels_where_no_worker_is_left_to_obey(self, cast: Cast, agent: Agent) -> None:
        run = self.lost(start(cast.alice, agent), cancel_requested_at=timezone.now())
        assert reaper.reap() == 1
        run.refresh_from_db()
        assert (run.status, run.reason, run.output) == ("cancelled", "user_cancelled", "So far")

    def test_it_leaves_the_living_alone(self, cast: Cast, agent: Agent) -> None:
        run = start(cast.alice, agent)
        assert claims.claim(run.id, "alive") is not None
        assert reaper.reap() == 0
