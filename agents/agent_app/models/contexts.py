"""Contexts: named values that a run brings along, for instructions, tools and guardrails."""

from django.db import models

from community.models import WorkspaceRecord


class Context(WorkspaceRecord):
    """A part of its agent's draft: written through the agent. The default one is used where a run names none."""

    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="contexts")
    name = models.CharField(max_length=80)
    content = models.JSONField(default=dict)
    is_default = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "name"], name="context_name_unique"),
            models.UniqueConstraint(fields=["agent"], condition=models.Q(is_default=True), name="context_one_default"),
        ]

    def __str__(self) -> str:
        return self.name
