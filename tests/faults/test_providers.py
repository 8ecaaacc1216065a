"""Providers refuse, stall, cut and babble: each run ends with a reason, keeps its text, and never shows the key."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.benchmarks.stack import PROVIDER_KEY, Child, Stack, closed_port
from tests.fakes.script import Fault, Script
from tests.faults.conftest import MODEL, World
from tests.faults.follower import Follower


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    environment = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", "FAULTS_STALL_TIMEOUT": "4"}
    with Stack(environment=environment) as running:
        running.start("web", "beat", "worker-cpu")
        yield running


@pytest.fixture(scope="module")
def module_worker(stack: Stack) -> Child:
    return stack.child("worker-runs", "runs-providers").start()


@pytest.fixture(autouse=True)
def _worker(module_worker: Child) -> None:
    """One worker serves all these tests: they do it no harm."""


@pytest.fixture(autouse=True)
def _closed_circuits(world: World) -> None:
    """All these tests have one provider, which fails more often than a circuit bears."""
    with world.valkey() as client:
        for key in client.scan_iter("breaker:*"):
            client.delete(key)


def ended(world: World, script: Script, seen: str = "") -> tuple[dict[str, Any], dict[str, Any], Follower]:
    """``(run, data of the error event, follower)`` of a run whose provider follows ``script``, however often asked.

    What the script holds back comes once ``seen`` was seen.
    """
    world.provider.model(MODEL, script)
    follower = world.start()
    if seen:
        follower.wait_text(seen)
        world.provider.exchanges[-1].release()
    follower.wait_end()
    run = world.check_ended(follower)
    error = next((each.data for each in follower.events if each.type == "error"), {})
    everything = "".join(each.raw for each in follower.events) + str(run) + world.stack.log("runs-providers", 200)
    assert PROVIDER_KEY not in everything
    return run, error, follower


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_refusal_is_told_in_the_providers_words(world: World, status: int) -> None:
    run, error, _ = ended(world, Script(status=status, message="Nope: the {key} moon is wrong.", retry_after=1))
    assert (run["status"], run["reason"]) == ("failed", "provider_error")
    assert str(status) in error["error"]
    assert "moon is wrong" in error["error"]


@pytest.mark.parametrize("status", [403, 502])
def test_a_proxys_page_is_not_shown(world: World, status: int) -> None:
    run, error, _ = ended(world, Script(status=status, html=True))
    assert (run["status"], run["reason"]) == ("failed", "provider_error")
    assert "<h1>" not in error["error"]
    assert str(status) in error["error"]


def test_a_provider_that_is_not_there_is_named(world: World) -> None:
    with world.provider.refusing():
        follower = world.start()
        follower.wait_end()
    run = world.check_ended(follower)
    assert (run["status"], run["reason"]) == ("failed", "provider_error")
    error = follower.wait_type("error").data
    assert "cannot be reached" in error["error"]


def test_a_closed_port_is_no_surprise(world: World) -> None:
    with closed_port() as port:
        world.person.provider(f"http://127.0.0.1:{port}/v1", [MODEL], name=f"closed-{port}")
        world.agent_id = world.person.agent(f"closed-{port}/{MODEL}")
        follower = world.start()
        follower.wait_end()
    assert world.check_ended(follower)["reason"] == "provider_error"


def test_silence_ends_the_run_after_a_while(world: World) -> None:
    run, error, _ = ended(world, Script(fault=Fault.STALL_BEFORE_HEADERS))
    assert (run["status"], run["reason"]) == ("failed", "provider_error")
    assert error["code"] == "provider_timeout"
    assert "stopped answering" in error["error"]
    assert world.provider.wait_end(world.provider.exchanges[-1]) == "client_closed"


def test_a_stall_in_mid_stream_keeps_the_text(world: World) -> None:
    run, error, follower = ended(world, Script(deltas=("one ", "two ", "three"), fault=Fault.STALL))
    assert (run["status"], run["reason"]) == ("failed", "provider_error")
    assert error["code"] == "provider_timeout"
    assert (run["output"], follower.text) == ("one two ", "one two ")
    assert world.provider.wait_end(world.provider.exchanges[-1]) == "client_closed"


@pytest.mark.parametrize(
    "fault",
    [
        Fault.RESET, Fault.DROP, Fault.TRUNCATE, Fault.BAD_JSON, Fault.NOT_UTF8, Fault.JSON_ARRAY, Fault.ERROR_OBJECT,
    ],
)  # fmt: skip
def test_a_broken_stream_is_no_success_and_keeps_the_text(world: World, fault: Fault) -> None:
    # It breaks once the first words were seen: a reset throws away what is still on its way.
    script = Script(deltas=("one ", "two ", "three "), fault=fault, hold_after=2)
    run, error, follower = ended(world, script, seen="one two ")
    assert run["status"] in {"partial", "failed"}
    assert run["reason"] == "provider_error"
    assert (run["output"], follower.text) == ("one two ", "one two ")
    assert error["error"]
    assert run["usage"]["completion_tokens"] > 0, "what was received is counted"


def test_an_error_inside_the_stream_is_quoted(world: World) -> None:
    _, error, _ = ended(world, Script(fault=Fault.ERROR_OBJECT, message="The moon fell over."))
    assert "The moon fell over." in error["error"]


def test_a_missing_done_is_forgiven(world: World) -> None:
    script = Script(fault=Fault.NO_DONE, tokens=7)
    run, _, _ = ended(world, script)
    assert (run["status"], run["output"]) == ("succeeded", script.text)


@pytest.mark.parametrize(
    "style",
    [
        {"split": 1}, {"split": 5}, {"crlf": True}, {"comments": True}, {"bare_field": True},
        {"crlf": True, "split": 3, "comments": True},
    ],
)  # fmt: skip
def test_framing_does_not_matter(world: World, style: dict[str, Any]) -> None:
    script = Script(deltas=("Grüß ", "Gott, ", "日本語 ", "🙂\n\n", "data: x\r\n"), **style)
    run, _, follower = ended(world, script)
    assert (run["status"], run["output"], follower.text) == ("succeeded", script.text, script.text)
    assert run["usage"]["completion_tokens"] == 5


def test_a_huge_chunk_is_taken(world: World) -> None:
    run, _, follower = ended(world, Script(deltas=("x" * 1_000_000,)))
    assert run["status"] == "succeeded"
    assert len(follower.text) == 1_000_000


def test_an_answer_cut_by_max_tokens_is_partial(world: World) -> None:
    run, _, _ = ended(world, Script(deltas=("one ", "two"), finish_reason="length"))
    assert (run["status"], run["reason"], run["output"]) == ("partial", "max_tokens", "one two")


def test_usage_that_the_provider_does_not_tell_is_counted(world: World) -> None:
    run, _, _ = ended(world, Script(tokens=30, usage=False))
    assert run["status"] == "succeeded"
    assert run["usage"]["completion_tokens"] >= 30
    assert run["usage"]["prompt_tokens"] > 0


def test_an_empty_answer_is_an_answer(world: World) -> None:
    run, _, _ = ended(world, Script(tokens=0))
    assert (run["status"], run["output"] or "") == ("succeeded", "")


@pytest.mark.parametrize(
    ("script", "status"),
    [(Script(status=500), 502), (Script(fault=Fault.STALL_BEFORE_HEADERS), 504), (Script(status=429), 502)],
)
def test_a_call_that_waits_gets_the_trouble_as_its_answer(world: World, script: Script, status: int) -> None:
    world.provider.model(MODEL, script)
    answer = world.person.request("POST", f"/agents/{world.agent_id}/run/", {"message": "Hello"}, expect=status)
    problem = answer.json()
    assert problem["run_id"]
    assert PROVIDER_KEY not in answer.text
    assert world.run(problem["run_id"])["status"] == "failed"


def test_the_worker_has_survived_all_this(world: World, module_worker: Child) -> None:
    run, _, _ = ended(world, Script(tokens=3))
    assert run["status"] == "succeeded"
    module_worker.send(signal.SIGTERM)
    assert world.wait(lambda: module_worker.process is not None and module_worker.process.poll() is not None)
