"""The fault tests' stack: real PostgreSQL, Valkey, beat, web and workers as processes, and a provider that obeys."""

import contextlib
import itertools
import signal
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
import pytest
import redis
from psycopg.rows import dict_row

from tests.benchmarks.stack import Child, Person, Stack
from tests.fakes.openai_wire import FakeOpenAI
from tests.faults.follower import Follower

T = TypeVar("T")
MODEL = "m"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A stack for all files that break only processes which they start again. Workers of runs are started by the tests."""
    with Stack(environment={"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}) as running:
        running.start("web", "beat", "worker-cpu")
        yield running


@pytest.fixture(scope="module")
def workers(stack: Stack) -> list[Child]:
    """The living workers of runs: those that a test has left alive serve the next one, since starting one takes seconds."""
    return [child for name, child in stack.children.items() if name.startswith("runs-") and child.alive]


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Person:
    return stack.register(f"Alice{next(_numbers)}")


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure comes with the last words of every process: it may not be seen again for a long time."""
    report = yield
    world = getattr(item, "funcargs", {}).get("world")
    if report.failed and call.when == "call" and isinstance(world, World):
        report.sections += [(f"log of {name}", world.stack.log(name)) for name in world.stack.children]
    return report


@dataclass
class World:
    """What a fault test acts upon and looks at."""

    stack: Stack
    person: Person
    provider: FakeOpenAI
    agent_id: str
    workers: list[Child]
    followers: list[Follower] = field(default_factory=list)

    def start_workers(self, count: int = 1) -> None:
        """Exactly ``count`` living workers of the queue ``runs``, ready."""
        for worker in self.workers[count:]:
            worker.kill()
        numbers = [next(_numbers) for _ in range(count - len(self.workers))]
        started = [self.stack.child("worker-runs", f"runs-{number}").spawn() for number in numbers]
        self.workers[:] = [*self.workers[:count], *started]
        for child in started:
            child.wait_ready()

    def start(self, **body: Any) -> Follower:
        """Start a run by the API's stream, and follow it."""
        follower = Follower(self.person, agent_id=self.agent_id, **body)
        self.followers.append(follower)
        return follower

    def queue(self, **body: Any) -> str:
        """Start a run without waiting for anything of it; answers its id."""
        body = {"message": "Hello", **body}
        headers = {"Prefer": "respond-async"}
        path = f"/agents/{self.agent_id}/run/"
        return str(self.person.request("POST", path, body, expect=202, headers=headers).json()["run_id"])

    def owner(self, run_id: str) -> Child:
        """The worker that executes the run now."""
        name = str(self.rows("SELECT worker FROM agents_run WHERE id = %s", run_id)[0]["worker"])
        return next(worker for worker in self.workers if name.endswith(f":{worker.pid}"))

    def lose(self, run_id: str) -> None:
        """The lease of the run is over, whose worker is dead or asleep: now, not when its time has come."""
        [row] = self.rows("SELECT worker FROM agents_run WHERE id = %s", run_id)
        past = (
            "UPDATE agents_run SET lease_expires_at = now() - interval '1 second' "
            "WHERE id = %s AND worker = %s AND status = 'running' RETURNING id"
        )
        # Until the reaper has seen it: what the worker had sent last may be written after this.
        self.wait(lambda: not self.rows(past, run_id, row["worker"]), pace=0.2)

    def others(self, owner: Child) -> list[Child]:
        return [worker for worker in self.workers if worker is not owner]

    def follow(self, run_id: str, after: int = 0) -> Follower:
        follower = Follower(self.person, run_id=run_id, after=after)
        self.followers.append(follower)
        return follower

    def run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.person.request("GET", f"/runs/{run_id}/", expect=200).json()
        return found

    def cancel(self, run_id: str, expect: int | None = 200) -> dict[str, Any]:
        answer: dict[str, Any] = self.person.request("POST", f"/runs/{run_id}/cancel/", expect=expect).json()
        return answer

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.stack.urls["DATABASE_URL"], row_factory=dict_row) as connection:
            return connection.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def valkey(self) -> Iterator[redis.Redis]:
        with redis.Redis.from_url(self.stack.urls["REDIS_URL"]) as client:
            yield client

    def wait(self, what: Callable[[], T | None], timeout: float = 60.0, pace: float = 0.05) -> T:
        """The first truthy answer of ``what``, which looks at something that announces nothing (a row, a process)."""
        limit = time.monotonic() + timeout
        while not (found := what()):
            if time.monotonic() > limit:
                raise TimeoutError(f"not so within {timeout} s")
            time.sleep(pace)
        return found

    # What holds at the end of every run, whatever happened to it

    def check_ended(self, follower: Follower) -> dict[str, Any]:
        """The laws of an ended run, as its follower saw it and as it is stored. Answers the Run."""
        numbers = [each.seq for each in follower.events]
        assert numbers == list(range(follower.after + 1, follower.after + 1 + len(numbers))), (
            "seq without gap or repetition"
        )
        assert follower.types.count("run_finished") == 1
        assert follower.types[-1] == "run_finished"
        run = self.run(follower.run_id)
        end = follower.events[-1].data
        assert (run["status"], run.get("reason") or "") == (end["status"], end.get("reason") or "")
        assert run["status"] in {"succeeded", "partial", "failed", "cancelled"}
        self.check_replay(follower)
        used = self.rows("SELECT attempt, step, state FROM billing_hold WHERE run_id = %s", follower.run_id)
        assert len(used) == len({(row["attempt"], row["step"]) for row in used}), "each step is on the bill once"
        assert all(row["state"] != "open" for row in used), "nothing stays held"
        return run

    def check_replay(self, follower: Follower) -> None:
        """A second reader gets the very same events from the start, from Valkey and from the database alike."""
        again = self.follow(follower.run_id)
        again.wait_end()
        live = {each.seq: each.raw for each in follower.events}
        assert {each.seq: each.raw for each in again.events if each.seq > follower.after} == live
        stored = self.rows("SELECT seq, data FROM agents_runevent WHERE run_id = %s ORDER BY seq", follower.run_id)
        assert [(row["seq"], row["data"]) for row in stored] == [(each.seq, each.raw) for each in again.events]


@pytest.fixture
def world(stack: Stack, alice: Person, provider: FakeOpenAI, workers: list[Child]) -> Iterator[World]:
    name = f"fake-{time.time_ns()}"
    alice.provider(provider.base_url, [MODEL], name=name)
    world = World(stack, alice, provider, alice.agent(f"{name}/{MODEL}"), workers)
    yield world
    for follower in world.followers:
        follower.stop()
    for exchange in provider.exchanges:
        exchange.release()
    workers[:] = [worker for worker in workers if worker.alive]
    for worker in workers:
        worker.send(signal.SIGCONT)
    for follower in world.followers:
        follower.join(60)
