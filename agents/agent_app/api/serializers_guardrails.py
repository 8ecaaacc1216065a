"""What the API takes and answers of guardrails (contract: G)."""

from typing import Any

from django.utils.functional import Promise
from rest_framework import serializers

from agent_app.guardrails.registry import ACTIONS, MODES, STAGES, Kind
from config.lib.serializers import Strict

_STAGE_HELP = "When it is checked."


class GuardrailUpdate(Strict):
    name = serializers.CharField(max_length=80, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    type = serializers.ChoiceField(choices=STAGES, required=False, help_text=_STAGE_HELP)
    implementation = serializers.CharField(max_length=20, required=False, help_text="A kind of guardrail.")
    config = serializers.DictField(
        required=False, help_text="Secret values are write-only; a mask keeps what is there."
    )
    action = serializers.ChoiceField(choices=ACTIONS, required=False)
    mode = serializers.ChoiceField(choices=MODES, required=False)
    enabled = serializers.BooleanField(required=False)


class GuardrailInput(GuardrailUpdate):
    name = serializers.CharField(max_length=80)
    type = serializers.ChoiceField(choices=STAGES, help_text=_STAGE_HELP)
    implementation = serializers.CharField(max_length=20, help_text="A kind of guardrail.")


class GuardrailItem(GuardrailInput):
    id = serializers.UUIDField(required=False, help_text="Keeps the identity of one that is there.")


class StageGuardrailItem(GuardrailItem):
    """One of a list that says the type already."""

    type = serializers.ChoiceField(
        choices=STAGES, required=False, help_text="Where it is said, it is that of the list."
    )


class GuardrailOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    type = serializers.ChoiceField(choices=STAGES)
    implementation = serializers.CharField()
    config = serializers.DictField()
    action = serializers.ChoiceField(choices=ACTIONS)
    mode = serializers.ChoiceField(choices=MODES)
    enabled = serializers.BooleanField()


class TrialInput(Strict):
    text = serializers.CharField(max_length=1_000_000, trim_whitespace=False, allow_blank=True)
    type = serializers.ChoiceField(choices=STAGES, required=False, help_text="Only those of this stage.")
    guardrail = GuardrailInput(required=False, help_text="One that is not saved yet, instead of the agent's.")


class MatchOutput(serializers.Serializer[Any]):
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    what = serializers.CharField()


class CheckedOutput(serializers.Serializer[Any]):
    """What one guardrail has said."""

    id = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=STAGES)
    implementation = serializers.CharField()
    action = serializers.ChoiceField(choices=ACTIONS)
    tripped = serializers.BooleanField()
    message = serializers.CharField(allow_blank=True)
    matches = MatchOutput(many=True, help_text="Places in the text that it was given.")
    failed = serializers.BooleanField(help_text="It could not be checked.")
    info = serializers.JSONField(allow_null=True)
    duration_ms = serializers.FloatField()


class TrialOutput(serializers.Serializer[Any]):
    blocked = serializers.BooleanField()
    text = serializers.CharField(allow_blank=True, help_text="What would go on: redacted or replaced.")
    results = CheckedOutput(many=True)
    credits = serializers.CharField(help_text="What the agents that judge have cost. Four decimals.")


class KindOutput(serializers.Serializer[Any]):
    implementation = serializers.CharField(source="name")
    title = serializers.CharField(source="label")
    description = serializers.CharField(source="summary")
    redacts = serializers.BooleanField(source="finds", help_text="Whether it can be used with the action redact.")
    config_schema = serializers.SerializerMethodField(help_text="JSON Schema of config.")

    def get_config_schema(self, kind: Kind) -> dict[str, Any]:
        found: dict[str, Any] = plain(kind.schema())
        return found


def plain(value: Any) -> Any:
    """A schema as JSON: its titles are translated when they are shown."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return str(value) if isinstance(value, Promise) else value
