"""Guardrails: what is checked before, between and after an agent's turns."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceRecord


class GuardrailStage(models.TextChoices):
    INPUT = "input", _("Input")
    OUTPUT = "output", _("Output")
    TOOL_INPUT = "tool_input", _("Tool input")
    TOOL_OUTPUT = "tool_output", _("Tool output")


class GuardrailAction(models.TextChoices):
    BLOCK = "block", _("Block")
    REPLACE = "replace", _("Replace")
    REDACT = "redact", _("Redact")
    WARN = "warn", _("Warn")


class GuardrailMode(models.TextChoices):
    BLOCKING = "blocking", _("Blocking")
    PARALLEL = "parallel", _("Parallel")


class Guardrail(WorkspaceRecord):
    """A part of its agent's draft: written through the agent, in the order of ``position``."""

    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="guardrails")
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=500, blank=True)
    type = models.CharField(max_length=12, choices=GuardrailStage.choices)
    implementation = models.CharField(max_length=20)
    config = models.JSONField(default=dict)
    action = models.CharField(max_length=8, choices=GuardrailAction.choices, default=GuardrailAction.BLOCK)
    mode = models.CharField(max_length=8, choices=GuardrailMode.choices, default=GuardrailMode.BLOCKING)
    enabled = models.BooleanField(default=True)
    credential_id = models.UUIDField(null=True, blank=True, help_text=_("Where the secrets of its config are."))
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "name"], name="guardrail_name_unique")]

    def __str__(self) -> str:
        return self.name
