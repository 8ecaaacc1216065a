"""One Idempotency-Key, one run, however many ask at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tests.fakes.script import Script
from tests.faults.conftest import World

TIMES = 20


def ask(world: World, key: str, message: str = "Hello", **headers: str) -> requests.Response:
    path = f"/agents/{world.agent_id}/run/"
    return world.person.request("POST", path, {"message": message}, headers={"Idempotency-Key": key, **headers})


def test_the_same_key_at_once_starts_one_run(world: World) -> None:
    world.provider.model("m", Script(deltas=("one ", "two"), first_delay=0.3))
    world.start_workers()
    with ThreadPoolExecutor(TIMES) as pool:
        answers = list(pool.map(lambda _: ask(world, "twenty"), range(TIMES)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert all(answer.headers.get("Retry-After") for answer in answers if answer.status_code == 409)
    good: list[dict[str, Any]] = [answer.json() for answer in answers if answer.status_code == 200]
    assert good
    assert len({answer["run_id"] for answer in good}) == 1
    assert len(world.provider.exchanges) == 1
    again = ask(world, "twenty")
    assert (again.status_code, again.json()["run_id"], again.json()["output"]) == (200, good[0]["run_id"], "one two")
    assert len(world.rows("SELECT 1 FROM agents_run WHERE agent_id = %s", world.agent_id)) == 1
    follower = world.follow(good[0]["run_id"])
    follower.wait_end()
    world.check_ended(follower)


def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    world.start_workers()
    assert ask(world, "twice").status_code == 200
    refused = ask(world, "twice", message="Another")
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")
    assert len(world.provider.exchanges) == 1


def test_a_repeated_stream_replays_the_same_run(world: World) -> None:
    world.start_workers()
    path, body = f"/agents/{world.agent_id}/run/", {"message": "Hello", "stream": True}
    headers = {"Idempotency-Key": "stream"}
    first, second = (world.person.request("POST", path, body, expect=200, headers=headers).text for _ in range(2))
    assert "run_finished" in first
    assert first.replace(": ping\n\n", "") == second.replace(": ping\n\n", "")
    assert len(world.provider.exchanges) == 1
