"""What endpoints about providers take and answer. A key goes in and never comes out."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agent_app import provider_types
from agent_app.models import Provider
from config.lib.serializers import Strict


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
