"""Credits kept back for steps that are under way."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.fields import credits_field
from community.models import WorkspaceRecord


class HoldState(models.TextChoices):
    OPEN = "open", _("Open")
    SETTLED = "settled", _("Settled")
    RELEASED = "released", _("Released")


class Hold(WorkspaceRecord):
    """One priced step of a run: its worst case is kept back before it, its cost booked after it, once.

    Keeps plain ids: it must outlive the run it tells of. ``attempt`` is the run's; an attempt whose worker died is paid for
    like any other. Without ``account`` nothing is charged (``BILLING_MODE=off`` when it was opened).
    """

    account = models.ForeignKey("billing.CreditAccount", null=True, on_delete=models.PROTECT, related_name="holds")
    run_id = models.UUIDField()
    attempt = models.PositiveSmallIntegerField(default=1)
    step = models.CharField(max_length=60)
    actor_id = models.UUIDField(null=True, blank=True, help_text=_("Who started the run."))
    model = models.CharField(max_length=260)
    state = models.CharField(max_length=10, choices=HoldState.choices, default=HoldState.OPEN)
    amount = credits_field(default=0)
    price = models.JSONField(default=dict, help_text=_("The price when the step began: it holds for this step."))
    max_tokens = models.PositiveIntegerField(
        null=True, help_text=_("How long the answer may be. Empty: no limit of ours.")
    )
    since_seq = models.PositiveIntegerField(default=0, help_text=_("The run's last event before the step."))
    lease_expires_at = models.DateTimeField()

    prompt_tokens = models.PositiveIntegerField(default=0, help_text=_("Counted by us until the step is settled."))
    completion_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    exact = models.BooleanField(
        default=True, help_text=_("False where the provider did not say and the tokens were counted.")
    )
    credits = credits_field(default=0)
    shortfall = credits_field(default=0, help_text=_("What the step cost beyond what the account had."))
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run_id", "attempt", "step"], name="hold_step_once"),
            models.CheckConstraint(name="hold_state", condition=Q(state__in=HoldState.values)),
            models.CheckConstraint(
                name="hold_not_negative", condition=Q(amount__gte=0) & Q(credits__gte=0) & Q(shortfall__gte=0)
            ),
        ]
        indexes = [
            models.Index(fields=["lease_expires_at"], name="hold_lease", condition=Q(state="open")),
            models.Index(fields=["account"], name="hold_open", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.attempt} {self.step}"
