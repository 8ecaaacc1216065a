"""Writing conversations: a person's message before a run, the agent's after it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app.models import Agent, Conversation, Message, MessageRole, Run
from community.access import Actor
from config.lib.errors import Conflict, NotFound

_TITLE = 80


def conversation_create(*, actor: Actor, agent: Agent, title: str = "", pinned: bool = False) -> Conversation:
    """An empty conversation of the actor's; the first message names it unless it has a name."""
    actor.require("conversation.write")
    conversation = Conversation(
        workspace_id=actor.workspace_id, agent=agent, title=title, pinned=pinned, created_by=actor.user,
        last_message_at=timezone.now(),
    )  # fmt: skip
    conversation.save(force_insert=True)
    return conversation


def message_add(
    *,
    actor: Actor,
    agent: Agent,
    text: str,
    conversation_id: UUID | None,
    parent_message_id: UUID | None,
    run_id: UUID,
    draft: bool,
    attachments: Sequence[UUID] | None = None,
) -> Message:
    """A person's message, in a conversation of theirs or a new one; it becomes the end of the shown branch.

    ``parent_message_id`` names a person's message: with the same text and files it is answered again (no new message), with
    others it is replaced by a sibling; ``attachments`` None means the files it has. Raises NotFound, or Conflict
    (``conversation_busy``) while an answer is under way.
    """
    if conversation_id is None:
        if parent_message_id is not None:
            raise NotFound(_("There is no such message."))
        return _begin(actor, agent, text, run_id, draft, attachments or ())
    conversation = (
        Conversation.objects.in_workspace(actor.workspace_id)
        .select_for_update(of=("self",))
        .filter(id=conversation_id, agent_id=agent.id, created_by_id=actor.id)
        .first()
    )
    if conversation is None:
        raise NotFound(_("There is no such conversation with this agent."))
    busy = Run.objects.active().filter(conversation_id=conversation.id).exists()
    if busy:
        raise Conflict(
            _("The last message is still being answered. Wait for it, or cancel that run."),
            code="conversation_busy", run_id=str(conversation.last_run_id),
        )  # fmt: skip
    message = _continue(actor, conversation, text, parent_message_id, attachments)
    Conversation.objects.filter(id=conversation.id).update(
        head_id=message.id, last_run_id=run_id, last_message_at=Now(), title=conversation.title or _title(text)
    )
    return message


def _title(text: str) -> str:
    return " ".join(text.split())[:_TITLE]


def _begin(actor: Actor, agent: Agent, text: str, run_id: UUID, draft: bool, attachments: Sequence[UUID]) -> Message:
    conversation = Conversation(
        workspace_id=actor.workspace_id, agent=agent, title=_title(text), created_by=actor.user,
        draft=draft, last_message_at=timezone.now(), last_run_id=run_id,
    )  # fmt: skip
    message = _message(actor, conversation, text, attachments, parent_id=None)
    conversation.head_id = message.id  # the constraint is deferred to the commit
    conversation.save(force_insert=True)
    message.save(force_insert=True)
    return message


def _continue(
    actor: Actor, conversation: Conversation, text: str, replaced_id: UUID | None, attachments: Sequence[UUID] | None
) -> Message:
    parent_id = conversation.head_id
    if replaced_id is not None:
        replaced = Message.objects.filter(
            id=replaced_id, conversation_id=conversation.id, role=MessageRole.USER
        ).first()
        if replaced is None:
            raise NotFound(_("There is no such message of a person in this conversation."))
        attachments = replaced.attachments if attachments is None else attachments
        if replaced.content == text and list(attachments) == replaced.attachments:
            return replaced
        parent_id = replaced.parent_id
    message = _message(actor, conversation, text, attachments or (), parent_id=parent_id)
    message.save(force_insert=True)
    return message


def _message(
    actor: Actor, conversation: Conversation, text: str, attachments: Sequence[UUID], *, parent_id: UUID | None
) -> Message:
    return Message(
        workspace_id=actor.workspace_id, conversation=conversation, role=MessageRole.USER, content=text, parent_id=parent_id,
        author=actor.user, attachments=list(attachments),
    )  # fmt: skip


def answer_store(
    *, run: Run, content: str, reasoning: str, usage: dict[str, Any], complete: bool, agent_name: str = ""
) -> None:
    """The agent's message, below the one it answers; it becomes the end of the shown branch."""
    if run.conversation_id is None:
        raise ValueError("this run has no conversation")
    Message(
        id=run.message_id, workspace_id=run.workspace_id, conversation_id=run.conversation_id, parent_id=run.user_message_id,
        role=MessageRole.ASSISTANT, content=content, reasoning=reasoning, run_id=run.id, usage=usage, complete=complete,
        agent_name=agent_name[:120],
    ).save(force_insert=True)  # fmt: skip
    Conversation.objects.filter(id=run.conversation_id, last_run_id=run.id).update(
        head_id=run.message_id, last_message_at=Now()
    )


def message_replace(*, message: Message, run: Run, content: str) -> None:
    """A guardrail has changed what a person wrote: nothing keeps the words it took out, neither the run nor the title."""
    titled = Conversation.objects.filter(id=message.conversation_id, title=_title(message.content))
    titled.update(title=_title(content))
    Message.objects.filter(id=message.id).update(content=content)
    run.input = {**run.input, "message": content}
    Run.objects.filter(id=run.id).update(input=run.input)
    message.content = content


def message_withhold(*, message: Message, withheld: bool) -> None:
    Message.objects.filter(id=message.id).update(withheld=withheld)
    message.withheld = withheld


def conversation_summarise(*, conversation_id: UUID, summary: str, until: UUID) -> None:
    """Keep the summary of everything up to the message ``until``, so that the next runs need not make it again."""
    Conversation.objects.filter(id=conversation_id).update(summary=summary, summary_until=until)


def conversation_update(
    *, actor: Actor, conversation: Conversation, title: str | None, pinned: bool | None
) -> Conversation:
    actor.require("conversation.write")
    if title is not None:
        conversation.title = title
    if pinned is not None:
        conversation.pinned = pinned
    conversation.save(update_fields=["title", "pinned", "updated_at"])
    return conversation


def conversation_delete(*, actor: Actor, conversation: Conversation) -> None:
    """Delete a conversation with its messages and runs. Raises Conflict while one of them is under way."""
    actor.require("conversation.write")
    if conversation.runs.active().exists():
        raise Conflict(_("A run of this conversation is under way. Cancel it first."), code="conversation_busy")
    conversation.delete()
