"""What the API takes and answers of an agent's definition: its parts and its versions."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agent_app.auto import PREFERENCES
from agent_app.models import Agent, AgentVersion
from config.lib.serializers import Strict

_FILTER = {
    "oneOf": [
        {"type": "string", "enum": ["all", "remove_tools", "summary"]},
        {
            "type": "object",
            "properties": {"type": {"type": "string", "enum": ["last_n"]}, "n": {"type": "integer", "minimum": 1}},
            "required": ["type", "n"],
        },
    ]
}
_SCHEMA = {"type": "object", "nullable": True, "additionalProperties": True}


@extend_schema_field(_FILTER)
class InputFilterField(serializers.JSONField):
    pass


@extend_schema_field(_SCHEMA)
class SchemaField(serializers.JSONField):
    """A JSON Schema; an output type may also name one of the library."""


class HistorySerializer(Strict):
    policy = serializers.ChoiceField(choices=["all", "last_n", "token_budget", "summarise"])
    n = serializers.IntegerField(required=False, help_text="Messages; with last_n.")
    tokens = serializers.IntegerField(required=False, help_text="With token_budget.")


class HandoffUpdate(Strict):
    target_agent_id = serializers.UUIDField(required=False)
    tool_name = serializers.CharField(
        max_length=64, required=False, allow_blank=True, help_text="Empty: transfer_to_ and the target's name."
    )
    tool_description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    input_filter = InputFilterField(required=False)
    payload_schema = SchemaField(required=False, allow_null=True)
    enabled_when = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class HandoffInput(HandoffUpdate):
    target_agent_id = serializers.UUIDField()


class HandoffItem(HandoffInput):
    id = serializers.UUIDField(required=False, help_text="Keeps the identity of one that is there.")


class HandoffOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    target_agent_id = serializers.UUIDField()
    tool_name = serializers.CharField(allow_blank=True)
    tool_description = serializers.CharField(allow_blank=True)
    input_filter = InputFilterField()
    payload_schema = SchemaField(allow_null=True)
    enabled_when = serializers.CharField(allow_blank=True)


class ContextUpdate(Strict):
    name = serializers.CharField(max_length=80, required=False)
    content = serializers.DictField(required=False)
    is_default = serializers.BooleanField(required=False)


class ContextInput(ContextUpdate):
    name = serializers.CharField(max_length=80)


class ContextItem(ContextInput):
    id = serializers.UUIDField(required=False, help_text="Keeps the identity of one that is there.")


class DefaultContextInput(Strict):
    name = serializers.CharField(max_length=80, required=False)
    content = serializers.DictField()


class ContextOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    content = serializers.DictField()
    is_default = serializers.BooleanField()


class ModelChoiceInput(Strict):
    model = serializers.CharField(max_length=200)
    provider_id = serializers.UUIDField(required=False, allow_null=True)
    temperature = serializers.FloatField(min_value=0, max_value=2, required=False, allow_null=True)
    top_p = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)
    max_tokens = serializers.IntegerField(min_value=16, max_value=1_000_000, required=False, allow_null=True)
    preference = serializers.ChoiceField(choices=PREFERENCES, required=False, allow_null=True)
    additional_params = serializers.DictField(required=False)


class PublishInput(Strict):
    notes = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    with_targets = serializers.BooleanField(required=False)


class PublisherOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")


class VersionRowOutput(serializers.ModelSerializer[AgentVersion]):
    version = serializers.IntegerField(source="number")
    published_by = PublisherOutput(allow_null=True)

    class Meta:
        model = AgentVersion
        fields: tuple[str, ...] = ("id", "version", "notes", "published_by", "created_at")
        read_only_fields = fields


class VersionOutput(VersionRowOutput):
    content = serializers.DictField(help_text="All that the draft said when it was published.")
    pins = serializers.DictField(
        child=serializers.IntegerField(), help_text="The versions of the agents it hands over to, by their ids."
    )

    class Meta(VersionRowOutput.Meta):
        fields = (*VersionRowOutput.Meta.fields, "content", "pins")
        read_only_fields = fields


class MadeOutput(serializers.ModelSerializer[AgentVersion]):
    version = serializers.IntegerField(source="number")

    class Meta:
        model = AgentVersion
        fields = ("agent_id", "version")
        read_only_fields = fields


class PublishOutput(VersionRowOutput):
    published = MadeOutput(many=True, help_text="All versions made; none where nothing had changed.")

    class Meta(VersionRowOutput.Meta):
        fields = (*VersionRowOutput.Meta.fields, "published")
        read_only_fields = fields


class ChangeOutput(serializers.Serializer[Any]):
    path = serializers.CharField()
    to = serializers.JSONField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.JSONField(allow_null=True)}


class DiffOutput(serializers.Serializer[Any]):
    changes = ChangeOutput(many=True)


def lineage(agent: Agent) -> dict[str, Any] | None:
    """Of what an agent is a clone."""
    if agent.cloned_from_id is None:
        return None
    return {"agent_id": agent.cloned_from_id, "version": agent.cloned_from_version}


class LineageOutput(serializers.Serializer[Any]):
    agent_id = serializers.UUIDField()
    version = serializers.IntegerField(allow_null=True, help_text="Null: its draft.")
