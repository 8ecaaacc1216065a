"""What the API takes and answers. Unknown fields are refused by name: a client's typing error must not pass silently."""

from typing import Any

from django.db.models import prefetch_related_objects
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agent_app import approvals, output_formats, provider_types, remedies
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
from agent_app.api.serializers_approvals import ApprovalOutput
from agent_app.api.serializers_conversations import MessageOutput
from agent_app.api.serializers_guardrails import GuardrailItem, GuardrailOutput, StageGuardrailItem
from agent_app.api.shown_guardrails import masked_guardrails
from agent_app.api.tool_serializers import AgentToolItem, AgentToolOutput, shown_tools
from agent_app.attachments import MAX_FILES
from agent_app.auto import PREFERENCES
from agent_app.definition.content import contexts_of, handoffs_of
from agent_app.definition.guardrails import guardrails_of
from agent_app.definition.sources import warnings
from agent_app.models import Agent, AgentStatus, Provider, Run, RunStatus
from agent_app.runs import limits
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


class SecretField(serializers.CharField):
    """A secret goes in and never comes out. Its mask, as answers have it, means: as it is."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=500, write_only=True, **options)

    def to_internal_value(self, data: Any) -> Any:
        masked = isinstance(data, dict) and set(data) <= {"set", "hint"}
        if masked or (isinstance(data, str) and data.startswith("…")):
            raise serializers.SkipField
        return super().to_internal_value(data)


class ProviderInput(Strict):
    type = serializers.ChoiceField(choices=provider_types.LABELS)
    name = serializers.CharField(max_length=60)
    base_url = serializers.URLField(max_length=300, required=False, allow_blank=True)
    api_key = SecretField(required=False, allow_blank=True)
    organization_id = serializers.CharField(max_length=100, required=False, allow_blank=True)
    models = serializers.ListField(child=serializers.CharField(max_length=200), max_length=200, required=False)
    default_model = serializers.CharField(max_length=200, required=False, allow_blank=True)
    additional_config = serializers.DictField(required=False)
    test = serializers.BooleanField(
        required=False, help_text="The provider must answer; 422 with its words, and nothing saved, where it does not."
    )


class SecretOutput(serializers.Serializer[Any]):
    set = serializers.BooleanField()
    hint = serializers.CharField()


class ProviderOutput(serializers.ModelSerializer[Provider]):
    models = serializers.ListField(child=serializers.CharField(), source="model_ids")
    api_key = serializers.SerializerMethodField()
    additional_config = serializers.DictField(read_only=True)

    class Meta:
        model = Provider
        fields = (
            "id", "type", "name", "base_url", "api_key", "organization_id", "models", "default_model", "additional_config",
            "tested_at", "test_error", "last_used_at", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(SecretOutput)
    def get_api_key(self, provider: Provider) -> dict[str, Any]:
        return {"set": bool(provider.api_key_encrypted), "hint": provider.api_key_hint}


class RunInputSerializer(Strict):
    message = serializers.CharField(max_length=200_000, trim_whitespace=False)
    content = serializers.CharField(required=False, help_text="Accepted for message.")
    conversation_id = serializers.UUIDField(required=False, allow_null=True)
    version = serializers.JSONField(required=False, allow_null=True, help_text='A published number, or "draft".')
    model = serializers.CharField(max_length=200, required=False, allow_blank=True)
    context_id = serializers.UUIDField(required=False, allow_null=True)
    provider_id = serializers.UUIDField(required=False, allow_null=True)
    attachments = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_null=True, max_length=MAX_FILES,
        help_text="Ids of files. Left out where a message is answered again or replaced: the files it has.",
    )  # fmt: skip
    parent_message_id = serializers.UUIDField(required=False, allow_null=True)
    metadata = serializers.DictField(required=False)
    stream = serializers.BooleanField(required=False, default=False)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and "content" in data and "message" not in data:
            data = {**data, "message": data["content"]}
            del data["content"]
        return super().to_internal_value(data)


class UsageOutput(serializers.Serializer[Any]):
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    reasoning_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    execution_time = serializers.FloatField(help_text="Seconds.")
    credits = serializers.CharField(help_text="Four decimals.")


class RunOutput(serializers.Serializer[Run]):
    """A run (contract: Run)."""

    id = serializers.UUIDField()
    run_id = serializers.UUIDField(source="id")
    kind = serializers.CharField()
    status = serializers.ChoiceField(choices=RunStatus.choices)
    reason = serializers.CharField(allow_blank=True)
    error = serializers.DictField()
    output = serializers.JSONField(allow_null=True)
    messages = serializers.SerializerMethodField()
    usage = serializers.SerializerMethodField()
    model = serializers.CharField()
    trace_id = serializers.CharField()
    conversation_id = serializers.UUIDField(allow_null=True)
    agent_id = serializers.UUIDField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    parent_run_id = serializers.UUIDField(source="parent_id", allow_null=True)
    metadata = serializers.DictField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the base class's option
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    approvals = serializers.SerializerMethodField(help_text="What it waits for: answer with POST …/decisions/.")

    @extend_schema_field(MessageOutput(many=True))
    def get_messages(self, run: Run) -> list[dict[str, Any]]:
        if run.output is None:
            return []
        content = run.output if isinstance(run.output, str) else output_formats.to_json(run.output)
        return [{"id": run.message_id, "role": "assistant", "content": content, "run_id": run.id}]

    @extend_schema_field(UsageOutput)
    def get_usage(self, run: Run) -> dict[str, Any]:
        return {
            "prompt_tokens": run.prompt_tokens, "completion_tokens": run.completion_tokens, "cached_tokens": run.cached_tokens,
            "reasoning_tokens": run.reasoning_tokens, "total_tokens": run.total_tokens, "execution_time": run.execution_time,
            "credits": f"{run.credits:.4f}",
        }  # fmt: skip

    @extend_schema_field(ApprovalOutput(many=True))
    def get_approvals(self, run: Run) -> list[dict[str, Any]]:
        """What the run waits for; nothing where it does not wait."""
        waiting = approvals.pending_of(run)
        return [dict(each) for each in ApprovalOutput(waiting, many=True).data] if waiting else []


class RemedyOutput(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the base class's option
    url = serializers.CharField()


class RunDetailOutput(RunOutput):
    """A run by itself."""

    queue_position = serializers.SerializerMethodField(
        help_text="Of a queued run: which place it has among those of its workspace that wait, from 1. Else null."
    )

    remedy = serializers.SerializerMethodField(
        help_text="Of a run that went wrong: the page on which you can do something about it. Null where there is none."
    )

    @extend_schema_field(RemedyOutput(allow_null=True))
    def get_remedy(self, run: Run) -> dict[str, str] | None:
        found = remedies.for_run(self.context["actor"], run)
        return found.shown() if found else None

    def get_queue_position(self, run: Run) -> int | None:
        return limits.position(run.id) if run.status == RunStatus.QUEUED else None


class AcceptedOutput(serializers.Serializer[Any]):
    """What 202 answers: where to look for the end."""

    run_id = serializers.UUIDField()
    status = serializers.CharField()
    status_url = serializers.CharField()
    events_url = serializers.CharField()
    conversation_id = serializers.UUIDField(allow_null=True)
    approvals = ApprovalOutput(
        many=True, required=False, help_text="Of a run that waits for a person, with all of the run."
    )
    decisions_url = serializers.CharField(required=False)
