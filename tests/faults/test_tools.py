"""A worker is killed while a tool is called: the call is not repeated, and the model is told."""

import json

from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked
from tests.faults.conftest import World

HELD = Script(deltas=("I was ", "about ", "to say"), hold_after=2)


def test_a_killed_workers_call_is_not_made_again(world: World) -> None:
    model = world.person.request("GET", f"/agents/{world.agent_id}/", expect=200).json()["model"]
    expert = world.person.create("/agents/", {"name": "Expert", "model": model, "instructions": "Know it all."})
    tool = {"name": "expert", "type": "agent", "params": {"agent_id": expert["id"]}}
    world.person.create(f"/agents/{world.agent_id}/tools/", tool)
    asked = Asked("expert", json.dumps({"input": "What is it?"}))
    world.provider.queue(Script(deltas=("Let me ask. ",), tool_calls=(asked,)), HELD, Script(deltas=("Nobody knows.",)))
    world.start_workers(2)
    follower = world.start()
    world.provider.wait_request(2, deltas=2)
    world.owner(follower.run_id).kill()
    world.lose(follower.run_id)
    assert follower.wait_end()["status"] == "succeeded"
    run = world.check_ended(follower)
    assert run["output"] == "Let me ask. Nobody knows."
    assert len(world.provider.exchanges) == 3, "neither the first turn nor the expert is asked again"
    [told] = [each for each in world.provider.exchanges[2].body["messages"] if each["role"] == "tool"]
    assert json.loads(told["content"])["error"]["code"] == "outcome_unknown"
    calls = world.rows("SELECT status FROM agents_toolcall WHERE run_id = %s", follower.run_id)
    assert [row["status"] for row in calls] == ["unknown"]


def test_an_approved_call_is_not_made_twice_where_its_worker_is_killed_right_after_the_answer(world: World) -> None:
    model = world.person.request("GET", f"/agents/{world.agent_id}/", expect=200).json()["model"]
    expert = world.person.create("/agents/", {"name": "Expert", "model": model, "instructions": "Know it all."})
    tool = {"name": "expert", "type": "agent", "params": {"agent_id": expert["id"]}, "approval": "always"}
    world.person.create(f"/agents/{world.agent_id}/tools/", tool)
    asked = Asked("expert", json.dumps({"input": "What is it?"}))
    world.provider.queue(Script(deltas=("Let me ask. ",), tool_calls=(asked,)), HELD, Script(deltas=("Nobody knows.",)))
    world.start_workers(1)
    follower = world.start()
    call_id = follower.wait_type("approval_required").data["call_id"]
    world.wait(lambda: world.run(follower.run_id)["status"] == "waiting")
    world.workers[0].kill()  # nobody is needed while it waits
    world.start_workers(0)
    world.start_workers(2)
    answer = {"call_id": call_id, "decision": "approve"}
    world.person.request("POST", f"/runs/{follower.run_id}/decisions/", answer, expect=200)
    world.provider.wait_request(2, deltas=2)
    world.owner(follower.run_id).kill()
    world.lose(follower.run_id)
    assert follower.wait_end()["status"] == "succeeded"
    assert world.check_ended(follower)["output"] == "Let me ask. Nobody knows."
    world.person.request("POST", f"/runs/{follower.run_id}/decisions/", answer, expect=409)
    [told] = [each for each in world.provider.exchanges[2].body["messages"] if each["role"] == "tool"]
    assert json.loads(told["content"])["error"]["code"] == "outcome_unknown"
