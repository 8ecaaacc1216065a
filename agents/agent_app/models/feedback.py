"""What people think of an answer."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceRecord


class Rating(models.TextChoices):
    UP = "up", _("Good answer")
    DOWN = "down", _("Bad answer")


class Feedback(WorkspaceRecord):
    """One person's thumb on one answer, with the reason if they gave one. It can be changed and taken back."""

    message = models.ForeignKey("agents.Message", on_delete=models.CASCADE, related_name="feedback")
    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="feedback")
    author = models.ForeignKey("community.User", on_delete=models.CASCADE, related_name="+")
    rating = models.CharField(max_length=4, choices=Rating.choices)
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        indexes = [models.Index(fields=["agent", "-created_at"], name="feedback_of_agent")]
        constraints = [
            models.UniqueConstraint(fields=["message", "author"], name="feedback_one_each"),
            models.CheckConstraint(condition=models.Q(rating__in=Rating.values), name="feedback_rating_known"),
        ]

    def __str__(self) -> str:
        return f"{self.rating} {self.message_id}"
