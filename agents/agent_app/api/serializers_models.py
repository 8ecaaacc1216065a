"""What endpoints about models and keys take and answer. A key is never among the answers."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agent_app.api.serializers_providers import SecretField, SecretOutput
from agent_app.models import CAPABILITIES, CatalogueModel, KeyPurpose, KeyScope, ProviderKey
from config.lib.serializers import Strict


class CapabilitiesField(serializers.DictField):
    """Names of ``CAPABILITIES``, each true or false; null takes back what was said."""

    child = serializers.BooleanField(allow_null=True)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(CAPABILITIES))):
            raise serializers.ValidationError(
                _("There is no capability of that name: %(names)s.") % {"names": ", ".join(map(str, unknown))}
            )
        return super().to_internal_value(data)


class CapabilityMapOutput(serializers.Serializer[Any]):
    """True: it can. False: it cannot. Null: nobody knows, and it is allowed."""

    tools = serializers.BooleanField(allow_null=True)
    parallel_tools = serializers.BooleanField(allow_null=True)
    structured_output = serializers.BooleanField(allow_null=True)
    vision = serializers.BooleanField(allow_null=True)
    reasoning = serializers.BooleanField(allow_null=True)
    streaming = serializers.BooleanField(allow_null=True)
    responses_api = serializers.BooleanField(allow_null=True)
    embeddings = serializers.BooleanField(allow_null=True)
    images = serializers.BooleanField(allow_null=True)
    hosted_tools = serializers.BooleanField(allow_null=True)


class PriceOutput(serializers.Serializer[Any]):
    """Dollars for a million tokens; null where it is not known. ``credits``: what 1,000 tokens cost here without an own key."""

    input = serializers.CharField(allow_null=True)
    output = serializers.CharField(allow_null=True)
    cached = serializers.CharField(allow_null=True)
    credits = serializers.CharField()


class ModelInput(Strict):
    provider_id = serializers.UUIDField(help_text="The configured provider that has the model.")
    model = serializers.CharField(max_length=200, help_text="The provider's id of it.")
    api = serializers.ChoiceField(choices=["chat_completions", "responses"], required=False, allow_blank=True)
    context_window = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, allow_null=True)
    max_output = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, allow_null=True)
    capabilities = CapabilitiesField(required=False)


class ModelUpdate(Strict):
    """The provider of a model and its id stay: another model is another row."""

    api = serializers.ChoiceField(choices=["chat_completions", "responses"], required=False, allow_blank=True)
    context_window = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, allow_null=True)
    max_output = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, allow_null=True)
    capabilities = CapabilitiesField(required=False)


class CheckOutput(serializers.Serializer[Any]):
    supported = serializers.BooleanField(allow_null=True)
    ms = serializers.IntegerField()
    detail = serializers.CharField(allow_blank=True)


class TestOutput(serializers.Serializer[Any]):
    """What a test found. Where ``ok`` is false it did not even answer, and ``error`` has the provider's words."""

    ok = serializers.BooleanField()
    error = serializers.CharField(allow_blank=True)
    first_token_ms = serializers.IntegerField()
    checks = serializers.DictField(child=CheckOutput())


class ModelOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reference = serializers.SerializerMethodField()
    provider_id = serializers.UUIDField()
    model = serializers.CharField(source="model_id")
    api = serializers.CharField()
    context_window = serializers.IntegerField(allow_null=True)
    max_output = serializers.IntegerField(allow_null=True)
    capabilities = CapabilityMapOutput()
    price = PriceOutput()
    lifecycle = serializers.CharField()
    deprecation_date = serializers.DateField(allow_null=True)
    replacement = serializers.CharField()
    tested_at = serializers.DateTimeField(allow_null=True)
    test = TestOutput(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_reference(self, row: Any) -> str:
        return str(row.reference)


class CatalogueOutput(serializers.Serializer[CatalogueModel]):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    model = serializers.CharField(source="model_id")
    name = serializers.CharField()
    context_window = serializers.IntegerField(allow_null=True)
    max_output = serializers.IntegerField(allow_null=True)
    capabilities = serializers.DictField(child=serializers.BooleanField())
    price = serializers.SerializerMethodField()
    lifecycle = serializers.CharField()
    deprecation_date = serializers.DateField(allow_null=True)
    replacement = serializers.CharField()
    note = serializers.CharField()

    @extend_schema_field(PriceOutput)
    def get_price(self, entry: CatalogueModel) -> dict[str, Any]:
        return dict(self.context["prices"][entry.id])


class TypeOutput(serializers.Serializer[Any]):
    """A type of provider, and what there is of it here. ``platform_key``: the site has a key for it, paid with credits."""

    slug = serializers.CharField()
    name = serializers.CharField()
    base_url = serializers.CharField(allow_blank=True)
    apis = serializers.ListField(child=serializers.CharField())
    needs_key = serializers.BooleanField()
    platform_key = serializers.BooleanField()
    models = serializers.IntegerField(help_text="In the catalogue, without retired ones.")
    providers = serializers.ListField(child=serializers.UUIDField(), help_text="Configured in this workspace.")
    keys = serializers.IntegerField(help_text="Of the workspace, and the person's own.")


class ModelCapabilitiesOutput(serializers.Serializer[Any]):
    reference = serializers.CharField()
    capabilities = serializers.DictField(child=serializers.BooleanField())


class CapabilitiesOutput(serializers.Serializer[Any]):
    """``capabilities``: true where every model of the type can, false where none can, null where some can."""

    provider = serializers.CharField()
    apis = serializers.ListField(child=serializers.CharField())
    capabilities = CapabilityMapOutput()
    models = ModelCapabilitiesOutput(many=True)


class FiguresOutput(serializers.Serializer[Any]):
    calls = serializers.IntegerField()
    error_rate = serializers.FloatField()
    p50_ms = serializers.IntegerField(allow_null=True)
    p95_ms = serializers.IntegerField(allow_null=True)
    first_token_p50_ms = serializers.IntegerField(allow_null=True)
    tokens = serializers.IntegerField()
    cost = serializers.CharField(help_text="Credits, four decimals.")

    def get_fields(self) -> dict[str, Any]:
        """``errors`` is also what serializers call their own."""
        return {**super().get_fields(), "errors": serializers.IntegerField()}


class ModelFiguresOutput(FiguresOutput):
    model = serializers.CharField()


class StatisticsOutput(FiguresOutput):
    """Of this workspace's runs of as many last days as asked for: together, and each model."""

    provider = serializers.CharField()
    days = serializers.IntegerField()
    models = ModelFiguresOutput(many=True)


class KeyInput(Strict):
    provider = serializers.CharField(
        max_length=60, help_text="A type (`openai`), or a configured provider's id or name."
    )
    api_key = SecretField()
    name = serializers.CharField(max_length=60, required=False, allow_blank=True)
    scope = serializers.ChoiceField(choices=KeyScope.choices, required=False, default=KeyScope.USER)
    purpose = serializers.ChoiceField(choices=KeyPurpose.choices, required=False, default=KeyPurpose.MODEL)
    skip_test = serializers.BooleanField(required=False, default=False, help_text="Save it marked untested.")


class KeyUpdate(Strict):
    api_key = SecretField(required=False)
    name = serializers.CharField(max_length=60, required=False, allow_blank=True)
    position = serializers.IntegerField(min_value=0, max_value=10_000, required=False)
    enabled = serializers.BooleanField(required=False)
    skip_test = serializers.BooleanField(required=False, default=False)


class KeyUsageOutput(serializers.Serializer[Any]):
    """Of the runs of the last 30 days that this key was chosen for."""

    runs = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = serializers.CharField()


class KeyOutput(serializers.ModelSerializer[ProviderKey]):
    provider = serializers.CharField(source="type")
    provider_id = serializers.UUIDField(allow_null=True)
    api_key = serializers.SerializerMethodField()
    tested = serializers.SerializerMethodField()
    usage = serializers.SerializerMethodField()

    class Meta:
        model = ProviderKey
        fields = (
            "id", "provider", "provider_id", "name", "scope", "purpose", "api_key", "position", "enabled", "tested", "tested_at",
            "test_error", "last_used_at", "usage", "created_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(SecretOutput)
    def get_api_key(self, key: ProviderKey) -> dict[str, Any]:
        return {"set": True, "hint": key.key_hint}

    def get_tested(self, key: ProviderKey) -> bool:
        return key.tested_at is not None

    @extend_schema_field(KeyUsageOutput)
    def get_usage(self, key: ProviderKey) -> dict[str, Any]:
        return dict(self.context["usage"].get(key.id) or {"runs": 0, "tokens": 0, "cost": "0.0000"})
