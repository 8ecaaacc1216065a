"""A worker is lost while a tool is called: another goes on where the run stood, and repeats nothing that must not be repeated."""

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.utils import timezone

from agent_app.models import Run, RunCheckpoint, ToolCall
from agent_app.runs import claims, lifecycle, reaper
from agent_app.tools.registry import CallContext
from billing.models import Hold, Rate
from community.services import files
from config.lib.db import in_db
from tests.agents.approval_world import asks as named
from tests.agents.probe_world import ECHO, Probe, agent_with, calls, probing
from tests.agents.team_world import definition_of, handoff_to, start_as
from tests.agents.world import execute, followed, make_agent, start, text_of
from tests.cast import Cast
from tests.community.files_world import file_room as file_room
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


def asks(*calls: tuple[str, str], **more: Any) -> Script:
    return Script(
        tool_calls=tuple(Asked("echo", orjson.dumps({"text": text}).decode(), call_id=name) for name, text in calls), **more
    )  # fmt: skip


def lose(run: Run) -> None:
    """The worker is believed dead."""
    Run.objects.filter(id=run.id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert reaper.reap() == 1


def rob(run: Run) -> None:
    """The worker is believed dead; another had the run for a moment and is believed dead too."""
    lose(run)
    assert claims.claim(run.id, "another") is not None
    lose(run)


def lost_at(probe: Probe, run: Run, word: str, *, after: int = 0) -> None:
    """Whoever calls the tool with ``word`` loses the run in the middle of the call, once, and when ``after`` others have ended."""
    done: list[str] = []
    ended = ToolCall.objects.filter(run=run, status="succeeded").count

    async def act(arguments: dict[str, Any], _context: CallContext) -> Any:
        if arguments["text"] == word and not done:
            done.append(word)
            while await in_db(ended) < after:  # noqa: ASYNC110  (a row announces nothing)
                await asyncio.sleep(0.01)
            await in_db(rob, run)
        return f"heard {arguments['text']}"

    probe.act = act


def answers(provider: FakeOpenAI, turn: int) -> list[Any]:
    return [each["content"] for each in provider.exchanges[turn].body["messages"] if each["role"] == "tool"]


def test_a_call_that_may_not_be_repeated_is_not_and_the_model_is_told(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    Rate.objects.create(reference="tool/probe", per_call=Decimal(1))
    run = start(cast.alice, agent_with(cast.alice, ECHO))
    provider.queue(
        asks(("first", "a"), deltas=("One. ",)),
        asks(("pay", "pay"), ("last", "c"), deltas=("Two. ",)),
        Script(deltas=("Three.",)),
    )
    lost_at(probe, run, "pay", after=2)
    execute(run)
    run.refresh_from_db()
    assert run.status == "queued"
    assert b"pay" not in RunCheckpoint.objects.get().state_encrypted.encode()
    run = execute(run)
    assert (run.status, run.output, run.turns) == ("succeeded", "One. Two. Three.", 3)
    assert [each["text"] for each in probe.calls].count("pay") == 1
    assert [each["text"] for each in probe.calls].count("a") == 1
    assert len(provider.exchanges) == 3, "no turn that was complete is asked again"
    first, paid, last = answers(provider, 2)
    assert (first, last) == ("heard a", "heard c")
    assert orjson.loads(paid)["error"]["code"] == "outcome_unknown"
    assert ("pay", "unknown", "outcome_unknown") in calls(run)
    assert not RunCheckpoint.objects.exists()
    told = followed(run)
    assert [event.seq for event in told] == list(range(1, run.last_seq + 1))
    after = [event for event in told if event.seq > next(e.seq for e in told if e.type == "content_reset")]
    assert text_of(after) == "One. Two. Three.", "readers get again what they were told to forget"
    assert not Hold.objects.filter(state="open").exists()


def test_whoever_takes_over_gives_the_model_a_long_result_whole(
    cast: Cast, provider: FakeOpenAI, probe: Probe, file_room: Path
) -> None:
    run = start(cast.alice, agent_with(cast.alice, ECHO))
    provider.queue(asks(("one", "long"), ("two", "pay")), Script(deltas=("Read.",)))
    lost_at(probe, run, "pay", after=1)
    short = probe.act
    assert short is not None
    long = "ä" * 100_000

    async def act(arguments: dict[str, Any], context: CallContext) -> Any:
        said = await short(arguments, context)
        return long if arguments["text"] == "long" else said

    probe.act = act
    execute(run)
    row = ToolCall.objects.get(run=run, arguments__text="long")
    assert (row.is_cut, len(row.result.encode()), row.result_bytes) == (True, 64 * 1024, 200_000)
    assert execute(run).output == "Read."
    assert answers(provider, 1)[0] == long
    assert [each["text"] for each in probe.calls].count("long") == 1
    page = cast.alice.browser().get(f"/agents/{run.agent_id}/chat/{run.conversation_id}/").content.decode()
    [kept] = file_room.glob("*/*-result")
    os.utime(kept, (0, 0))
    assert files.files_sweep() == 0
    Run.objects.filter(id=run.id).delete()
    assert files.files_sweep() == 1
    assert f'href="/runs/{run.id}/trace/"' in page, "where it can be read whole"


def test_what_is_unknown_is_told_as_such_by_whoever_takes_over_next_as_well(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    """The first worker is lost in both calls, the next one in the one that may be repeated."""
    run = start(cast.alice, agent_with(cast.alice, ECHO, {**ECHO, "name": "look", "params": {"idempotent": True}}))
    provider.queue(named(("echo", "pay"), ("look", "look")), Script(deltas=("Well.",)))
    called: list[str] = []
    lost: list[str] = []

    async def act(arguments: dict[str, Any], _context: CallContext) -> Any:
        called.append(arguments["text"])
        while len(called) < 2:  # noqa: ASYNC110  (both are under way)
            await asyncio.sleep(0.01)
        if arguments["text"] == "pay" or len(called) == 3:
            await in_db(lose, run)
            lost.append(arguments["text"])
        while not lost:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return "heard"

    probe.act = act
    for status in ("queued", "queued", "succeeded"):  # nor does whoever comes back end what another shall go on with
        run = execute(run)
        assert run.status == status, run.error
    assert (run.output, lost) == ("Well.", ["pay", "look"])
    paid, looked = answers(provider, 1)
    assert (orjson.loads(paid)["error"]["code"], looked) == ("outcome_unknown", "heard")
    assert [each["text"] for each in probe.calls].count("pay") == 1


def test_a_call_that_may_be_repeated_is_made_again(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    run = start(cast.alice, agent_with(cast.alice, {**ECHO, "params": {"idempotent": True}}))
    provider.queue(asks(("look", "look")), Script(deltas=("Found.",)))
    lost_at(probe, run, "look")
    execute(run)
    run = execute(run)
    assert (run.output, answers(provider, 1)) == ("Found.", ["heard look"])
    assert len(probe.calls) == 2
    assert calls(run) == [("look", "succeeded", "")]
    assert ToolCall.objects.get().attempt == 3


def test_a_worker_that_comes_back_writes_nothing_of_its_call(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    run = start(cast.alice, agent_with(cast.alice, ECHO))
    provider.queue(asks(("one", "one")), Script(deltas=("Well.",)))
    lost_at(probe, run, "one")
    execute(run)
    assert calls(run) == [("one", "started", "")]
    assert not [
        event for event in followed(execute(run)) if event.type == "tool_use_complete" and b"heard" in event.data
    ]


def test_a_handed_over_run_goes_on_with_the_agent_that_had_it(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    triage = make_agent(cast.alice, name="Triage", model="fake/m")
    tutor = agent_with(cast.alice, ECHO, name="Tutor", model="fake/tutor")
    [tool] = cast.alice.api.get(f"agents/{tutor.id}/tools/").json()["results"]
    target = definition_of(tutor, tools=[tool])
    definition = definition_of(triage, handoffs=[handoff_to(tutor)], targets={str(tutor.id): target}, tools=[])
    run = start_as(cast.alice, triage, definition)
    provider.queue(
        Script(tool_calls=(Asked("transfer_to_tutor", call_id="h"),)), asks(("one", "one")), Script(deltas=("Taught.",))
    )
    lost_at(probe, run, "one")
    execute(run)
    run = execute(run)
    assert (run.status, run.output, run.turns) == ("succeeded", "Taught.", 3)
    assert [exchange.body["model"] for exchange in provider.exchanges] == ["m", "tutor", "tutor"]
    assert [event.type for event in followed(run)].count("handoff") == 1


def test_a_cancelled_runs_call_has_no_known_outcome(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    run = start(cast.alice, agent_with(cast.alice, ECHO))
    provider.queue(asks(("one", "one")))

    async def cancelled(_arguments: dict[str, Any], _context: CallContext) -> Any:
        await in_db(lifecycle.cancel, await in_db(Run.objects.get, id=run.id))
        await asyncio.Event().wait()  # until the cancel comes

    probe.act = cancelled
    run = execute(run)
    assert (run.status, calls(run)) == ("cancelled", [("one", "unknown", "stopped")])
    assert not RunCheckpoint.objects.exists()
