"""The web process dies and comes back; whoever follows a run goes on from the last number and misses nothing."""

from tests.fakes.script import Script
from tests.faults.conftest import World

HELD = Script(tokens=60, hold_after=20)


def test_readers_go_on_after_the_web_process_was_killed(world: World) -> None:
    world.provider.queue(HELD)
    world.start_workers()
    starter = world.start()
    starter.wait_text(Script(tokens=20).text)
    second = world.follow(starter.run_id)
    second.wait_text(Script(tokens=20).text)
    web = world.stack.children["web"]
    web.kill()
    world.provider.exchanges[0].release()
    web.start()
    for follower in (starter, second):
        assert follower.wait_end()["status"] == "succeeded"
        assert follower.connections == 2
        assert follower.text == HELD.text
        world.check_ended(follower)
    assert [each.raw for each in starter.events] == [each.raw for each in second.events]
    assert len(world.provider.exchanges) == 1


def test_a_run_ends_while_no_web_process_is_there(world: World) -> None:
    world.provider.queue(HELD)
    world.start_workers()
    follower = world.start()
    follower.wait_text(Script(tokens=20).text)
    web = world.stack.children["web"]
    web.kill()
    world.provider.exchanges[0].release()
    ended = "SELECT 1 FROM agents_run WHERE id = %s AND finished_at IS NOT NULL"
    world.wait(lambda: world.rows(ended, follower.run_id))
    web.start()
    assert follower.wait_end()["status"] == "succeeded"
    assert follower.text == HELD.text
    world.check_ended(follower)


def test_reconnecting_past_the_end_has_no_content(world: World) -> None:
    world.start_workers()
    follower = world.start()
    follower.wait_end()
    headers = {"Last-Event-ID": str(follower.events[-1].seq), "Accept": "text/event-stream"}
    world.person.request("GET", f"/runs/{follower.run_id}/events/", headers=headers, expect=204)
