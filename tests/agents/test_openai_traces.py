"""Spans to OpenAI's tracing: of workspaces that keep a key for it, with that key, and of nobody else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from agent_app.models import ProviderKey
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast, Person
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script


class Ingest(ThreadingHTTPServer):
    """Takes traces as OpenAI does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.status = 204
        self.asked: list[tuple[str, str, str]] = []
        self.items: list[dict[str, Any]] = []


class _Request(BaseHTTPRequestHandler):
    server: Ingest

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Authorization"], self.headers["OpenAI-Beta"]))
        self.server.items += orjson.loads(body)["data"]
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def ingest(settings: Any) -> Iterator[Ingest]:
    server = Ingest()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.PROVIDER_BASE_URLS = {"openai": f"http://127.0.0.1:{server.server_port}/v1"}
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


def key(person: Person, **fields: Any) -> None:
    values = {
        "type": "openai",
        "purpose": "tracing",
        "scope": "workspace",
        "workspace_id": person.workspace_id,
    } | fields
    made = ProviderKey(**values)
    made.set_key("sk-" + "trace" * 5)
    made.save()


@pytest.mark.django_db(transaction=True)
def test_the_spans_of_a_run_arrive_as_one_trace_with_the_workspaces_own_key(
    cast: Cast, provider: FakeOpenAI, ingest: Ingest
) -> None:
    key(cast.alice)
    make_provider(cast.alice, provider.base_url)
    provider.queue(Script(deltas=("In 1789.",), prompt_tokens=30))
    run = execute(start(cast.alice, make_agent(cast.alice, model="fake/m", name="Tutor"), "When was it?"))
    assert run.status == "succeeded"
    assert set(ingest.asked) == {("/v1/traces/ingest", "Bearer sk-" + "trace" * 5, "traces=v1")}
    trace = next(item for item in ingest.items if item["object"] == "trace")
    assert (trace["id"], trace["group_id"]) == (run.trace_id, str(run.conversation_id))
    spans = {item["span_data"]["type"]: item for item in ingest.items if item["object"] == "trace.span"}
    assert spans["generation"]["parent_id"] == spans["agent"]["id"]
    assert spans["generation"]["trace_id"] == run.trace_id
    said = spans["generation"]["span_data"]
    assert (said["model"], said["usage"]) == ("m", {"input_tokens": 30, "output_tokens": 1})
    assert said["input"][-1]["content"] == "When was it?"


@pytest.mark.django_db(transaction=True)
def test_nothing_leaves_of_who_has_no_key_for_it_and_a_refusal_costs_no_run_anything(
    cast: Cast, provider: FakeOpenAI, ingest: Ingest
) -> None:
    key(cast.dave)
    key(cast.alice, purpose="model")
    key(cast.alice, scope="user", owner=cast.alice.user)
    key(cast.alice, enabled=False)
    make_provider(cast.alice, provider.base_url)
    agent = make_agent(cast.alice, model="fake/m")
    assert execute(start(cast.alice, agent)).status == "succeeded"
    assert ingest.asked == []
    ingest.status = 500
    ProviderKey.objects.filter(enabled=False).update(enabled=True)
    assert execute(start(cast.alice, agent)).status == "succeeded"
    assert len(ingest.asked) > 0


@pytest.mark.django_db
def test_only_a_key_that_would_be_used_can_be_kept_for_tracing(cast: Cast, settings: Any) -> None:
    settings.PROVIDER_BASE_URLS = {}
    given = {"api_key": "sk-" + "trace" * 5, "purpose": "tracing", "skip_test": True}  # pragma: allowlist secret
    for wrong in ({"provider": "mistral", "scope": "workspace"}, {"provider": "openai", "scope": "user"}):
        refused = cast.alice.api.post("users/api-keys/", given | wrong)
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["purpose"])
    made = cast.alice.api.post("users/api-keys/", given | {"provider": "openai", "scope": "workspace"})
    assert (made.status_code, made.json()["purpose"]) == (201, "tracing")
