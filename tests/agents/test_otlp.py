"""Spans over OTLP: to a collector that the operator names, by the conventions for generative AI; else nowhere."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agent_app.models import Run
from agent_app.runs import aftercare
from agent_app.runs.otlp import headers
from tests.agents.team_world import start_as, tutors
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall


class Collector(ThreadingHTTPServer):
    """Takes what an OTLP exporter sends, and decodes it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.status = 200
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.spans: list[Any] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def named(self) -> dict[str, Any]:
        return {span.name: span for span in self.spans}


class _Request(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers)))
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.server.spans += [span for scope in resource.scope_spans for span in scope.spans]
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def collector(settings: Any) -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = server.url
    settings.OTEL_EXPORTER_OTLP_HEADERS = "authorization=Bearer%20abc, x-project=7"
    aftercare.collector.cache_clear()
    yield server
    aftercare.collector.cache_clear()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def provider(cast: Cast) -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url, model_ids=["m", "tutor"])
        yield server


def of(span: Any) -> dict[str, Any]:
    """A span's attributes."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


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
