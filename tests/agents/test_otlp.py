"""Spans over OTLP: to a collector that the operator names, by the conventions for generative AI; else nowhere."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from agent_app.models import Run
from agent_app.runs import aftercare
from agent_app.runs.otlp import headers
from tests.agents.approval_world import decided, waiting
from tests.agents.otlp_world import Collector, collector, of
from tests.agents.probe_world import probing
from tests.agents.team_world import start_as, tutors
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

__all__ = ["collector"]


@pytest.fixture
def provider(cast: Cast) -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url, model_ids=["m", "tutor"])
        yield server


def handed_over(cast: Cast, provider: FakeOpenAI) -> Run:
    triage, _tutor, definition = tutors(cast.alice)
    provider.queue(
        Script(tool_calls=(ToolCall("transfer_to_history_tutor"),)),
        Script(status=503),
        Script(deltas=("In 1789.",), prompt_tokens=30),
    )
    return execute(start_as(cast.alice, triage, definition, "When was the revolution?"))


@pytest.mark.django_db(transaction=True)
def test_a_run_reaches_the_collector_as_one_tree_without_a_word_of_what_was_said(
    cast: Cast, provider: FakeOpenAI, collector: Collector
) -> None:
    run = handed_over(cast, provider)
    assert run.status == "succeeded"
    path, sent = collector.asked[0]
    assert (path, sent["authorization"], sent["x-project"]) == ("/v1/traces", "Bearer abc", "7")
    assert {span.trace_id.hex() for span in collector.spans} == {run.trace_id.removeprefix("trace_")}
    found = collector.named()
    assert set(found) == {
        "run agent", "invoke_agent Triage", "chat m", "execute_tool transfer_to_history_tutor",
        "invoke_agent History Tutor", "chat tutor",
    }  # fmt: skip
    root = found["run agent"]
    assert root.parent_span_id == b""
    assert found["invoke_agent Triage"].parent_span_id == root.span_id
    assert found["chat m"].parent_span_id == found["invoke_agent Triage"].span_id
    refused, answered = [span for span in collector.spans if span.name == "chat tutor"]
    assert of(answered).items() >= {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "custom", "gen_ai.request.model": "tutor",
        "gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 1, "troupe.try": 2,
        "gen_ai.conversation.id": str(run.conversation_id), "troupe.run.id": str(run.id),
    }.items()  # fmt: skip
    assert (refused.status.code, of(refused)["error.type"], of(refused)["http.response.status_code"]) == (
        2, "provider_error", 503,
    )  # fmt: skip
    assert answered.kind == 3 and answered.end_time_unix_nano > answered.start_time_unix_nano
    assert "revolution" not in str(collector.spans) and "1789" not in str(collector.spans)


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_people_reaches_the_collector_once_when_it_has_ended(
    cast: Cast, provider: FakeOpenAI, collector: Collector, settings: Any
) -> None:
    settings.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT = True
    with probing():
        run = waiting(cast.alice, provider)
        assert [span.name for span in collector.spans] == ["chat m"]
        provider.queue(Script(deltas=("Paid.",)))
        run = execute(decided(cast.alice, run))
    assert sorted(span.name for span in collector.spans) == [
        "chat m", "chat m", "execute_tool echo", "invoke_agent Porter", "run agent",
    ]  # fmt: skip
    [agent] = [span for span in collector.spans if span.name == "invoke_agent Porter"]
    above = {span.parent_span_id for span in collector.spans if span.name in ("chat m", "execute_tool echo")}
    assert above == {agent.span_id}
    assert "Hello" in str(of(agent)), "what it was asked before it waited"


@pytest.mark.django_db(transaction=True)
def test_what_was_said_goes_along_where_the_operator_says_so(
    cast: Cast, provider: FakeOpenAI, collector: Collector, settings: Any
) -> None:
    settings.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT = True
    handed_over(cast, provider)
    told = of(collector.named()["chat m"])
    assert orjson.loads(told["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "When was the revolution?"}]}
    ]
    assert orjson.loads(told["gen_ai.system_instructions"])[0]["content"] == "Send people on."
    (called,) = orjson.loads(told["gen_ai.output.messages"])[0]["parts"]
    assert (called["type"], called["name"]) == ("tool_call", "transfer_to_history_tutor")


@pytest.mark.django_db(transaction=True)
def test_a_collector_that_refuses_costs_no_run_anything_and_is_counted(
    cast: Cast, provider: FakeOpenAI, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.status = 400
    run = execute(start(cast.alice, make_agent(cast.alice, model="fake/m")))
    assert (run.status, bool(collector.asked)) == ("succeeded", True)
    counted = [record.__dict__["counted"]["failed"] for record in caplog.records if "counted" in record.__dict__]
    assert sum(counted) == 3, "the agent's, its model call's, and the run's"


def test_without_a_collector_nothing_leaves(settings: Any) -> None:
    assert settings.OTEL_EXPORTER_OTLP_ENDPOINT == ""
    aftercare.collector.cache_clear()
    assert aftercare.collector() is None


def test_headers_are_read_as_the_specification_writes_them() -> None:
    assert headers("") == {}
    assert headers("Authorization=Basic%20a%3D, broken, x=a=b") == {"authorization": "Basic a=", "x": "a=b"}
