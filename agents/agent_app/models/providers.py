"""Providers a workspace has configured, with the models it uses there."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from agent_app.models.catalogue import validate_capabilities
from agent_app.provider_types import LABELS
from community.models import WorkspaceRecord
from config.lib import secrets

KEY_PURPOSE = "provider.api_key"


class Provider(WorkspaceRecord):
    """An endpoint with its key. The key is stored encrypted and never answered."""

    type = models.CharField(max_length=20, choices=LABELS)
    name = models.CharField(max_length=60)
    base_url = models.URLField(max_length=300)
    api_key_encrypted = models.TextField(blank=True, editable=False)
    api_key_hint = models.CharField(max_length=12, blank=True, editable=False)
    organization_id = models.CharField(max_length=100, blank=True)
    default_model = models.CharField(max_length=200, blank=True)
    additional_config = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")
    tested_at = models.DateTimeField(null=True, blank=True, editable=False)
    test_error = models.CharField(max_length=600, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint("workspace", Lower("name"), name="provider_name_unique")]

    def __str__(self) -> str:
        return self.name

    def set_api_key(self, key: str) -> None:
        """Keep ``key`` encrypted; an empty one removes it."""
        self.api_key_encrypted = secrets.encrypt(key, purpose=KEY_PURPOSE) if key else ""
        self.api_key_hint = secrets.hint(key) if key else ""

    @property
    def api_key(self) -> str:
        return secrets.decrypt(self.api_key_encrypted, purpose=KEY_PURPOSE) if self.api_key_encrypted else ""

    @property
    def model_ids(self) -> list[str]:
        """The ids of its models in their order; free of queries where they were prefetched."""
        return [model.model_id for model in self.listed]

    @property
    def listed(self) -> "list[ProviderModel]":
        return sorted(self.provider_models.all(), key=lambda model: (model.position, model.id))


class ProviderModel(WorkspaceRecord):
    """A model that a workspace uses at one of its providers. What is not known of its capabilities is allowed.

    ``test_result`` is what the last test found, ``capabilities`` what tests and people say: they beat the catalogue.
    """

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="provider_models")
    model_id = models.CharField(max_length=200)
    position = models.PositiveIntegerField(default=0)
    api = models.CharField(max_length=20, blank=True, help_text=_("Empty: as the provider is set."))
    context_window = models.PositiveIntegerField(null=True, blank=True)
    max_output = models.PositiveIntegerField(null=True, blank=True)
    capabilities = models.JSONField(default=dict, blank=True, validators=[validate_capabilities])
    tested_at = models.DateTimeField(null=True, blank=True)
    test_result = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("provider", "model_id", name="provider_model_unique")]

    def __str__(self) -> str:
        return self.model_id
