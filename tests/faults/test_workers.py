"""Workers die, leave and fall asleep in the middle of an answer; the run ends all the same, once."""

import signal

import pytest

from tests.fakes.script import Script
from tests.faults.conftest import World

WORDS = ("one ", "two ", "three ", "four")
HELD = Script(deltas=WORDS, hold_after=2)
WHOLE = Script(deltas=WORDS)


def test_a_killed_workers_run_is_finished_by_another(world: World) -> None:
    world.provider.queue(HELD, WHOLE)
    world.start_workers(2)
    follower = world.start()
    follower.wait_text("one two ")
    world.owner(follower.run_id).kill()
    world.lose(follower.run_id)
    assert follower.wait_end()["status"] == "succeeded"
    assert follower.types.count("content_reset") == 1
    assert follower.text == "".join(WORDS)
    run = world.check_ended(follower)
    assert run["output"] == "".join(WORDS)
    assert run["usage"]["completion_tokens"] > len(WORDS), "what the lost worker had received counts too"
    assert len(world.provider.exchanges) == 2
    assert follower.connections == 1, "the client needs not to know"


def test_a_run_that_costs_every_worker_its_life_is_failed(world: World) -> None:
    world.provider.queue(HELD, HELD, HELD, WHOLE)
    world.start_workers(3)
    follower = world.start()
    for number in (1, 2, 3):
        follower.wait_words("one two ", resets=number - 1)
        world.owner(follower.run_id).kill()
        world.lose(follower.run_id)
    end = follower.wait_end()
    assert (end["status"], end["reason"]) == ("failed", "worker_lost")
    run = world.check_ended(follower)
    assert run["output"] == "one two ", "what was produced is kept"
    assert len(world.provider.exchanges) == 3


def test_a_worker_told_to_stop_hands_its_run_over_at_once(world: World) -> None:
    world.provider.queue(HELD, WHOLE)
    world.start_workers(2)
    follower = world.start()
    follower.wait_text("one two ")
    owner = world.owner(follower.run_id)
    owner.send(signal.SIGTERM)
    assert follower.wait_end()["status"] == "succeeded"
    [row] = world.rows("SELECT attempt, takeovers FROM agents_run WHERE id = %s", follower.run_id)
    assert (row["attempt"], row["takeovers"]) == (2, 0), "handed over, not taken once its lease was over"
    assert world.provider.exchanges[0].outcome == "client_closed"
    assert follower.text == "".join(WORDS)
    world.check_ended(follower)
    assert world.wait(lambda: owner.process is not None and owner.process.poll() is not None)
    assert owner.process is not None
    assert owner.process.returncode == 0


def test_a_run_that_is_nearly_done_ends_before_its_worker_stops(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.provider.queue(HELD)
    world.start_workers(0)
    monkeypatch.setitem(world.stack.variables, "FAULTS_SHUTDOWN_GRACE", "60")
    world.start_workers()
    follower = world.start()
    follower.wait_text("one two ")
    world.workers[0].send(signal.SIGTERM)
    world.provider.exchanges[0].release()
    assert follower.wait_end()["status"] == "succeeded"
    assert "content_reset" not in follower.types
    world.check_ended(follower)


def test_a_run_waits_for_a_worker_and_is_then_done(world: World) -> None:
    world.start_workers(0)
    run_id = world.queue()
    follower = world.follow(run_id)
    assert world.run(run_id)["status"] == "queued"
    world.start_workers()
    assert follower.wait_end()["status"] == "succeeded"
    world.check_ended(follower)
