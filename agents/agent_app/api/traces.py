"""Traces and what they add up to."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, traces
from agent_app.models import Run, RunStatus, Span, SpanType
from agent_app.traces import Trace
from community.api.authentication import identify
from config.lib import lists


class SpanOutput(serializers.ModelSerializer[Span]):
    type = serializers.ChoiceField(choices=SpanType.choices)
    input = serializers.JSONField(
        allow_null=True,
        help_text="What went in. Of a body of more than 4 MB, and of those that come after 16 MB of others, there is only the "
        "beginning: `truncated` is true, `bytes` says how long it was, and `head` is how it began.",
    )
    output = serializers.JSONField(allow_null=True, help_text="What came out, like `input`.")
    usage = serializers.DictField(help_text="Tokens; empty where no model was asked.")
    cost = serializers.CharField(help_text="Credits with four decimals, those of the spans below included.")
    error = serializers.SerializerMethodField()
    details = serializers.DictField(
        help_text="Of a model call: `try` counts the tries of one call from 1, `call` is the first try's id (in those after it), "
        "`provider` a type, `status` the HTTP status of a refusal, `wait_ms` how long was waited before the next try, "
        "`passed_over` a model that was not even asked."
    )

    class Meta:
        model = Span
        fields = (
            "id", "parent_id", "type", "name", "agent_id", "model", "attempt", "started_at", "ended_at", "input", "output",
            "usage", "cost", "error", "details",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(
        {"type": "object", "nullable": True, "properties": {"code": {"type": "string"}, "error": {"type": "string"}}}
    )
    def get_error(self, span: Span) -> dict[str, Any] | None:
        return span.error or None


class TraceOutput(serializers.Serializer[Trace]):
    trace_id = serializers.CharField(source="run.trace_id")
    run_id = serializers.UUIDField(source="run.id")
    spans = serializers.SerializerMethodField()

    @extend_schema_field(SpanOutput(many=True))
    def get_spans(self, trace: Trace) -> Any:
        for span in trace.spans:
            span.cost = f"{trace.costs[span.id]:.4f}"  # type: ignore[attr-defined]  # for its serializer
        return SpanOutput(trace.spans, many=True).data


class TraceSummaryOutput(serializers.Serializer[Run]):
    trace_id = serializers.CharField()
    run_id = serializers.UUIDField(source="id")
    status = serializers.ChoiceField(choices=RunStatus.choices)
    reason = serializers.CharField(allow_blank=True)
    model = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(source="finished_at", allow_null=True)
    total_tokens = serializers.IntegerField()
    cost = serializers.CharField(source="credits")
    span_count = serializers.IntegerField()
    error_count = serializers.IntegerField()


class ModelActivityOutput(serializers.Serializer[Any]):
    model = serializers.CharField()
    calls = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # a field of that name, not what went wrong
    error_rate = serializers.FloatField()
    p50_ms = serializers.IntegerField()
    p95_ms = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost = serializers.CharField()


class ToolActivityOutput(serializers.Serializer[Any]):
    tool = serializers.CharField()
    type = serializers.CharField()
    calls = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # a field of that name, not what went wrong
    error_rate = serializers.FloatField()
    p50_ms = serializers.IntegerField()
    p95_ms = serializers.IntegerField()
    cost = serializers.CharField()


class HandoffActivityOutput(serializers.Serializer[Any]):
    agent_id = serializers.UUIDField()
    name = serializers.CharField()
    count = serializers.IntegerField()


class HandoffsActivityOutput(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:  # one of them is called "from"
        return {"from": HandoffActivityOutput(many=True), "to": HandoffActivityOutput(many=True)}


class AgentActivityOutput(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    models = ModelActivityOutput(many=True)
    tools = ToolActivityOutput(many=True)
    handoffs = HandoffsActivityOutput()


class RunTraceView(APIView):
    @extend_schema(operation_id="runs_trace", responses=TraceOutput)
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(TraceOutput(traces.whole_trace_of(access.get_run(identify(request), run_id))).data)


class TraceView(APIView):
    @extend_schema(operation_id="traces_retrieve", responses=TraceOutput)
    def get(self, request: Request, trace_id: str) -> Response:
        return Response(TraceOutput(traces.whole_trace_of(traces.get_run_by_trace(identify(request), trace_id))).data)


class AgentTracesView(APIView):
    @lists.describe("agents_traces_list", TraceSummaryOutput)
    def get(self, request: Request, agent_id: UUID) -> Response:
        """Newest first."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "run.read")
        return lists.answer(request, traces.agent_traces(actor, agent.id), TraceSummaryOutput)


class AgentActivityView(APIView):
    @extend_schema(operation_id="agents_stats", responses=AgentActivityOutput)
    def get(self, request: Request, agent_id: UUID) -> Response:
        """The last 30 days: calls of models and of tools with their error rate and times, and who handed over to whom."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "run.read")
        return Response(AgentActivityOutput(traces.agent_activity(actor, agent.id)).data)
