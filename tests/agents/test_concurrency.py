"""How many runs of a workspace are under way at once: a cap that holds in a race, a line, and a place in it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery import current_app
from django.db import connections
from pytest_django import DjangoAssertNumQueries

from agent_app.models import Agent, Run, RunStatus
from agent_app.runs import claims, ending, limits, reaper
from agent_app.runs.events import Event
from agent_app.runs.reader import follow
from agent_app.runs.registry import Outcome, Produced
from config.lib.errors import Throttled
from tests.agents.world import make_agent, make_provider, make_run, start
from tests.cast import Cast, Person


@pytest.fixture
def agent(cast: Cast) -> Agent:
    make_provider(cast.alice)
    return make_agent(cast.alice, model="fake/m")


def queued(person: Person, agent: Agent, *, concurrency: int, total: int = 1) -> list[Run]:
    rows = {"status": RunStatus.QUEUED, "finished_at": None, "concurrency": concurrency}
    return [make_run(person, agent, **rows) for _number in range(total)]


def statuses() -> list[str]:
    return list(Run.objects.order_by("created_at").values_list("status", flat=True))


def end(run: Run) -> None:
    run.refresh_from_db()
    ending.finish(run, Outcome(status=RunStatus.SUCCEEDED), Produced(), [], 0)


@pytest.mark.django_db
@pytest.mark.usefixtures("one_window")
def test_a_person_and_an_agent_have_so_many_starts_a_minute(cast: Cast, agent: Agent, settings: Any) -> None:
    settings.THROTTLE_RUNS = 2
    for _number in range(2):
        start(cast.alice, agent)
    with pytest.raises(Throttled) as refused:
        start(cast.alice, agent)
    assert (refused.value.status, int(refused.value.headers["Retry-After"]) > 0, Run.objects.count()) == (429, True, 2)
    settings.THROTTLE_AGENT_RUNS = 1
    start(cast.bob, agent)
    settings.THROTTLE_RUNS = 0
    with pytest.raises(Throttled):
        start(cast.carol, agent)
    start(cast.carol, make_agent(cast.alice, model="fake/m"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_window")
def test_a_program_is_told_when_the_agent_or_its_person_may_start_again(
    cast: Cast, agent: Agent, settings: Any
) -> None:
    settings.THROTTLE_AGENT_RUNS = 1
    start(cast.bob, agent)
    address = f"agents/{agent.id}/run/"
    for person in (cast.alice, cast.bob):
        refused = person.api.post(address, {"message": "Hello"})
        assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
        assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_a_run_remembers_the_workspaces_cap_and_takes_a_place(cast: Cast, agent: Agent, settings: Any) -> None:
    settings.LIMIT_CONCURRENT_RUNS = 1
    first, second = start(cast.alice, agent, "One"), start(cast.alice, agent, "Two")
    assert (first.concurrency, second.concurrency) == (1, 1)
    assert limits.take(first.id, "w", 15)
    assert not limits.take(second.id, "w", 15)
    first.refresh_from_db()
    assert (first.status, first.slot, first.attempt) == ("running", 1, 1)
    end(first)
    assert limits.take(second.id, "w", 15)


@pytest.mark.django_db
def test_without_a_cap_there_is_no_line(cast: Cast, agent: Agent, settings: Any) -> None:
    settings.LIMIT_CONCURRENT_RUNS = 0
    runs = [start(cast.alice, agent, str(number)) for number in range(3)]
    assert all(limits.take(run.id, "w", 15) for run in runs)
    assert limits.position(start(cast.alice, agent, "More").id) is None


@pytest.mark.django_db
def test_children_and_other_workspaces_have_no_part_in_it(cast: Cast, agent: Agent) -> None:
    (parent,) = queued(cast.alice, agent, concurrency=1)
    child = make_run(cast.alice, agent, status="queued", finished_at=None, parent=parent)
    (theirs,) = queued(cast.dave, make_agent(cast.dave), concurrency=1)
    assert all(limits.take(run.id, "w", 15) for run in (parent, child, theirs))


@pytest.mark.django_db
def test_a_place_costs_the_claim_no_more_than_one_statement(
    cast: Cast, agent: Agent, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    (run,) = queued(cast.alice, agent, concurrency=5)
    with django_assert_num_queries(1):
        assert limits.take(run.id, "w", 15)


@pytest.mark.django_db(transaction=True)
def test_the_cap_holds_when_all_are_claimed_at_the_same_moment(cast: Cast, agent: Agent, settings: Any) -> None:
    settings.LIMIT_CONCURRENT_RUNS = 3
    runs = [start(cast.alice, agent, str(number)) for number in range(10)]

    def claim(run: Run) -> bool:
        try:
            return claims.claim(run.id, "w") is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        taken = list(pool.map(claim, runs))
    assert sum(taken) == 3
    assert sorted(Run.objects.filter(status="running").values_list("slot", flat=True)) == [1, 2, 3]
    assert statuses().count("queued") == 7


@pytest.mark.django_db
def test_who_ends_calls_the_oldest_that_wait_as_many_as_there_are_places(cast: Cast, agent: Agent) -> None:
    runs = queued(cast.alice, agent, concurrency=2, total=5)
    for run in runs[:2]:
        limits.take(run.id, "w", 15)
    assert limits.next_in_line(runs[0]) == []
    end(runs[0])
    assert limits.next_in_line(runs[0]) == [runs[2].id]
    end(runs[1])
    assert limits.next_in_line(runs[1]) == [runs[2].id, runs[3].id]


@pytest.mark.django_db
def test_the_place_in_line_counts_from_one_and_moves_up(cast: Cast, agent: Agent) -> None:
    runs = queued(cast.alice, agent, concurrency=1, total=3)
    assert [limits.position(run.id) for run in runs] == [1, 2, 3]
    limits.take(runs[0].id, "w", 15)
    assert [limits.position(run.id) for run in runs] == [None, 1, 2]
    answers = [cast.carol.api.get(f"runs/{run.id}/").json() for run in runs]
    assert [(answer["status"], answer["queue_position"]) for answer in answers] == [
        ("running", None), ("queued", 1), ("queued", 2),
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_whoever_watches_is_told_the_place_without_a_number(cast: Cast, agent: Agent) -> None:
    runs = queued(cast.alice, agent, concurrency=1, total=3)
    limits.take(runs[0].id, "w", 15)

    async def first() -> Event:
        async for event in follow(runs[2].id):
            if event is not None:
                return event
        raise AssertionError("the stream ended")

    told = asyncio.run(first())
    assert told.payload() == {"type": "queued", "run_id": str(runs[2].id), "position": 2}
    assert b"id:" not in told.sse()
    page = cast.alice.browser().get(f"/runs/{runs[2].id}/").content.decode()
    assert "place 2 in the queue" in page


@pytest.mark.django_db(transaction=True)
def test_the_reaper_wakes_only_those_that_could_begin(cast: Cast, agent: Agent, settings: Any) -> None:
    settings.RUN_REENQUEUE_AFTER = -1
    runs = queued(cast.alice, agent, concurrency=1, total=2)
    Run.objects.update(enqueued_at=runs[0].created_at)
    limits.take(runs[0].id, "w", 15)
    with current_app.connection_for_read() as connection:
        queue = connection.SimpleQueue("runs")
        queue.clear()
        assert reaper.reap() == 0
        end(runs[0])
        assert reaper.reap() == 1
        assert queue.get(timeout=30).payload[0][0] == str(runs[1].id)
