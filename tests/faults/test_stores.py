"""Valkey and PostgreSQL go away in the middle of a run and come back; readers lose nothing, the run ends well."""

import signal
from collections.abc import Iterator

import pytest

from tests.benchmarks.stack import Stack
from tests.fakes.script import Script
from tests.faults.conftest import World

TEXT = Script(tokens=40).text
HELD = Script(tokens=40, hold_after=20)


@pytest.fixture(scope="module", params=[True, False], ids=["valkey keeps its data", "valkey loses its data"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    with Stack(environment={"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}, durable=request.param) as running:
        running.start("web", "beat", "worker-cpu")
        yield running


def half_way(world: World) -> str:
    """The id of a run of which twenty words have been seen."""
    world.provider.queue(HELD)
    world.start_workers()
    follower = world.start()
    follower.wait_text(Script(tokens=20).text)
    return follower.run_id


def check_whole(world: World) -> None:
    follower = world.followers[0]
    assert follower.wait_end()["status"] == "succeeded"
    assert follower.text == TEXT
    run = world.check_ended(follower)
    assert run["output"] == TEXT
    assert run["usage"]["completion_tokens"] == 40
    assert len(world.provider.exchanges) == 1


def test_valkey_restarts_while_the_model_speaks(world: World) -> None:
    half_way(world)
    world.stack.valkey.kill()
    world.stack.valkey.start()
    world.provider.exchanges[0].release()
    check_whole(world)


def test_a_run_ends_while_valkey_is_away(world: World) -> None:
    run_id = half_way(world)
    world.stack.valkey.kill()
    try:
        world.provider.exchanges[0].release()
        ended = "SELECT 1 FROM agents_run WHERE id = %s AND finished_at IS NOT NULL"
        world.wait(lambda: world.rows(ended, run_id))
        assert world.followers[0].wait_end()["status"] == "succeeded", "readers need no Valkey"
    finally:
        world.stack.valkey.start()
    check_whole(world)


def test_work_goes_on_after_valkey_came_back(world: World) -> None:
    world.start_workers()
    world.stack.valkey.kill()
    world.stack.valkey.start()
    follower = world.start()
    assert follower.wait_end()["status"] == "succeeded"
    world.check_ended(follower)


def test_a_run_started_without_valkey_is_executed_when_it_is_back(world: World) -> None:
    world.start_workers()
    world.stack.valkey.kill()
    try:
        run_id = world.queue()
    finally:
        world.stack.valkey.start()
    follower = world.follow(run_id)
    assert follower.wait_end()["status"] == "succeeded"
    world.check_ended(follower)
    assert len(world.provider.exchanges) == 1


def test_a_cancel_reaches_the_worker_without_valkey(world: World) -> None:
    run_id = half_way(world)
    world.stack.valkey.kill()
    try:
        world.cancel(run_id)
        assert world.provider.wait_end(world.provider.exchanges[0]) == "client_closed"
        assert world.followers[0].wait_end()["status"] == "cancelled"
    finally:
        world.stack.valkey.start()
    assert world.check_ended(world.followers[0])["output"] == Script(tokens=20).text


def test_postgresql_restarts_while_the_model_speaks(world: World) -> None:
    half_way(world)
    world.stack.postgres.stop(signal.SIGQUIT)
    world.stack.postgres.start()
    world.provider.exchanges[0].release()
    check_whole(world)


def test_an_answer_that_ends_while_postgresql_is_away_is_stored_when_it_is_back(world: World) -> None:
    half_way(world)
    world.stack.postgres.stop(signal.SIGQUIT)
    try:
        world.provider.exchanges[0].release()
        assert world.provider.wait_end(world.provider.exchanges[0]) == "complete"
        world.followers[0].wait_text(TEXT)
    finally:
        world.stack.postgres.start()
    check_whole(world)


def test_work_goes_on_after_postgresql_came_back(world: World) -> None:
    world.start_workers()
    world.start().wait_end()
    world.stack.postgres.stop(signal.SIGQUIT)
    world.stack.postgres.start()
    follower = world.start()
    assert follower.wait_end()["status"] == "succeeded"
    world.check_ended(follower)
