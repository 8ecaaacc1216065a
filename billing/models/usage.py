"""What was used, step by step."""

from django.db import models

from community.models import WorkspaceRecord


class UsageRecord(WorkspaceRecord):
    """One priced step of a run: opened before it, settled after it, once.

    Keeps plain ids, as everything that money hangs on: it must outlive the run it tells of.
    """

    run_id = models.UUIDField()
    step = models.CharField(max_length=60)
    model = models.CharField(max_length=260)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    exact = models.BooleanField(
        default=True, help_text="False where the provider did not say and the tokens were counted."
    )
    credits = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run_id", "step"], name="usage_step_once")]

    def __str__(self) -> str:
        return f"{self.run_id} {self.step}"
