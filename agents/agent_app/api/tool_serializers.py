"""What the API takes and answers of tools (contract: T). A secret goes in and comes out masked."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agent_app import credentials, secret_paths
from agent_app.definition.content import READ
from agent_app.models import Agent, Credential, Tool
from agent_app.tools import registry
from billing import rates
from config.lib.serializers import Strict

_APPROVAL = {
    "oneOf": [
        {"type": "string", "enum": ["never", "always"]},
        {"type": "object", "properties": {"when": {"type": "string"}}, "required": ["when"]},
    ]
}


_NEEDS = "What a person has to do before it can say who it is: enter its secrets, connect its account, or nothing."


@extend_schema_field(_APPROVAL)
class ApprovalField(serializers.JSONField):
    pass


class ToolUpdateBase(Strict):
    name = serializers.CharField(max_length=64, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    type = serializers.CharField(max_length=24, required=False, help_text="One of /agents/tools/available/.")
    params = serializers.DictField(required=False, help_text="As the type's params_schema says.")
    approval = ApprovalField(required=False)
    max_calls = serializers.IntegerField(required=False, allow_null=True, help_text="In one run.")
    timeout_s = serializers.IntegerField(required=False, allow_null=True, help_text="For one call.")
    enabled = serializers.BooleanField(required=False)


class ToolInput(ToolUpdateBase):
    name = serializers.CharField(max_length=64)
    type = serializers.CharField(max_length=24, help_text="One of /agents/tools/available/.")


class ToolUpdate(ToolUpdateBase):
    revision = serializers.IntegerField(min_value=1, required=False)


class ToolReplace(ToolInput):
    revision = serializers.IntegerField(min_value=1, required=False)


class AgentToolUpdate(ToolUpdateBase):
    """A tool of the agent's own, or with `tool_id` one of the library: then name, type and params are the library's."""

    name = serializers.CharField(max_length=64, required=False, allow_blank=True)
    type = serializers.CharField(max_length=24, required=False, allow_blank=True)
    tool_id = serializers.UUIDField(required=False, allow_null=True)
    credential_id = serializers.UUIDField(read_only=True, help_text="May be sent back; nobody chooses it.")
    needs = serializers.CharField(read_only=True, help_text="May be sent back.")


class AgentToolInput(AgentToolUpdate):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in ("name", "type") if not attrs.get(name)]
        if missing and not attrs.get("tool_id"):
            raise serializers.ValidationError({name: ["This field is required."] for name in missing})
        return attrs


class AgentToolItem(AgentToolInput):
    id = serializers.UUIDField(required=False, help_text="Keeps the identity of one that is there.")


class AgentToolOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    tool_id = serializers.UUIDField(allow_null=True)
    credential_id = serializers.UUIDField(allow_null=True, help_text="See /credentials/.")
    name = serializers.CharField()
    type = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    params = serializers.DictField()
    approval = ApprovalField()
    max_calls = serializers.IntegerField(allow_null=True)
    timeout_s = serializers.IntegerField(allow_null=True)
    enabled = serializers.BooleanField()
    needs = serializers.ChoiceField(["", "secrets", "account"], help_text=_NEEDS)


class ToolOutput(serializers.ModelSerializer[Tool]):
    params = serializers.SerializerMethodField()
    approval = ApprovalField(read_only=True)
    permissions = serializers.SerializerMethodField(help_text="What a call may do.")
    needs = serializers.SerializerMethodField(help_text=_NEEDS)
    agents = serializers.IntegerField(read_only=True, default=0, help_text="How many agents use it.")

    class Meta:
        model = Tool
        fields = (
            "id", "name", "description", "type", "params", "credential_id", "approval", "max_calls", "timeout_s", "enabled",
            "permissions", "needs", "agents", "revision", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_params(self, tool: Tool) -> dict[str, Any]:
        hints = getattr(tool, "hints", None)
        if hints is None:
            found = credentials.credentials_of(tool.workspace_id, [tool.credential_id])
            return credentials.masked(tool.params, found.get(str(tool.credential_id)))
        return secret_paths.with_values(
            tool.params, {place: {"set": True, "hint": hint} for place, hint in hints.items()}
        )

    @extend_schema_field({"type": "string", "enum": ["", "secrets", "account"]})
    def get_needs(self, tool: Tool) -> str:
        kind = registry.find(tool.type)
        if hasattr(tool, "hints"):
            return credentials.needs(kind, tool.params, tool.hints, getattr(tool, "tokens", None))
        found = credentials.credentials_of(tool.workspace_id, [tool.credential_id])
        return credentials.needs_with(kind, tool.params, found.get(str(tool.credential_id)))

    @extend_schema_field(
        {"type": "array", "items": {"type": "string", "enum": [each.value for each in registry.Permission]}}
    )
    def get_permissions(self, tool: Tool) -> list[str]:
        kind = registry.find(tool.type)
        return sorted(kind.permissions) if kind else []


class ToolTypeOutput(serializers.Serializer[Any]):
    type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the base class's option
    summary = serializers.CharField()
    icon = serializers.CharField()
    params_schema = serializers.DictField(help_text="JSON Schema of params.")
    secrets = serializers.ListField(child=serializers.CharField(), help_text="Paths of params that are write-only.")
    permissions = serializers.ListField(child=serializers.CharField())
    timeout_s = serializers.IntegerField()
    credits_per_call = serializers.CharField()
    unavailable = serializers.CharField(allow_blank=True, help_text="Why it cannot be used here; empty where it can.")


class ToolTestInput(Strict):
    arguments = serializers.DictField(required=False)
    function = serializers.CharField(
        max_length=64, required=False, help_text="Where the tool has several functions: which one."
    )


class ToolTestOutput(serializers.Serializer[Any]):
    result = serializers.JSONField(allow_null=True)
    is_error = serializers.BooleanField()
    duration_ms = serializers.IntegerField()
    credits = serializers.CharField()
    details = serializers.DictField()


def available() -> list[dict[str, Any]]:
    """The types of tools, with the price of a call."""
    kinds = registry.types()
    prices = rates.prices_of(kind.rate for kind in kinds)
    return [
        {
            "type": kind.name, "label": str(kind.label), "summary": str(kind.summary), "icon": kind.icon,
            "params_schema": kind.params_schema, "secrets": list(kind.secrets), "permissions": sorted(kind.permissions),
            "timeout_s": kind.default_timeout_s, "credits_per_call": f"{prices[kind.rate].per_call:.4f}",
            "unavailable": kind.unavailable(),
        }
        for kind in kinds
    ]  # fmt: skip


def shown_tools(agent: Agent) -> list[dict[str, Any]]:
    """An agent's tools as they are answered."""
    return masked_tools(agent, READ["tools"](agent))


def masked_tools(agent: Agent, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = credentials.credentials_of(agent.workspace_id, [part["credential_id"] for part in parts])
    return [_masked(part, found.get(part["credential_id"] or "")) for part in parts]


def _masked(part: dict[str, Any], row: Credential | None) -> dict[str, Any]:
    missing = credentials.needs_with(registry.find(part["type"]), part["params"], row)
    return part | {"params": credentials.masked(part["params"], row), "needs": missing}
