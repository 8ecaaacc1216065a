"""Providers a workspace has configured."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceRecord
from config.lib import secrets

KEY_PURPOSE = "provider.api_key"


class ProviderType(models.TextChoices):
    """Who speaks which wire. All of these speak OpenAI's Chat Completions."""

    OPENAI = "openai", "OpenAI"
    GOOGLE = "google", "Google"
    HUGGINGFACE = "huggingface", "Hugging Face"
    DEEPSEEK = "deepseek", "DeepSeek"
    MISTRAL = "mistral", "Mistral"
    GROQ = "groq", "Groq"
    OPENROUTER = "openrouter", "OpenRouter"
    MODAL = "modal", "Modal"
    CUSTOM = "custom", _("OpenAI-compatible")


class Provider(WorkspaceRecord):
    """An endpoint with its key. The key is stored encrypted and never answered."""

    type = models.CharField(max_length=20, choices=ProviderType.choices)
    name = models.CharField(max_length=60)
    base_url = models.URLField(max_length=300)
    api_key_encrypted = models.TextField(blank=True, editable=False)
    api_key_hint = models.CharField(max_length=12, blank=True, editable=False)
    organization_id = models.CharField(max_length=100, blank=True)
    model_ids = ArrayField(models.CharField(max_length=200), default=list, blank=True, size=200)
    default_model = models.CharField(max_length=200, blank=True)
    additional_config = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")

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
