"""A conversation is a tree: showing another of its branches, and growing a new conversation out of one."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app.models import Conversation, Message, Run
from agent_app.selectors import path_to
from community.access import Actor
from config.lib.errors import Conflict, NotFound
from config.lib.ids import uuid7

_TITLE = 120


@transaction.atomic
def branch_show(*, actor: Actor, conversation: Conversation, message_id: UUID) -> Conversation:
    """Show the branch through a message, down to what was said last below it. Raises Conflict while an answer is under way."""
    actor.require("conversation.write")
    locked = Conversation.objects.select_for_update(of=("self",)).get(id=conversation.id)
    if Run.objects.active().filter(conversation_id=locked.id).exists():
        raise Conflict(
            _("The last message is still being answered. Wait for it, or cancel that run."), code="conversation_busy"
        )
    latest: dict[UUID | None, UUID] = {}
    ids = set()
    for found, parent in (
        Message.objects.filter(conversation_id=locked.id).order_by("id").values_list("id", "parent_id")
    ):
        latest[parent] = found
        ids.add(found)
    if message_id not in ids:
        raise NotFound(_("There is no such message in this conversation."))
    while message_id in latest:
        message_id = latest[message_id]
    locked.head_id = message_id
    locked.save(update_fields=["head"])
    return locked


@transaction.atomic
def conversation_fork(*, actor: Actor, conversation: Conversation, message_id: UUID) -> Conversation:
    """A new conversation of the actor's with copies of the messages up to ``message_id``. Their runs stay with the first."""
    actor.require("conversation.write")
    said = path_to(message_id, list(Message.objects.filter(conversation_id=conversation.id)))
    if not said:
        raise NotFound(_("There is no such message in this conversation."))
    copies: list[Message] = []
    fork = Conversation(
        workspace_id=actor.workspace_id, agent_id=conversation.agent_id, created_by=actor.user, last_message_at=timezone.now(),
        title=(_("%(title)s (fork)") % {"title": conversation.title})[:_TITLE],
    )  # fmt: skip
    for message in said:
        parent = copies[-1] if copies else None
        copies.append(
            Message(
                id=uuid7(),
                workspace_id=actor.workspace_id,
                conversation=fork,
                parent=parent,
                role=message.role,
                content=message.content,
                reasoning=message.reasoning,
                attachments=message.attachments,
                usage=message.usage,
                complete=message.complete,
                author_id=message.author_id,
                run_id=message.run_id,
            )
        )
    fork.head = copies[-1]  # the constraint is deferred to the commit
    fork.save(force_insert=True)
    Message.objects.bulk_create(copies)
    return fork
