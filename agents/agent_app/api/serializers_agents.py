"""What endpoints about agents take and answer. Unknown fields are refused by name: a client's typing error must not pass silently."""

from typing import Any

from django.db.models import prefetch_related_objects
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agent_app.api.definition import (
    ContextItem,
    ContextOutput,
    HandoffItem,
    HandoffOutput,
    HistorySerializer,
    LineageOutput,
    SchemaField,
    lineage,
)
from agent_app.api.serializers_guardrails import GuardrailItem, GuardrailOutput, StageGuardrailItem
from agent_app.api.shown_guardrails import masked_guardrails
from agent_app.api.tool_serializers import AgentToolItem, AgentToolOutput, shown_tools
from agent_app.auto import PREFERENCES
from agent_app.definition.content import contexts_of, handoffs_of
from agent_app.definition.guardrails import guardrails_of
from agent_app.definition.sources import warnings
from agent_app.models import Agent, AgentStatus, RunStatus
from config.lib.serializers import Strict


class ModelSettingsSerializer(Strict):
    temperature = serializers.FloatField(min_value=0, max_value=2, required=False, allow_null=True)
    top_p = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)
    max_tokens = serializers.IntegerField(min_value=16, max_value=1_000_000, required=False, allow_null=True)
    reasoning_effort = serializers.ChoiceField(
        choices=["minimal", "low", "medium", "high"], required=False, allow_null=True
    )
    parallel_tool_calls = serializers.BooleanField(required=False, allow_null=True)
    tool_choice = serializers.RegexField(
        r"^[A-Za-z0-9_-]{1,64}$", required=False, allow_null=True,
        help_text="`auto`, `required`, `none`, or the name of the one tool or handoff to call first.",
    )  # fmt: skip
    cache_ttl = serializers.IntegerField(
        min_value=0, max_value=30 * 86_400, required=False, allow_null=True,
        help_text="Seconds for which an answer is given again to the very same request, at temperature 0. 0: never.",
    )  # fmt: skip
    preference = serializers.ChoiceField(
        choices=PREFERENCES,
        required=False,
        allow_null=True,
        help_text="What `auto` looks for in a model. Left out: `balanced`.",
    )
    additional_params = serializers.DictField(required=False)


class AgentInput(Strict):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    instructions = serializers.CharField(max_length=100_000, required=False, allow_blank=True, trim_whitespace=False)
    model = serializers.CharField(max_length=200, required=False, allow_blank=True)
    model_settings = ModelSettingsSerializer(required=False)
    handoff_description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    starters = serializers.ListField(child=serializers.CharField(max_length=300), max_length=8, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=20, required=False)
    metadata = serializers.DictField(required=False)
    status = serializers.ChoiceField(choices=AgentStatus.choices, required=False)
    output_type = SchemaField(required=False, allow_null=True)
    fallback_models = serializers.ListField(child=serializers.CharField(max_length=200), max_length=5, required=False)
    history = HistorySerializer(required=False)
    handoffs = HandoffItem(many=True, required=False, help_text="The whole list.")
    contexts = ContextItem(many=True, required=False, help_text="The whole list.")
    tools = AgentToolItem(many=True, required=False, help_text="The whole list.")
    guardrails = GuardrailItem(many=True, required=False, help_text="The whole list.")
    input_guardrails = StageGuardrailItem(many=True, required=False, help_text="All of the input.")
    output_guardrails = StageGuardrailItem(many=True, required=False, help_text="All of the output.")
    runs_per_minute = serializers.IntegerField(
        min_value=1, max_value=100_000, required=False, allow_null=True,
        help_text="How often all together may run it; more are 429. It holds at once, for whatever version is run. Null: any number.",
    )  # fmt: skip
    concurrent_runs = serializers.IntegerField(
        min_value=1, max_value=10_000, required=False, allow_null=True,
        help_text="How many of its runs may be queued or under way; more are 429. It holds at once. Null: any number.",
    )  # fmt: skip
    hold_until_checked = serializers.BooleanField(
        required=False, help_text="Stream nothing of an answer before its guardrails have passed it."
    )


