"""A collector of spans, as operators name one."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agent_app.runs import aftercare


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


def of(span: Any) -> dict[str, Any]:
    """A span's attributes."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}
