"""Sharing a conversation: the question to its owner, and the page that everybody with the link sees."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agent_app import access, markdown, share_links
from agent_app.api.conversations import FORMATS, export
from agent_app.models import Conversation, MessageRole, Share
from agent_app.services import shares
from agent_app.views.agents import is_fragment
from agent_app.views.question import go_to
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import InvalidInput, NotFound


@require_http_methods(["GET", "POST"])
@signed_in
def conversation_share(request: ActorRequest, conversation_id: UUID) -> HttpResponse:
    """GET shows whether it is shared, and where. POST shares it, copies it anew (``do`` is refresh) or stops (revoke)."""
    conversation = access.get_conversation(request.actor, conversation_id)
    if request.method == "GET":
        return _ask(request, conversation, _shared(request, conversation))
    do = request.POST.get("do", "share")
    if do == "revoke":
        share = access.get_share(request.actor, conversation.id, "conversation.unshare")
        shares.share_revoke(actor=request.actor, share=share)
        messages.success(request, _("The link does not work any more."))
        return go_to(request, "agents:conversation", agent_id=conversation.agent_id, conversation_id=conversation.id)
    if do not in ("share", "refresh"):
        raise InvalidInput(errors={"do": [_("Share, refresh or revoke.")]})
    made, _is_new = shares.conversation_share(
        actor=request.actor, conversation=conversation, refresh=do == "refresh"
    )  # fmt: skip
    return _ask(request, conversation, made)


def _shared(request: ActorRequest, conversation: Conversation) -> Share | None:
    try:
        return access.get_share(request.actor, conversation.id)
    except NotFound:
        return None


def _ask(request: ActorRequest, conversation: Conversation, share: Share | None) -> HttpResponse:
    context = {
        "conversation": conversation,
        "share": share,
        "url": request.build_absolute_uri(share_links.address(share)) if share else "",
        "newer": share is not None and _newer(conversation, share),
        "can_share": request.actor.allows("conversation.share"),
    }
    return render(request, "agents/_share.html" if is_fragment(request) else "agents/share.html", context)


def _newer(conversation: Conversation, share: Share) -> bool:
    """Whether something was said since the copy was made."""
    return conversation.last_message_at is not None and conversation.last_message_at > share.shared_at


@require_GET
def shared(request: HttpRequest, share_link: str) -> HttpResponse:
    """The public page: a copy, without account. Search engines are told to leave it alone, caches to forget it."""
    share = access.find_share(share_link)
    said = [
        message
        | {
            "html": markdown.render(message["content"]) if message["role"] == MessageRole.ASSISTANT else None,
            "at": datetime.fromisoformat(message["created_at"]),
        }
        for message in share.snapshot["messages"]
    ]
    context = {"share": share, "agent": share.snapshot["agent"], "said": said}
    response = render(request, "agents/shared.html", context)
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@signed_in
def conversation_export(request: ActorRequest, conversation_id: UUID) -> HttpResponse:
    """The conversation as a file, in the ``format`` asked for."""
    conversation = access.get_conversation(request.actor, conversation_id)
    ending = request.GET.get("format", "json")
    if ending not in FORMATS:
        raise InvalidInput(errors={"format": [_("A conversation is exported as json or md.")]})
    return export(request.actor.id, conversation, ending)
