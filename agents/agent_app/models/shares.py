"""Conversations shown to the world."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceRecord


class Share(WorkspaceRecord):
    """A copy of a conversation's shown branch as it was when it was shared; what is said later is not in it.

    The address holds a signature of the row's id: nothing in the table leads there. A revoked share keeps no content.
    """

    conversation = models.ForeignKey("agents.Conversation", on_delete=models.CASCADE, related_name="shares")
    title = models.CharField(max_length=120, blank=True)
    snapshot = models.JSONField(default=dict, help_text=_("The agent's name and the messages."))
    shared_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")
    shared_at = models.DateTimeField(help_text=_("When the copy was made."))
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=models.Q(revoked_at=None), name="share_one_of_a_conversation"
            )
        ]

    def __str__(self) -> str:
        return self.title or str(self.id)
