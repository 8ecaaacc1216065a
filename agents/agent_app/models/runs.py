"""Runs and what happened in them."""

from typing import Self
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceQuerySet, WorkspaceRecord
from config.lib.ids import trace_id, uuid7


class RunStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting")
    SUCCEEDED = "succeeded", _("Succeeded")
    PARTIAL = "partial", _("Partial")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class RunSource(models.TextChoices):
    """The channel that a run came through."""

    API = "api", _("API")
    PLAYGROUND = "playground", _("Playground")
    TEST = "test", _("Test chat")


# Why a run waits, ended early, or failed.
REASONS = (
    "approval", "paused", "breakpoint", "timer", "credits", "subrun", "max_turns", "max_steps", "timeout", "budget",
    "guardrail_tripped", "invalid_output", "provider_error", "tool_error", "worker_lost", "approval_expired",
    "user_cancelled", "max_tokens", "error",
)  # fmt: skip
ACTIVE = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING)
ENDED = (RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.FAILED, RunStatus.CANCELLED)


class RunQuerySet(WorkspaceQuerySet["Run"]):
    def active(self) -> Self:
        return self.filter(status__in=ACTIVE)

    def roots(self) -> Self:
        """Runs that somebody started; not those that another run started."""
        return self.filter(parent=None)

    def of_agent(self, agent_id: UUID) -> Self:
        return self.filter(agent_id=agent_id)


class Run(WorkspaceRecord):
    """One execution of something runnable.

    ``attempt`` counts the workers that took it and is the fencing token: every write of a worker names the attempt it
    belongs to, and is refused once another worker has taken the run. ``lease_expires_at`` says until when the present
    worker is believed to be alive.
    """

    kind = models.CharField(max_length=10, default="agent")
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    reason = models.CharField(max_length=24, blank=True)
    error = models.JSONField(default=dict, blank=True, help_text=_("code and error: what went wrong, in words."))

    agent = models.ForeignKey("agents.Agent", null=True, blank=True, on_delete=models.CASCADE, related_name="runs")
    snapshot = models.ForeignKey("agents.AgentSnapshot", null=True, on_delete=models.RESTRICT, related_name="+")
    version = models.PositiveIntegerField(null=True, blank=True, help_text=_("Empty: the draft."))
    conversation = models.ForeignKey(
        "agents.Conversation", null=True, blank=True, on_delete=models.CASCADE, related_name="runs"
    )
    user_message = models.ForeignKey("agents.Message", null=True, on_delete=models.SET_NULL, related_name="+")
    message_id = models.UUIDField(default=uuid7, help_text=_("The id the answer will have."))
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")

    input = models.JSONField(default=dict)
    output = models.JSONField(null=True, blank=True)
    model = models.CharField(max_length=260, blank=True, help_text=_("provider/model that answered."))
    provider = models.ForeignKey("agents.Provider", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    key_source = models.CharField(
        max_length=10, blank=True, help_text=_("Whose key it is paid with: see ``keys.Source``.")
    )
    key_id = models.UUIDField(null=True, blank=True, help_text=_("The ProviderKey, where it is one."))
    metadata = models.JSONField(default=dict, blank=True)
    source = models.CharField(max_length=16, default="api")
    actor_id = models.UUIDField()
    actor_name = models.CharField(max_length=120, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=12, blank=True, help_text=_("What goes wrong is told in it."))
    trace_id = models.CharField(max_length=40, default=trace_id)

    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    credits = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    turns = models.PositiveSmallIntegerField(default=0)

    concurrency = models.PositiveSmallIntegerField(
        default=0, help_text=_("How many runs of its workspace may be under way with it; 0: any number.")
    )
    slot = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("Which of these places it has."))
    attempt = models.PositiveSmallIntegerField(default=0)
    takeovers = models.PositiveSmallIntegerField(default=0, help_text=_("How many workers were lost with it."))
    worker = models.CharField(max_length=100, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    # With a default of the database: a worker of the version before writes none.
    waiting_since = models.DateTimeField(null=True, blank=True, help_text=_("Of a run that waits for something."))
    waited_s = models.FloatField(default=0, db_default=0, help_text=_("How long it has waited for something, in all."))
    first_token_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    last_seq = models.PositiveIntegerField(default=0)

    objects = RunQuerySet.as_manager()  # type: ignore[misc]  # more than the base class's

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="run_recent"),
            models.Index(fields=["agent", "-created_at"], name="run_of_agent"),
            models.Index(fields=["workspace", "created_at"], name="run_in_line", condition=models.Q(status="queued")),
            models.Index(fields=["key_id", "-created_at"], name="run_of_key", condition=models.Q(key_id__isnull=False)),
            models.Index(fields=["trace_id"], name="run_of_trace"),
            models.Index(
                fields=["lease_expires_at", "enqueued_at"], name="run_unfinished", condition=models.Q(status__in=["queued", "running"])
            ),
        ]  # fmt: skip
        constraints = [
            # A place is taken by the very statement that claims a run: two workers cannot both have the last one.
            models.UniqueConstraint(
                name="run_slot_once",
                fields=["workspace", "slot"],
                condition=models.Q(status="running", slot__isnull=False),
            ),
            models.CheckConstraint(
                name="run_ended_has_time",
                condition=models.Q(status__in=["queued", "running", "waiting"]) | models.Q(finished_at__isnull=False),
            ),
            models.CheckConstraint(name="run_status_known", condition=models.Q(status__in=RunStatus.values)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} run {self.id}"

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def channel(self) -> str:
        """Its source, in words."""
        return str(dict(RunSource.choices).get(self.source, self.source))

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @property
    def execution_time(self) -> float:
        """Seconds from the first claim to the end, without those in which it waited for something (so far zero where it has not
        ended)."""
        if self.started_at is None or self.finished_at is None:
            return 0.0
        return max(0.0, round((self.finished_at - self.started_at).total_seconds() - self.waited_s, 3))


class RunEvent(models.Model):
    """One event as it was sent: ``data`` is the very text, so that a replay is equal byte for byte."""

    pk = models.CompositePrimaryKey("run_id", "seq")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=32)
    data = models.TextField()

    def __str__(self) -> str:
        return f"{self.run_id} {self.seq} {self.type}"
