"""Handoffs: to which other agents an agent may give the conversation."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceRecord


class Handoff(WorkspaceRecord):
    """A part of its agent's draft: written through the agent, in the order of ``position``."""

    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="handoffs")
    target_agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="incoming_handoffs")
    tool_name = models.CharField(max_length=64, blank=True, help_text=_("Empty: transfer_to_ and the target's name."))
    tool_description = models.TextField(max_length=2000, blank=True)
    input_filter = models.JSONField(default=str, help_text=_("How much of the conversation goes along. Empty: all."))
    payload_schema = models.JSONField(
        null=True, blank=True, help_text=_("What the model has to say when it hands over.")
    )
    enabled_when = models.CharField(max_length=2000, blank=True, help_text=_("An expression. Empty: always."))
    position = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.agent_id} → {self.target_agent_id}"
