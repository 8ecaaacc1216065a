"""Spans: what happened in a run, one below the other."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceQuerySet
from config.lib.ids import uuid7


class SpanType(models.TextChoices):
    AGENT = "agent", _("Agent")
    GENERATION = "generation", _("Model call")
    TOOL = "tool", _("Tool")
    HANDOFF = "handoff", _("Handoff")
    GUARDRAIL = "guardrail", _("Guardrail")
    APPROVAL = "approval", _("Approval")
    RETRIEVAL = "retrieval", _("Retrieval")


class Span(models.Model):
    """One span, written when it has ended (``runs/spans.py``); one of what waits for people without an end, and again with it.
    Its cost is that of the bill's ``attempt`` and ``step``.

    Of a body that is too large for the row, ``input`` and ``output`` have the beginning: the whole is in the file storage
    (``runs/bodies.py``), as long as ``input_bytes`` and ``output_bytes`` say.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("community.Workspace", on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey("agents.Run", on_delete=models.CASCADE, related_name="spans")
    attempt = models.PositiveSmallIntegerField()
    parent_id = models.UUIDField(null=True)
    type = models.CharField(max_length=10, choices=SpanType.choices)
    name = models.CharField(max_length=200)
    agent_id = models.UUIDField(null=True, help_text=_("Whose span it is; kept when the agent is gone."))
    model = models.CharField(max_length=260, blank=True)
    step = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    input = models.JSONField(null=True)
    output = models.JSONField(null=True)
    # With defaults of the database: a worker of the version before writes none of these.
    input_bytes = models.PositiveIntegerField(default=0, db_default=0)
    output_bytes = models.PositiveIntegerField(default=0, db_default=0)
    details = models.JSONField(
        default=dict, db_default={}, help_text=_("Of a model call: which try it was, and what came of it.")
    )
    usage = models.JSONField(default=dict)
    error = models.JSONField(default=dict)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["run", "started_at"], name="span_of_run"),
            models.Index(fields=["agent_id", "type", "-started_at"], name="span_of_agent"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(type__in=SpanType.values), name="span_type_known"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.name}"

    @property
    def failed(self) -> bool:
        return bool(self.error)
