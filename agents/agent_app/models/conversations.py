"""Conversations: trees of messages. Regenerating or editing adds a sibling; nothing that was said is lost."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceRecord


class Conversation(WorkspaceRecord):
    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(max_length=120, blank=True)
    created_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")
    head = models.ForeignKey(
        "agents.Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text=_("The last message of the branch that is shown."),
    )  # fmt: skip
    pinned = models.BooleanField(default=False)
    draft = models.BooleanField(
        default=False, help_text=_("A test chat of the builder: not in the list of conversations.")
    )
    last_message_at = models.DateTimeField(null=True, blank=True)
    summary = models.TextField(blank=True, help_text=_("What was said up to a message, for agents that summarise."))
    summary_until = models.UUIDField(null=True, blank=True, help_text=_("The last message that the summary tells."))
    last_run = models.ForeignKey("agents.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-last_message_at"], name="conversation_recent"),
            models.Index(fields=["agent", "-last_message_at"], name="conversation_of_agent"),
        ]

    def __str__(self) -> str:
        return self.title or str(self.id)


class MessageRole(models.TextChoices):
    USER = "user", _("Person")
    ASSISTANT = "assistant", _("Agent")


class Message(WorkspaceRecord):
    """One message. A person's message is stored word for word; an agent's when its run has ended."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    role = models.CharField(max_length=10, choices=MessageRole.choices)
    content = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    attachments = ArrayField(models.UUIDField(), default=list, blank=True)
    run = models.ForeignKey("agents.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="messages")
    usage = models.JSONField(default=dict, blank=True)
    agent_name = models.CharField(
        max_length=120, blank=True, default="", db_default="",
        help_text=_("Who answered, where it was another agent than the conversation's."),
    )  # fmt: skip
    complete = models.BooleanField(default=True, help_text=_("False where the answer was cut short."))
    withheld = models.BooleanField(
        default=False, db_default=False, help_text=_("Stopped by a guardrail: no model is given it in a later turn.")
    )
    author = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["conversation", "id"], name="message_order")]

    def __str__(self) -> str:
        return f"{self.role} {self.id}"
