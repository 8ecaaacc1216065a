"""Conversations and their messages."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from agent_app.models import Agent, Conversation, Message
from community.access import Actor
from community.models import StoredFile


def conversation_list(
    actor: Actor, agent_id: UUID | None = None, search: str = "", pinned: bool | None = None
) -> QuerySet[Conversation]:
    """The person's conversations, pinned ones first; test chats of the builder are not among them.

    ``search`` looks at titles and at what was said.
    """
    actor.require("conversation.read")
    rows = Conversation.objects.in_workspace(actor.workspace_id).filter(created_by_id=actor.id, draft=False)
    if agent_id is not None:
        rows = rows.filter(agent_id=agent_id)
    if search:
        said = Message.objects.filter(conversation_id=OuterRef("id"), content__icontains=search)
        rows = rows.filter(Q(title__icontains=search) | Exists(said))
    if pinned is not None:
        rows = rows.filter(pinned=pinned)
    return rows.select_related("last_run").order_by("-pinned", "-last_message_at", "-id")


def run_choices(actor: Actor, agent: Agent) -> dict[str, Any]:
    """What of an agent the actor can run: the draft (for those who may), the newest versions; and with which contexts."""
    versions = list(agent.versions.order_by("-number").values_list("number", flat=True)[:20])
    return {
        "draft": not versions or actor.allows("agent.run_draft"),
        "versions": versions,
        "contexts": list(agent.contexts.order_by("position", "name").only("id", "name", "is_default")),
    }


def branch(conversation: Conversation) -> list[tuple[Message, list[UUID]]]:
    """The shown branch, from the first message to the head; with each message the ids of its versions, itself among them."""
    messages = list(Message.objects.filter(conversation_id=conversation.id).order_by("id"))
    versions: dict[tuple[UUID | None, str], list[UUID]] = {}
    for message in messages:
        versions.setdefault((message.parent_id, message.role), []).append(message.id)
    return [(message, versions[message.parent_id, message.role]) for message in path_to(conversation.head_id, messages)]


def path_to(message_id: UUID | None, messages: list[Message]) -> list[Message]:
    """The messages from the root to ``message_id``."""
    by_id = {message.id: message for message in messages}
    path: list[Message] = []
    while message_id is not None and message_id in by_id:
        path.append(by_id[message_id])
        message_id = by_id[message_id].parent_id
    return path[::-1]


def conversation_usage(conversation: Conversation) -> dict[str, Any]:
    """What all runs of the conversation used and cost, those of other branches as well."""
    totals = conversation.runs.aggregate(
        prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens"), credits=Sum("credits"), answers=Count("id")
    )
    return {
        "tokens": (totals["prompt"] or 0) + (totals["completion"] or 0),
        "credits": totals["credits"] or Decimal(0),
        "answers": totals["answers"],
    }


def files_of(messages: list[Message]) -> dict[UUID, StoredFile]:
    """The files of messages, those that are still there; no query where there are none."""
    wanted = {file_id for message in messages for file_id in message.attachments}
    if not wanted:
        return {}
    rows = StoredFile.objects.in_workspace(messages[0].workspace_id).kept().filter(id__in=wanted)
    return {file.id: file for file in rows}
