"""What people thought of answers."""

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from agent_app.models import Feedback, Rating
from community.access import Actor


def feedback_list(actor: Actor, agent_id: UUID, rating: str = "") -> QuerySet[Feedback]:
    """What people thought of an agent's answers, the newest first. For whoever may change the agent."""
    actor.require("feedback.read")
    rows = Feedback.objects.in_workspace(actor.workspace_id).filter(agent_id=agent_id)
    if rating:
        rows = rows.filter(rating=rating)
    return rows.select_related("author", "message").order_by("-created_at", "-id")


def feedback_counts(agent_ids: list[UUID]) -> dict[UUID, dict[str, int]]:
    """Thumbs up and down by agent; one query."""
    counted = Feedback.objects.filter(agent_id__in=agent_ids).values("agent_id").annotate(
        up=Count("id", filter=Q(rating=Rating.UP)), down=Count("id", filter=Q(rating=Rating.DOWN))
    )  # fmt: skip
    found = {row["agent_id"]: {"up": row["up"], "down": row["down"]} for row in counted}
    return {agent_id: found.get(agent_id, {"up": 0, "down": 0}) for agent_id in agent_ids}


def feedback_of(message_ids: list[UUID], person_id: UUID) -> dict[UUID, Feedback]:
    """A person's thumbs by message."""
    rows = Feedback.objects.filter(message_id__in=message_ids, author_id=person_id)
    return {row.message_id: row for row in rows}


def feedback_on(actor: Actor, message_id: UUID) -> list[Feedback]:
    """What people thought of one answer; nothing for those who may not know."""
    if not actor.allows("feedback.read"):
        return []
    rows = Feedback.objects.in_workspace(actor.workspace_id).filter(message_id=message_id)
    return list(rows.select_related("author").order_by("created_at"))
