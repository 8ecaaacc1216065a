"""What a person does with a conversation as a whole: rename, pin, delete, show another branch, fork."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from agent_app.access import get_conversation
from agent_app.forms import ConversationForm
from agent_app.models import Conversation
from agent_app.services import branches, conversations
from agent_app.views.agents import is_fragment
from agent_app.views.chat import chat_context
from agent_app.views.question import Question, ask, go_to
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import InvalidInput
from config.lib.ids import parse_uuid


@require_http_methods(["GET", "POST"])
@signed_in
def conversation_change(request: ActorRequest, conversation_id: UUID) -> HttpResponse:
    """GET asks for another name. POST sets the name, or whether it is pinned (``pinned`` is 1 or 0)."""
    conversation = get_conversation(request.actor, conversation_id, "conversation.write")
    form = ConversationForm(request.POST or None, initial={"title": conversation.title})
    pinned = {"1": True, "0": False}.get(request.POST.get("pinned", ""))
    if request.method == "GET" or (pinned is None and not form.is_valid()):
        return ask(request, _renaming(conversation, form))
    title = None if pinned is not None else form.cleaned_data["title"]
    conversations.conversation_update(actor=request.actor, conversation=conversation, title=title, pinned=pinned)
    return _back(request, conversation)


@require_http_methods(["GET", "POST"])
@signed_in
def conversation_delete(request: ActorRequest, conversation_id: UUID) -> HttpResponse:
    """GET asks, with what goes with it; POST does it."""
    conversation = get_conversation(request.actor, conversation_id, "conversation.write")
    if request.method == "GET":
        return ask(request, _deletion(conversation))
    conversations.conversation_delete(actor=request.actor, conversation=conversation)
    messages.success(request, _("“%(title)s” was deleted.") % {"title": conversation.title})
    return go_to(request, "agents:chat", agent_id=conversation.agent_id)


@require_POST
@signed_in
def conversation_branch(request: ActorRequest, conversation_id: UUID) -> HttpResponse:
    """Show the branch that goes through ``message``. The chat asks for the messages only."""
    conversation = get_conversation(request.actor, conversation_id, "conversation.write")
    branches.branch_show(actor=request.actor, conversation=conversation, message_id=_message_id(request))
    if not is_fragment(request):
        return _back(request, conversation)
    conversation = get_conversation(request.actor, conversation_id)
    chat = chat_context(request.actor, conversation.agent, conversation, builder=conversation.draft)
    return render(request, "components/chat_messages.html", {"chat": chat})


@require_POST
@signed_in
def conversation_fork(request: ActorRequest, conversation_id: UUID) -> HttpResponse:
    """A new conversation that begins with everything up to ``message``."""
    conversation = get_conversation(request.actor, conversation_id)
    fork = branches.conversation_fork(actor=request.actor, conversation=conversation, message_id=_message_id(request))
    return _back(request, fork)


def _message_id(request: ActorRequest) -> UUID:
    message_id = parse_uuid(request.POST.get("message", ""))
    if message_id is None:
        raise InvalidInput(errors={"message": [_("Say which message.")]})
    return message_id


def _back(request: ActorRequest, conversation: Conversation) -> HttpResponse:
    return go_to(request, "agents:conversation", agent_id=conversation.agent_id, conversation_id=conversation.id)


def _renaming(conversation: Conversation, form: ConversationForm) -> Question:
    return Question(
        title=_("Rename the conversation"), text="", form=form, label=_("Rename"),
        action=reverse("agents:conversation_change", args=[conversation.id]), cancel_url=_address(conversation),
    )  # fmt: skip


def _deletion(conversation: Conversation) -> Question:
    said, runs = conversation.messages.count(), conversation.runs.count()
    busy = conversation.runs.active().exists()
    return Question(
        title=_("Delete “%(title)s”?") % {"title": conversation.title},
        text=_("A run of this conversation is under way. Cancel it first.")
        if busy
        else _("Deleting cannot be undone. With the conversation go:"),
        dependents=[]
        if busy
        else [ngettext("%d message", "%d messages", said) % said, ngettext("%d run", "%d runs", runs) % runs],
        label="" if busy else _("Delete"), danger=True, cancel_url=_address(conversation),
        action=reverse("agents:conversation_delete", args=[conversation.id]),
    )  # fmt: skip


def _address(conversation: Conversation) -> str:
    return reverse("agents:conversation", args=[conversation.agent_id, conversation.id])
