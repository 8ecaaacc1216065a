"""Spans as OpenTelemetry's, by its conventions for generative AI (version 1.41), sent to the operator's collector over OTLP.

Loaded only where ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set. What was said and answered goes along only where
``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` says so, without keys and as far as a row would hold it.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from agent_app.models import Run
from agent_app.runs import otlp_messages
from agent_app.runs.aftercare import Stored
from agent_app.runs.spans import Recorded

logger = logging.getLogger(__name__)

TIMEOUT = 10.0
_MOST = 512  # spans in one request
_PATH = "/v1/traces"
_SCOPE = InstrumentationScope("troupe")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)

# What the conventions call the work of a span, and what they call providers that we know by other names.
_OPERATIONS = {"agent": "invoke_agent", "generation": "chat", "tool": "execute_tool", "handoff": "execute_tool"}
_PROVIDERS = {"google": "gcp.gemini", "mistral": "mistral_ai"}


class Exporter:
    """See ``aftercare.Collector``."""

    def __init__(self) -> None:
        address = settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip("/")
        self._resource = Resource.create({"service.name": "troupe"})
        self._exporter = OTLPSpanExporter(
            endpoint=address if address.endswith(_PATH) else f"{address}{_PATH}",
            headers=headers(settings.OTEL_EXPORTER_OTLP_HEADERS), timeout=TIMEOUT,
        )  # fmt: skip

    def export(self, batch: list[Stored]) -> tuple[int, int]:
        spans = [span for stored in batch for span in spans_of(stored, self._resource)]
        arrived = sum(self._sent(spans[start : start + _MOST]) for start in range(0, len(spans), _MOST))
        return arrived, len(spans) - arrived

    def _sent(self, part: list[ReadableSpan]) -> int:
        try:
            return len(part) if self._exporter.export(part) is SpanExportResult.SUCCESS else 0
        except Exception:  # whatever a collector answers, runs go on
            logger.warning("the collector of spans failed", exc_info=True)
            return 0


def headers(text: str) -> dict[str, str]:
    """``name=value`` pairs, comma-separated, as the OpenTelemetry specification writes them."""
    pairs = [pair.partition("=") for pair in text.split(",") if "=" in pair]
    return {name.strip().lower(): unquote(value.strip()) for name, _equals, value in pairs}


def spans_of(stored: Stored, resource: Resource) -> Iterator[ReadableSpan]:
    """The spans of a run, and once it has ended the one above them all."""
    run = stored.run
    for span in stored.spans:
        failed = span.error or {}
        yield ReadableSpan(
            name=name_of(span), context=_context(run, span.id), parent=_context(run, span.parent_id or run.id),
            resource=resource, attributes=attributes_of(run, span), instrumentation_scope=_SCOPE,
            kind=SpanKind.CLIENT if span.type == "generation" else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, failed.get("error") or failed.get("code")) if failed else Status(StatusCode.OK),
            start_time=_nanoseconds(span.started_at), end_time=_nanoseconds(span.ended_at or span.started_at),
        )  # fmt: skip
    if stored.ended:
        yield _whole(run, resource)


def _whole(run: Run, resource: Resource) -> ReadableSpan:
    wrong = run.status in ("failed", "cancelled")
    return ReadableSpan(
        name=f"run {run.kind}", context=_context(run, run.id), resource=resource, instrumentation_scope=_SCOPE,
        attributes=_of_run(run) | {"troupe.run.status": run.status, "troupe.run.reason": run.reason},
        status=Status(StatusCode.ERROR, run.reason) if wrong else Status(StatusCode.OK),
        start_time=_nanoseconds(run.started_at or run.created_at), end_time=_nanoseconds(timezone.now()),
    )  # fmt: skip


def name_of(span: Recorded) -> str:
    operation = _OPERATIONS.get(span.type)
    return f"{operation} {_model(span.model) if span.type == 'generation' else span.name}" if operation else span.name


def attributes_of(run: Run, span: Recorded) -> dict[str, Any]:
    found = _of_run(run) | {"troupe.span.type": span.type}
    if operation := _OPERATIONS.get(span.type):
        found["gen_ai.operation.name"] = operation
    if span.agent_id:
        found["gen_ai.agent.id"] = span.agent_id
    if span.type == "agent":
        found["gen_ai.agent.name"] = span.name
    elif span.type in ("tool", "handoff"):
        found["gen_ai.tool.name"] = span.name
    elif span.type == "generation":
        found |= _of_call(span)
    if span.error:
        found["error.type"] = span.error.get("code") or "error"
    if settings.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT:
        found |= otlp_messages.content_of(span)
    return found


def _of_run(run: Run) -> dict[str, Any]:
    found = {"troupe.run.id": str(run.id), "troupe.workspace.id": str(run.workspace_id)}
    if run.conversation_id:
        found["gen_ai.conversation.id"] = str(run.conversation_id)
    return found


def _of_call(span: Recorded) -> dict[str, Any]:
    used, provider = span.usage or {}, span.details.get("provider") or span.model.partition("/")[0]
    found = {
        "gen_ai.provider.name": _PROVIDERS.get(provider, provider), "gen_ai.request.model": _model(span.model),
        "gen_ai.usage.input_tokens": used.get("prompt_tokens"), "gen_ai.usage.output_tokens": used.get("completion_tokens"),
        "gen_ai.usage.cache_read.input_tokens": used.get("cached_tokens"), "troupe.try": span.details.get("try"),
        "http.response.status_code": span.details.get("status"),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def _model(reference: str) -> str:
    """A model's own name: references begin with the provider's."""
    return reference.partition("/")[2] or reference


def _context(run: Run, span_id: UUID) -> SpanContext:
    """Ours are 128 bits long, OpenTelemetry's 64: the random half of them."""
    trace = int(run.trace_id.rpartition("_")[2], 16)
    return SpanContext(trace, int.from_bytes(span_id.bytes[8:]), is_remote=False, trace_flags=_SAMPLED)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
