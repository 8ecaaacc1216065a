"""Agents: the draft that builders edit, and the frozen definitions that runs execute."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceQuerySet, WorkspaceRecord
from config.lib.ids import uuid7


class AgentStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    INACTIVE = "inactive", _("Inactive")
    ARCHIVED = "archived", _("Archived")


def all_history() -> dict[str, str]:
    """The history policy of a new agent."""
    return {"policy": "all"}


class AgentQuerySet(WorkspaceQuerySet["Agent"]):
    def search(self, text: str) -> Self:
        """Agents with every word of ``text`` in their name, description or tags."""
        rows = self
        for word in text.split():
            rows = rows.filter(Q(name__icontains=word) | Q(description__icontains=word) | Q(tags__icontains=word))
        return rows

    def shown(self) -> Self:
        """All but the archived ones: what a list shows unless asked for more."""
        return self.exclude(status=AgentStatus.ARCHIVED)


class Agent(WorkspaceRecord):
    """The draft of an agent. ``revision`` counts its saves: the optimistic lock of the builder."""

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=2000)
    instructions = models.TextField(blank=True, max_length=100_000)
    model = models.CharField(
        max_length=200, blank=True, help_text=_("A model reference; empty means the workspace's default.")
    )
    model_settings = models.JSONField(default=dict, blank=True)
    handoff_description = models.TextField(blank=True, max_length=2000)
    starters = ArrayField(models.CharField(max_length=300), default=list, blank=True, size=8)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True, size=20)
    metadata = models.JSONField(default=dict, blank=True)
    output_type = models.JSONField(
        null=True, blank=True, help_text=_("A JSON Schema, or the name of a type of the library. Empty: text.")
    )
    fallback_models = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, size=5, help_text=_("Tried in this order where the model fails.")
    )  # fmt: skip
    history = models.JSONField(default=all_history, help_text=_("How much of a conversation is sent along."))
    hold_until_checked = models.BooleanField(
        default=False, db_default=False, help_text=_("Shows nothing of an answer before its guardrails have passed it.")
    )
    # No part of a version: they hold at once, for whatever version is run.
    runs_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("How often it may be run by all together. Empty: any number.")
    )
    concurrent_runs = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("How many of its runs may be queued or under way. Empty: any number.")
    )
    status = models.CharField(max_length=10, choices=AgentStatus.choices, default=AgentStatus.DRAFT)
    published_version = models.PositiveIntegerField(null=True, blank=True, help_text=_("The latest; empty: none yet."))
    cloned_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="clones")
    cloned_from_version = models.PositiveIntegerField(null=True, blank=True, help_text=_("Empty: its draft."))
    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")
    updated_by = models.ForeignKey(
        "community.User", null=True, on_delete=models.SET_NULL, related_name="+", help_text=_("Who saved it last.")
    )

    objects = AgentQuerySet.as_manager()  # type: ignore[misc]  # more than the base class's

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-updated_at"], name="agent_recent"),
            GinIndex(fields=["tags"], name="agent_tags"),
        ]

    def __str__(self) -> str:
        return self.name


class AgentSnapshot(models.Model):
    """A frozen definition, found by its content: what a run executes, however the draft changes meanwhile."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("community.Workspace", on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="snapshots")
    digest = models.CharField(max_length=64)
    definition = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "digest"], name="agent_snapshot_unique")]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.digest[:8]}"
