"""A thumb on an answer: given, changed, taken back."""

from django.db import transaction

from agent_app.models import Feedback, Message
from community.access import Actor
from config.lib.ids import uuid7


@transaction.atomic
def feedback_give(*, actor: Actor, answer: Message, rating: str, reason: str = "") -> Feedback:
    """Rate an answer; rating it again replaces what was said before. Both at once leave one row."""
    actor.require("feedback.write")
    Feedback.objects.bulk_create(
        [
            Feedback(
                id=uuid7(), workspace_id=answer.workspace_id, message=answer, agent_id=answer.conversation.agent_id,
                author=actor.user, rating=rating, reason=reason.strip(),
            )
        ],
        update_conflicts=True, unique_fields=["message", "author"], update_fields=["rating", "reason", "updated_at"],
    )  # fmt: skip
    return Feedback.objects.get(message_id=answer.id, author_id=actor.id)


def feedback_withdraw(*, actor: Actor, answer: Message) -> None:
    """Take one's own thumb back; without one nothing happens."""
    actor.require("feedback.write")
    Feedback.objects.filter(message_id=answer.id, author_id=actor.id).delete()
