"""What a guardrail has taken back is nowhere to be read again: not in the record, the stream, the trace or its export."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import Q

from agent_app.models import Message, Run, RunEvent, RunStatus, Span
from agent_app.runs import claims, orphans
from agent_app.runs.events import Event, encode
from agent_app.runs.log import save_events
from agent_app.runs.registry import Outcome
from agent_app.runs.stream import stream_key
from config.lib import redis
from tests.agents.approval_world import GATED, decided, waiting
from tests.agents.guardrails.world import guard, guarded, provider, verdict
from tests.agents.otlp_world import Collector, collector
from tests.agents.probe_world import Probe, agent_with, probing
from tests.agents.world import body_of, execute, followed, make_agent, start, stored, text_of
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Fault, Script, ToolCall

__all__ = ["collector", "provider"]

pytestmark = pytest.mark.django_db(transaction=True)

DARN = Script(deltas=("Well, ", "darn", " it."), reasoning=("hm, darn",))
ACTIONS = {
    "block": {"message": "Withheld."}, "replace": {"replacement": "Withheld."}, "redact": {"replacement": "Withheld."},
}  # fmt: skip


def everything(cast: Cast, run: Run) -> str:
    """All that can be read of a run, wherever it is kept."""
    api = cast.alice.api
    stream = redis.client().xrange(stream_key(run.id))
    events = body_of(api.get(f"runs/{run.id}/events/")) if followed(run) else b""
    pages = [
        api.get(path).content
        for path in (
            f"runs/{run.id}/", f"runs/{run.id}/trace/", f"conversations/{run.conversation_id}/messages/",
            f"conversations/{run.conversation_id}/export/?format=json",
        )
    ]  # fmt: skip
    rows = [
        list(RunEvent.objects.filter(run_id=run.id).values_list("data", flat=True)),
        list(Span.objects.filter(run=run).values("input", "output", "error", "details")),
        list(Message.objects.filter(conversation_id=run.conversation_id).values("content", "reasoning")),
        list(Run.objects.filter(id=run.id).values("output", "error", "metadata", "input")),
    ]
    return f"{stream}{events!r}{pages}{rows}"


def gapless(events: list[Event]) -> bool:
    return [event.seq for event in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("action", ACTIONS)
def test_a_withheld_answer_is_nowhere_to_be_read_again(
    cast: Cast, provider: FakeOpenAI, collector: Collector, settings: Any, action: str
) -> None:
    """The judge takes so long that the answer was streamed, and all else written down, before the guardrail after it trips."""
    settings.RUN_FLUSH_INTERVAL = 0.05
    settings.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT = True
    judge = make_agent(cast.alice, name="Judge", model="fake/judge")
    agent = guarded(
        cast.alice, guard("output", "agent", config={"agent_id": str(judge.id)}),
        guard("output", action=action, config={"keywords": ["darn"], **ACTIONS[action]}),
    )  # fmt: skip
    provider.model("m", DARN)
    provider.model("judge", verdict(False, first_delay=0.3))
    run = execute(start(cast.alice, agent))
    assert run.status == ("failed" if action == "block" else "succeeded")
    assert "Withheld." in str(run.output)
    assert "darn" not in everything(cast, run)
    assert {"chat m", "chat judge"} <= set(collector.named())
    assert "darn" not in str(collector.spans)
    events = followed(run)
    assert gapless(events)
    assert [bytes(event.data) for event in events] == [row.data.encode() for row in stored(run)]
    deltas = [event.payload() for event in events if event.type.endswith("_delta")]
    assert deltas and all(each["delta"] == "" and each["withheld"] for each in deltas)
    kinds = [event.type for event in events]
    assert kinds.index("content_delta") < kinds.index("guardrail_tripped") < kinds.index("message_replaced")
    asked = Span.objects.filter(run=run, type="generation").order_by("started_at")
    assert asked[0].input["items"][-1]["content"] == "Hello", "what was asked stays"
    assert "[withheld]" in str(asked[0].output) and "[withheld]" in str(asked[1].input)


def test_an_answer_that_passes_is_read_again_as_it_was_sent(cast: Cast, provider: FakeOpenAI, settings: Any) -> None:
    settings.RUN_FLUSH_INTERVAL = 0.05
    judge = make_agent(cast.alice, name="Judge", model="fake/judge")
    agent = guarded(cast.alice, guard("output", "agent", config={"agent_id": str(judge.id)}))
    provider.model("m", Script(deltas=("All ", "good."), reasoning=("hm",)))
    provider.model("judge", verdict(False))
    run = execute(start(cast.alice, agent))
    events = followed(run)
    assert (text_of(events), gapless(events)) == ("All good.", True)
    assert "withheld" not in str([event.data for event in events])
    assert "All good." in str(Span.objects.get(run=run, model="fake/m").output)
    assert "All good." in str(Span.objects.get(run=run, model="fake/judge").input)


def test_reasoning_that_tells_what_the_answer_does_not_is_not_read_again(cast: Cast, provider: FakeOpenAI) -> None:
    agent = guarded(cast.alice, guard("output"))
    provider.queue(Script(deltas=("Fine.",), reasoning=("hm, darn",)))
    run = execute(start(cast.alice, agent))
    assert (run.status, text_of(followed(run))) == ("succeeded", "Fine.")
    assert "darn" not in everything(cast, run)


def test_what_was_said_before_an_answer_began_anew_is_not_read_again(cast: Cast, provider: FakeOpenAI) -> None:
    """The first answer does not have its form; nobody has checked it."""
    schema = {"type": "object", "properties": {"to": {"type": "integer"}}, "required": ["to"]}
    agent = guarded(cast.alice, guard("output"), output_type=schema)
    provider.queue(Script(deltas=('{"to": "darn"}',)), Script(deltas=('{"to": 1}',)))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.output, text_of(followed(run))) == ("succeeded", {"to": 1}, '{"to": 1}')
    assert "darn" not in everything(cast, run)
    provider.queue(Script(deltas=('{"to": "darn"}',)), Script(deltas=('{"to": "darn"}',)))
    run = execute(start(cast.alice, agent))
    assert run.status == "failed"
    assert "darn" not in everything(cast, run)


def test_what_a_lost_worker_has_shown_is_not_read_again(cast: Cast, provider: FakeOpenAI) -> None:
    agent = guarded(cast.alice, guard("output"))
    lost, taken = start(cast.alice, agent), start(cast.alice, agent)
    for run in (lost, taken):
        assert claims.claim(run.id, "dead") is not None
        save_events([(run.id, 1, [encode(run.id, 1, "content_delta", {"delta": "darn"})])])
    outcome = Outcome(status=RunStatus.FAILED, reason="worker_lost", error="Lost.")
    assert orphans.end_without_worker(lost.id, outcome, only_if=Q(id=lost.id))
    assert "darn" not in everything(cast, lost)
    Run.objects.filter(id=taken.id).update(status="queued")
    provider.queue(Script(deltas=("Fine.",)))
    taken = execute(taken)
    events = followed(taken)
    assert (taken.output, text_of(events), gapless(events)) == ("Fine.", "Fine.", True)
    assert "darn" not in everything(cast, taken)


def test_a_message_that_stops_a_run_beside_it_takes_the_answer_out_of_the_trace(
    cast: Cast, provider: FakeOpenAI, settings: Any
) -> None:
    settings.RUN_FLUSH_INTERVAL = 0.05
    judge = make_agent(cast.alice, name="Judge", model="fake/judge")
    agent = guarded(cast.alice, guard("input", "agent", mode="parallel", config={"agent_id": str(judge.id)}))
    provider.model("m", DARN)
    provider.model("judge", verdict(True, first_delay=0.4))
    run = execute(start(cast.alice, agent))
    assert run.reason == "guardrail_tripped"
    assert "darn" not in everything(cast, run)


def test_an_answer_that_ends_early_is_withheld_in_the_trace_as_well(cast: Cast, provider: FakeOpenAI) -> None:
    agent = guarded(cast.alice, guard("output"))
    provider.queue(Script(deltas=("Well, ", "darn", " it"), fault=Fault.RESET, after=3))
    run = execute(start(cast.alice, agent))
    assert run.reason == "provider_error"
    assert "darn" not in everything(cast, run)


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


@pytest.mark.parametrize("waits", [False, True])
def test_what_was_said_before_a_handover_is_withheld_in_the_trace_of_whoever_goes_on(
    cast: Cast, provider: FakeOpenAI, probe: Probe, waits: bool
) -> None:
    tutor = agent_with(cast.alice, *[GATED] * waits, name="Tutor", model="fake/tutor")
    stop = guard("output", action="replace", config={"keywords": ["darn"], "replacement": "Never mind."})
    agent = guarded(cast.alice, stop, handoffs=[{"target_agent_id": str(tutor.id)}])
    provider.queue(Script(deltas=("Well, darn. ",), tool_calls=(ToolCall("transfer_to_tutor"),)))
    if waits:
        run = waiting(cast.alice, provider, agent=agent)
        given = Span.objects.get(run=run, type="agent", name="Tutor").input
        assert (str(given).count("[withheld]"), "darn" in str(given)) == (1, False), "nobody has checked it yet"
        decided(cast.alice, run)
    else:
        run = start(cast.alice, agent)
    provider.queue(Script(deltas=("Yes.",)))
    run = execute(run)
    assert (run.status, run.output) == ("succeeded", "Never mind.")
    agents = Span.objects.filter(run=run, type="agent").order_by("started_at").values_list("name", flat=True)
    assert list(agents) == ["Porter", "Tutor"]
    assert "darn" not in everything(cast, run)
