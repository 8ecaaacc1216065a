"""Workers that sleep longer than their lease and wake again: the stale one can write no more."""

import signal

from tests.fakes.script import Script
from tests.faults.conftest import World

WORDS = ("one ", "two ", "three ", "four")
HELD = Script(deltas=WORDS, hold_after=2)
WHOLE = Script(deltas=WORDS)


def test_a_worker_that_slept_too_long_can_write_no_more(world: World) -> None:
    stale = Script(deltas=("one ", "two ", "STALE ", "STALE"), hold_after=2)
    world.provider.queue(stale, HELD)
    world.start_workers(2)
    follower = world.start()
    follower.wait_text("one two ")
    owner = world.owner(follower.run_id)
    (other,) = world.others(owner)
    for worker in (owner, other):
        worker.send(signal.SIGSTOP)
    world.lose(follower.run_id)
    other.send(signal.SIGCONT)
    second = world.provider.wait_request(2, deltas=2)
    follower.wait_words("one two ", resets=1)
    world.provider.exchanges[0].release()
    owner.send(signal.SIGCONT)
    world.provider.wait_end(world.provider.exchanges[0])
    # The stale one has had its whole answer, or was told to drop it: it tries to store the end, or gives up.
    assert world.run(follower.run_id)["status"] == "running"
    second.release()
    assert follower.wait_end()["status"] == "succeeded"
    assert follower.text == "".join(WORDS)
    assert not any("STALE" in each.raw for each in follower.events)
    run = world.check_ended(follower)
    assert run["output"] == "".join(WORDS)


def test_workers_that_slept_and_wake_together_end_the_run_once(world: World) -> None:
    world.provider.queue(HELD, WHOLE)
    world.start_workers(2)
    follower = world.start()
    follower.wait_text("one two ")
    for worker in world.workers:
        worker.send(signal.SIGSTOP)
    world.lose(follower.run_id)
    world.provider.exchanges[0].release()
    for worker in world.workers:
        worker.send(signal.SIGCONT)
    assert follower.wait_end()["status"] == "succeeded"
    assert follower.text == "".join(WORDS)
    world.check_ended(follower)
