"""What endpoints about runs take and answer."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agent_app import approvals, output_formats, remedies
from agent_app.api.serializers_approvals import ApprovalOutput
from agent_app.api.serializers_conversations import MessageOutput
from agent_app.attachments import MAX_FILES
from agent_app.models import Run, RunStatus
from agent_app.runs import limits
from config.lib.serializers import Strict


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
