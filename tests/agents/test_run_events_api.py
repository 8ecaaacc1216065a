"""A run's events over HTTP: the same bytes for everybody and at any time, from any number on."""

from collections.abc import Iterator

import orjson
import pytest
from pytest_django import Settings

from agent_app.models import Agent, Run, RunEvent
from agent_app.runs.stream import fence_key, stream_key
from config.lib import redis
from tests.agents.world import body_of, execute, make_agent, make_provider, one_worker, start
from tests.cast import Api, Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def agent(cast: Cast, provider: FakeOpenAI) -> Agent:
    make_provider(cast.alice, provider.base_url)
    return make_agent(cast.alice, model="fake/m")


@pytest.fixture
def run(cast: Cast, agent: Agent, provider: FakeOpenAI) -> Run:
    """One that has ended well; it said "Grüß Gott"."""
    provider.queue(Script(deltas=("Grüß ", "Gott")))
    return execute(start(cast.alice, agent))


def frames(body: bytes) -> list[dict[str, str]]:
    """The fields of each event on a stream."""
    return [
        dict(line.split(": ", 1) for line in frame.split("\n"))
        for frame in body.decode().split("\n\n")
        if frame and not frame.startswith(":")
    ]


def events(api: Api, run: Run, query: dict[str, object] | None = None, **headers: str) -> bytes:
    answer = api.get(f"runs/{run.id}/events/", query, headers=headers)
    assert answer.status_code == 200, answer.content
    return body_of(answer)


def test_each_event_carries_its_number_its_type_and_the_run(cast: Cast, run: Run) -> None:
    answer = cast.alice.api.get(f"runs/{run.id}/events")
    assert answer["Content-Type"] == "text/event-stream"
    assert "no-cache" in answer["Cache-Control"]
    seen = frames(body_of(answer))
    assert [int(frame["id"]) for frame in seen] == list(range(1, run.last_seq + 1))
    assert (seen[0]["event"], seen[-1]["event"]) == ("conversation_started", "run_finished")
    for frame in seen:
        data = orjson.loads(frame["data"])
        assert (data["type"], data["seq"], data["run_id"]) == (frame["event"], int(frame["id"]), str(run.id))
    said = [orjson.loads(frame["data"])["delta"] for frame in seen if frame["event"] == "content_delta"]
    assert "".join(said) == "Grüß Gott"


def test_what_was_sent_live_is_replayed_byte_for_byte(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    with one_worker():
        live = body_of(cast.alice.api.post(f"agents/{agent.id}/run/", {"message": "Hello", "stream": True}))
    run = Run.objects.get()
    assert run.status == "succeeded"
    assert events(cast.alice.api, run) == live
    redis.client().delete(stream_key(run.id), fence_key(run.id))
    assert events(cast.carol.api, run) == live, "from the database, once the stream has expired"
    stored = RunEvent.objects.filter(run=run).order_by("seq").values_list("seq", "type", "data")
    assert live == b"".join(f"id: {seq}\nevent: {kind}\ndata: {data}\n\n".encode() for seq, kind, data in stored)


def test_it_goes_on_after_any_number(cast: Cast, run: Run) -> None:
    whole = events(cast.alice.api, run).split(b"\n\n")
    for after in range(run.last_seq):
        rest = b"\n\n".join(whole[after:])
        assert events(cast.alice.api, run, {"after": after}) == rest
        assert events(cast.alice.api, run, **{"Last-Event-ID": str(after)}) == rest
    assert events(cast.alice.api, run, {"after": 2}, **{"Last-Event-ID": "1"}) == b"\n\n".join(whole[2:])


def test_after_the_end_nothing_will_come(cast: Cast, run: Run) -> None:
    for after in (run.last_seq, run.last_seq + 1, 999_999_999):
        assert cast.alice.api.get(f"runs/{run.id}/events/", {"after": after}).status_code == 204
    last = {"Last-Event-ID": str(run.last_seq)}
    assert cast.alice.api.get(f"runs/{run.id}/events/", headers=last).status_code == 204


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "٣", " 1", "9" * 10])
def test_what_is_no_number_is_refused(cast: Cast, run: Run, after: str) -> None:
    refused = cast.alice.api.get(f"runs/{run.id}/events/", {"after": after})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["after"])
    if after.isascii():
        assert cast.alice.api.get(f"runs/{run.id}/events/", headers={"Last-Event-ID": after}).status_code == 400


def test_a_run_that_has_not_begun_is_waited_for(cast: Cast, agent: Agent, settings: Settings) -> None:
    settings.RUN_STREAM_LIMIT = 0.3
    queued = start(cast.alice, agent)
    assert events(cast.alice.api, queued, {"after": 5}) == b""
    queued.refresh_from_db()
    assert queued.status == "queued", "leaving is not cancelling"


def test_nobody_else_can_listen(cast: Cast, run: Run, anyone: Api) -> None:
    assert cast.dave.api.get(f"runs/{run.id}/events/").status_code == 404
    assert anyone.get(f"runs/{run.id}/events/").status_code == 401
    assert cast.alice.api.post(f"runs/{run.id}/events/").status_code == 405