class AgentUpdate(AgentInput):
    revision = serializers.IntegerField(min_value=1, required=False)


class AgentRowOutput(serializers.ModelSerializer[Agent]):
    """An agent in a list: without its parts."""

    model_settings = ModelSettingsSerializer(read_only=True)
    history = HistorySerializer(read_only=True)
    output_type = SchemaField(read_only=True, allow_null=True)
    metadata = serializers.DictField(read_only=True)
    version = serializers.IntegerField(
        source="published_version", read_only=True, allow_null=True, help_text="The latest published one."
    )
    cloned_from = serializers.SerializerMethodField()
    last_run_at = serializers.DateTimeField(read_only=True, allow_null=True, default=None)
    last_run_status = serializers.ChoiceField(choices=RunStatus.choices, read_only=True, allow_null=True, default=None)

    class Meta:
        model = Agent
        fields: tuple[str, ...] = (
            "id", "name", "description", "instructions", "model", "model_settings", "handoff_description", "output_type",
            "fallback_models", "history", "starters", "tags", "metadata", "hold_until_checked", "runs_per_minute",
            "concurrent_runs", "status", "revision", "version", "cloned_from", "created_at", "updated_at", "last_run_at", "last_run_status",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(LineageOutput(allow_null=True))
    def get_cloned_from(self, agent: Agent) -> dict[str, Any] | None:
        return lineage(agent)


class ProblemOutput(serializers.Serializer[Any]):
    """Something that does not fit. An error is refused (422) when it is published or run, a warning is only told."""

    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "warning"])


class AgentOutput(AgentRowOutput):
    handoffs = serializers.SerializerMethodField()
    contexts = serializers.SerializerMethodField()
    tools = serializers.SerializerMethodField()
    guardrails = serializers.SerializerMethodField()
    input_guardrails = serializers.SerializerMethodField()
    output_guardrails = serializers.SerializerMethodField()
    warnings = serializers.SerializerMethodField(help_text="Why this draft can be saved, but not published or run.")

    class Meta(AgentRowOutput.Meta):
        fields = (
            *AgentRowOutput.Meta.fields, "handoffs", "contexts", "tools", "guardrails", "input_guardrails",
            "output_guardrails", "warnings",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(HandoffOutput(many=True))
    def get_handoffs(self, agent: Agent) -> Any:
        return HandoffOutput(handoffs_of(agent), many=True).data

    @extend_schema_field(ContextOutput(many=True))
    def get_contexts(self, agent: Agent) -> Any:
        return ContextOutput(contexts_of(agent), many=True).data

    @extend_schema_field(AgentToolOutput(many=True))
    def get_tools(self, agent: Agent) -> Any:
        return AgentToolOutput(shown_tools(agent), many=True).data

    @extend_schema_field(GuardrailOutput(many=True))
    def get_guardrails(self, agent: Agent) -> Any:
        return GuardrailOutput(_guardrails(agent), many=True).data

    @extend_schema_field(GuardrailOutput(many=True))
    def get_input_guardrails(self, agent: Agent) -> Any:
        return GuardrailOutput(_guardrails(agent, "input"), many=True).data

    @extend_schema_field(GuardrailOutput(many=True))
    def get_output_guardrails(self, agent: Agent) -> Any:
        return GuardrailOutput(_guardrails(agent, "output"), many=True).data

    @extend_schema_field(ProblemOutput(many=True))
    def get_warnings(self, agent: Agent) -> list[dict[str, str]]:
        return warnings(agent)


def _guardrails(agent: Agent, stage: str = "") -> list[dict[str, Any]]:
    """Those of one stage, or all; asked for once."""
    prefetch_related_objects([agent], "guardrails")
    return masked_guardrails(agent, [each for each in guardrails_of(agent) if stage in ("", each["type"])])
