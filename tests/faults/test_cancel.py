"""Cancelling: at once, keeping the text, whoever is there to obey."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.fakes.script import Script
from tests.faults.conftest import World

HELD = Script(deltas=("one ", "two ", "three"), hold_after=2)


def test_a_cancel_closes_the_providers_stream_within_half_a_second_and_keeps_the_text(world: World) -> None:
    world.start_workers()
    took: list[tuple[float, float, float]] = []
    while not any(closed < 0.5 + slow and told < 1.0 + slow for closed, told, slow in took):
        assert len(took) < 8, f"too late each time, which no busy machine explains: {took}"
        slow = 4 * pace(world)
        took.append((*cancelled(world), slow))


def pace(world: World) -> float:
    """How long this machine takes just now for a plain question: milliseconds, where it has nothing else to do."""
    asked = time.monotonic()
    world.person.request("GET", "/users/me/", expect=200)
    return time.monotonic() - asked


def cancelled(world: World) -> tuple[float, float]:
    """How long it took until the provider's stream was closed, and until the reader was told."""
    world.provider.queue(HELD)
    follower = world.start()
    follower.wait_text("one two ")
    exchange = world.provider.exchanges[-1]
    asked = time.monotonic()
    answer = world.cancel(follower.run_id)
    assert world.provider.wait_end(exchange) == "client_closed"
    assert answer["run_id"] == follower.run_id
    end = follower.wait_end()
    assert (end["status"], end["reason"]) == ("cancelled", "user_cancelled")
    run = world.check_ended(follower)
    assert (run["output"], follower.text) == ("one two ", "one two ")
    assert run["usage"]["completion_tokens"] > 0, "received text is paid for"
    return (exchange.ended_at or asked) - asked, follower.events[-1].at - asked


def test_cancelling_twice_is_cancelling_once(world: World) -> None:
    world.provider.queue(HELD)
    world.start_workers()
    follower = world.start()
    follower.wait_text("one two ")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: world.cancel(follower.run_id), range(2)))
    assert {answer["run_id"] for answer in answers} == {follower.run_id}
    assert follower.wait_end()["status"] == "cancelled"
    assert world.cancel(follower.run_id)["status"] == "cancelled"
    world.check_ended(follower)


def test_a_run_that_ended_otherwise_cannot_be_cancelled(world: World) -> None:
    world.start_workers()
    follower = world.start()
    follower.wait_end()
    assert world.cancel(follower.run_id, expect=409)["code"] == "run_ended"
    assert world.check_ended(follower)["status"] == "succeeded"


def test_a_queued_run_is_cancelled_at_once_and_never_executed(world: World) -> None:
    world.start_workers(0)
    run_id = world.queue()
    follower = world.follow(run_id)
    assert world.cancel(run_id)["status"] == "cancelled"
    assert follower.wait_end()["reason"] == "user_cancelled"
    world.start_workers()
    later = world.start(message="later")
    later.wait_end()
    assert [each.body["messages"][-1]["content"] for each in world.provider.exchanges] == ["later"]
    world.check_ended(follower)


def test_a_run_whose_worker_is_dead_is_cancelled_too(world: World) -> None:
    world.provider.queue(HELD)
    world.start_workers(2)
    follower = world.start()
    follower.wait_text("one two ")
    world.owner(follower.run_id).kill()
    world.cancel(follower.run_id)
    world.lose(follower.run_id)
    end = follower.wait_end()
    assert (end["status"], end["reason"]) == ("cancelled", "user_cancelled")
    run = world.check_ended(follower)
    assert run["output"] == "one two "
    assert len(world.provider.exchanges) == 1


def test_an_endless_answer_is_cancelled_as_well(world: World) -> None:
    world.provider.queue(Script(tokens=None, rate=200))
    world.start_workers()
    follower = world.start()
    follower.wait(lambda all_: len(all_) > 20)
    world.cancel(follower.run_id)
    assert follower.wait_end()["status"] == "cancelled"
    run = world.check_ended(follower)
    assert run["output"] == follower.text


def test_a_client_that_leaves_cancels_nothing(world: World) -> None:
    world.provider.queue(HELD)
    world.start_workers()
    leaver = world.start()
    leaver.wait_text("one two ")
    leaver.stop()
    leaver.join(60)
    world.provider.exchanges[0].release()
    follower = world.follow(leaver.run_id, after=leaver.events[-1].seq)
    assert follower.wait_end()["status"] == "succeeded"
    assert world.provider.exchanges[0].outcome == "complete"
    assert leaver.text + follower.text == "one two three"
    assert world.check_ended(follower)["output"] == "one two three"
