"""Showing a conversation to the world, and stopping that."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app import selectors
from agent_app.models import Conversation, Message, Share
from community.access import Actor
from community.models import User
from config.lib import audit
from config.lib.errors import Conflict


@transaction.atomic
def conversation_share(*, actor: Actor, conversation: Conversation, refresh: bool = False) -> tuple[Share, bool]:
    """Put a copy of the shown branch at a public address. Answers the share and whether it is new.

    A shared conversation keeps its copy; ``refresh`` makes the copy anew, at the same address. Raises Conflict (``empty``).
    """
    actor.require("conversation.share")
    Conversation.objects.select_for_update(of=("self",)).get(id=conversation.id)  # two clicks make one share
    known = Share.objects.filter(conversation_id=conversation.id, revoked_at=None).first()
    if known is not None and not refresh:
        return known, False
    snapshot = _snapshot(conversation)
    share = known or Share(workspace_id=conversation.workspace_id, conversation=conversation)
    share.title, share.snapshot = conversation.title, snapshot
    share.shared_by, share.shared_at = actor.user, timezone.now()
    share.save()
    _audit(actor.user, share, "conversation.share", after={"messages": len(snapshot["messages"]), "again": bool(known)})
    return share, known is None


@transaction.atomic
def share_revoke(*, actor: Actor, share: Share) -> None:
    """Close the public address for good; the copy is deleted. Revoking twice is revoking once."""
    actor.require("conversation.unshare")
    _revoke(actor.user, share)


@transaction.atomic
def shares_of_person_revoke(*, person: User) -> None:
    """A person who is erased shows nothing any more."""
    for share in Share.objects.filter(shared_by_id=person.id, revoked_at=None):
        _revoke(person, share)


def _revoke(person: User, share: Share) -> None:
    if Share.objects.filter(id=share.id, revoked_at=None).update(revoked_at=timezone.now(), snapshot={}):
        _audit(person, share, "conversation.unshare")


def _snapshot(conversation: Conversation) -> dict[str, Any]:
    """What strangers may see: who said what, and the names of files. No reasoning, no tools, no costs, no instructions."""
    said = [message for message, _versions in selectors.branch(conversation)]
    if not said:
        raise Conflict(_("There is nothing to share yet: this conversation is empty."), code="empty")
    names = {file.id: file.name for file in selectors.files_of(said).values()}
    return {"agent": conversation.agent.name, "messages": [_shown(message, names) for message in said]}


def _shown(message: Message, names: dict[Any, str]) -> dict[str, Any]:
    return {
        "role": message.role, "content": message.content, "complete": message.complete,
        "files": [names[file_id] for file_id in message.attachments if file_id in names],
        "created_at": message.created_at.isoformat(),
    }  # fmt: skip


def _audit(person: User, share: Share, action: str, **more: Any) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=person.id, workspace_id=share.workspace_id, object_type="conversation",
            object_id=share.conversation_id, **more,
        )
    )  # fmt: skip
