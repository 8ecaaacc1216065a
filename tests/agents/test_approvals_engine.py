"""When people are asked, and what may happen between the question and the answer."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from agent_app.engine import checkpoints
from agent_app.engine.approvals import MOST_ASKED
from agent_app.models import Approval, Message, Run, RunCheckpoint, ToolCall
from agent_app.runs import claims, reaper
from agent_app.tools.registry import CallContext, Picture, ToolResult
from billing.models import Hold, Rate
from community.models import Notification
from config.lib.db import in_db
from tests import clock
from tests.agents.approval_world import FREE, GATED, asks, decide, decided, given, waiting
from tests.agents.probe_world import ECHO, Probe, agent_with, calls, probing
from tests.agents.test_tool_takeover import rob
from tests.agents.world import execute, followed, make_agent, make_provider, one_worker, start, text_of
from tests.cast import Cast
from tests.community.files_world import file_room as file_room
from tests.community.files_world import kept
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked

pytestmark = pytest.mark.django_db(transaction=True)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
DONE = Script(deltas=("Done.",))


@pytest.fixture
def provider(cast: Cast) -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url, model_ids=["m", "other"])
        yield server


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


def guarded(agent: Any, person: Any, **fields: Any) -> Any:
    guardrail = {"name": "words", "implementation": "keywords", "config": {"keywords": ["darn"]}, **fields}
    answer = person.api.patch(f"agents/{agent.id}/", {"guardrails": [guardrail]})
    assert answer.status_code == 200, answer.content
    return agent


def test_a_condition_says_when_and_one_that_cannot_be_evaluated_asks(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    agent = agent_with(
        cast.alice, {**ECHO, "approval": {"when": "arguments.text == 'pay' and message == 'Hello'"}},
        {**ECHO, "name": "odd", "approval": {"when": "arguments.missing > 3"}},
    )  # fmt: skip
    run = waiting(cast.alice, provider, ("echo", "look"), ("echo", "pay"), ("odd", "x"), agent=agent)
    assert probe.calls == [{"text": "look"}]
    rows = {row.tool_name: row for row in Approval.objects.filter(run=run)}
    assert rows["echo"].arguments == {"text": "pay"}
    assert "arguments.text == 'pay'" in rows["echo"].prompt
    assert "cannot be evaluated" in rows["odd"].prompt


def test_nobody_is_asked_about_arguments_that_do_not_fit_or_that_a_guardrail_stops(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    agent = guarded(agent_with(cast.alice, GATED), cast.alice, type="tool_input")
    texts = ('{"text": 3}', '{"text": "darn"}', orjson.dumps({"text": "x" * 40_000}).decode())
    provider.queue(Script(tool_calls=tuple(Asked("echo", text, call_id=text[:12]) for text in texts)), DONE)
    run = execute(start(cast.alice, agent))
    assert (run.status, probe.calls) == ("succeeded", [])
    codes = [orjson.loads(text)["error"]["code"] for text in given(provider)]
    assert codes == ["invalid_arguments", "guardrail_tripped", "too_long"], (
        "whoever is asked must be able to read it all"
    )
    assert not Approval.objects.exists()


def test_people_are_not_asked_about_any_number_of_calls_at_once(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    run = waiting(cast.alice, provider, *[("echo", f"n{number}") for number in range(MOST_ASKED + 2)])
    assert Approval.objects.filter(run=run).count() == MOST_ASKED
    told = Notification.objects.filter(user=cast.alice.user, kind="approval")
    assert told.count() == MOST_ASKED
    assert [(status, code) for _text, status, code in calls(run)] == [("refused", "too_many")] * 2


def test_what_a_person_writes_goes_by_the_guardrails_too(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    run = waiting(cast.alice, provider, agent=guarded(agent_with(cast.alice, GATED), cast.alice, type="tool_input"))
    provider.queue(DONE)
    run = execute(decided(cast.alice, run, "edit", arguments={"text": "darn"}))
    assert (run.status, probe.calls, calls(run)) == ("succeeded", [], [("darn", "refused", "guardrail_tripped")])


def test_input_guardrails_are_asked_once_and_output_guardrails_at_the_end(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    agent = agent_with(cast.alice, GATED)
    redact = {"implementation": "keywords", "action": "redact", "config": {"keywords": ["Hello", "Paid"]}}
    both = [{**redact, "name": stage, "type": stage} for stage in ("input", "output")]
    assert cast.alice.api.patch(f"agents/{agent.id}/", {"guardrails": both}).status_code == 200
    run = waiting(cast.alice, provider, agent=agent)
    provider.queue(Script(deltas=("Paid.",)))
    run = execute(decided(cast.alice, run))
    assert run.status == "succeeded"
    tripped = [event.payload()["stage"] for event in followed(run) if event.type == "guardrail_tripped"]
    assert tripped == ["input", "output"]
    first, second = (
        [each["content"] for each in turn.body["messages"] if each["role"] == "user"] for turn in provider.exchanges
    )
    assert first == second
    assert "Hello" not in str(first)
    message = Message.objects.get(id=run.user_message_id)
    assert ("Hello" in message.content, message.withheld) == (False, False)
    assert "Paid" not in str(run.output)


def test_what_a_tool_showed_beside_the_question_is_shown_again_after_the_answer(
    cast: Cast, provider: FakeOpenAI, probe: Probe, file_room: Path
) -> None:
    picture = kept(cast.alice, "page.png", PNG)

    async def act(arguments: dict[str, Any], _context: CallContext) -> ToolResult:
        shown = Picture(f"data:image/png;base64,{b64encode(PNG).decode()}", str(picture.id))
        return ToolResult(value=arguments["text"], pictures=(shown,) if arguments["text"] == "look" else ())

    probe.act = act
    agent = agent_with(cast.alice, GATED, FREE)
    for deleted in (False, True):
        run = waiting(cast.alice, provider, ("free", "look"), ("echo", "pay"), agent=agent)
        if deleted:
            picture.delete()
        provider.queue(DONE)
        run = execute(decided(cast.alice, run))
        assert run.status == "succeeded", run.error
        assert given(provider) == ["look", "pay"]
        said = [each["content"] for each in provider.exchanges[-1].body["messages"] if each["role"] == "user"][-1]
        address = said[-1].get("image_url", {}).get("url") if isinstance(said, list) else None
        assert address == (None if deleted else f"data:image/png;base64,{b64encode(PNG).decode()}")


def test_a_call_counts_and_costs_only_once_it_is_made(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    Rate.objects.create(reference="tool/probe", per_call=1000)
    run = waiting(
        cast.alice, provider, ("echo", "a"), ("echo", "b"), agent=agent_with(cast.alice, {**GATED, "max_calls": 1})
    )
    decided(cast.alice, run, "reject", call=0)
    run = execute(decided(cast.alice, run, call=1))
    assert (run.status, run.reason, probe.calls) == ("partial", "credits", []), "what it costs is not there"
    assert not Hold.objects.filter(state="open").exists()
    assert run.output == "Let me see. "


def test_whoever_hands_over_while_a_call_waits_may_do_so_afterwards(
    cast: Cast, provider: FakeOpenAI, probe: Probe
) -> None:
    tutor = make_agent(cast.alice, name="Tutor", model="fake/other")
    agent = agent_with(cast.alice, GATED)
    assert cast.alice.api.post(f"agents/{agent.id}/handoffs/", {"target_agent_id": str(tutor.id)}).status_code == 201
    both = (Asked("echo", '{"text": "pay"}', call_id="c0"), Asked("transfer_to_tutor", call_id="h"))
    provider.queue(Script(tool_calls=both))
    run = execute(start(cast.alice, agent))
    assert (run.status, [event.type for event in followed_now(run)].count("handoff")) == ("waiting", 0)
    provider.queue(Script(tool_calls=(Asked("transfer_to_tutor", call_id="h2"),)), Script(deltas=("Taught.",)))
    run = execute(decided(cast.alice, run))
    assert (run.status, run.output, probe.calls) == ("succeeded", "Taught.", [{"text": "pay"}])
    assert [event.type for event in followed(run)].count("handoff") == 1


def followed_now(run: Run) -> list[Any]:
    return list(run.events.order_by("seq"))


def test_a_state_of_another_version_ends_the_run_and_loses_nothing(
    cast: Cast, provider: FakeOpenAI, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = waiting(cast.alice, provider)
    monkeypatch.setattr(checkpoints, "SDK", "9.9")
    run = execute(decided(cast.alice, run))
    assert (run.status, run.reason, run.error["code"]) == ("failed", "error", "state_version")
    assert "updated while this run waited" in run.error["error"]
    assert (run.output, run.turns, probe.calls) == ("Let me see. ", 1, [])
    assert len(provider.exchanges) == 1
    assert Approval.objects.get().decision == "approve"
    assert Message.objects.get(id=run.message_id).content == "Let me see. "


def test_a_state_that_cannot_be_read_ends_the_run_too(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    run = waiting(cast.alice, provider)
    RunCheckpoint.objects.update(state_encrypted="v1.nobody.bm90aGluZw==")
    run = execute(decided(cast.alice, run))
    assert (run.status, run.error["code"], probe.calls) == ("failed", "state_unreadable", [])


@pytest.mark.parametrize("idempotent", [False, True])
def test_a_worker_that_is_lost_with_an_approved_call_does_not_make_it_twice(
    cast: Cast, provider: FakeOpenAI, probe: Probe, idempotent: bool
) -> None:
    agent = agent_with(cast.alice, {**GATED, "params": {"idempotent": idempotent}})
    run = waiting(cast.alice, provider, agent=agent)
    lost: list[str] = []

    async def act(arguments: dict[str, Any], _context: CallContext) -> Any:
        if not lost:
            lost.append("once")
            await in_db(rob, run)
        return f"heard {arguments['text']}"

    probe.act = act
    provider.queue(DONE)
    execute(decided(cast.alice, run))
    run = execute(run)
    assert (run.status, run.output) == ("succeeded", "Let me see. Done.")
    assert len(probe.calls) == (2 if idempotent else 1)
    assert ToolCall.objects.get().status == ("succeeded" if idempotent else "unknown")
    told = followed(run)
    after = [event for event in told if event.seq > next(e.seq for e in told if e.type == "content_reset")]
    assert text_of(after) == "Let me see. Done."


def test_a_cancel_that_comes_while_the_run_pauses_ends_it(cast: Cast, provider: FakeOpenAI, probe: Probe) -> None:
    provider.queue(asks(("free", "x"), ("echo", "pay")))
    agent = agent_with(cast.alice, GATED, {**ECHO, "name": "free"})
    run = start(cast.alice, agent)

    async def asked_to_end(_arguments: dict[str, Any], _context: CallContext) -> Any:
        def cancel() -> None:  # the worker does not hear of it
            Run.objects.filter(id=run.id).update(cancel_requested_at=run.created_at)

        await in_db(cancel)
        return "x"

    probe.act = asked_to_end
    run = execute(run)
    assert (run.status, Approval.objects.exists()) == ("cancelled", False)
    assert reaper.reap() == 0


async def until_its_limit(answer: Any, wanted: bytes, limit: float) -> bytes:
    """What a stream says on which ``wanted`` was told, and then nothing until it has been open as long as it may be."""
    said = b""
    async for part in answer.streaming_content:
        if wanted not in said and wanted in said + part:
            clock.forward(limit)
        said += part
    assert wanted in said
    return said


def test_a_caller_that_waits_is_answered_202_and_a_stream_stays_open(
    cast: Cast, provider: FakeOpenAI, probe: Probe, settings: Any
) -> None:
    agent = agent_with(cast.alice, GATED)
    provider.queue(asks(("echo", "pay")))
    with one_worker():
        answer = cast.alice.api.post(f"agents/{agent.id}/run/", {"message": "Hi"}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert (body["status"], body["reason"], body["approvals"][0]["arguments"]) == (
        "waiting",
        "approval",
        {"text": "pay"},
    )
    again = cast.alice.api.post(f"agents/{agent.id}/run/", {"message": "Hi"}, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["approvals"]) == (202, body["approvals"])
    open_stream = cast.alice.api.get(body["events_url"].removeprefix("/api/v1/"))
    frames = asyncio.run(until_its_limit(open_stream, b'"status":"waiting"', settings.RUN_STREAM_LIMIT))
    assert b"run_finished" not in frames
    run = Run.objects.get(id=body["run_id"])
    assert decide(cast.alice, run).status_code == 200
    provider.queue(DONE)
    assert execute(run).status == "succeeded"
    assert claims.claim(run.id, "late") is None
