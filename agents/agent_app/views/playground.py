"""Talking to an agent."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agent_app.access import get_agent, get_conversation
from agent_app.selectors import conversation_list
from agent_app.views.agents import is_fragment
from agent_app.views.chat import chat_context
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import NotFound

_LISTED = 100


@require_GET
@signed_in
def agent_chat(request: ActorRequest, agent_id: UUID, conversation_id: UUID | None = None) -> HttpResponse:
    """A new conversation or an existing one. HTMX asks for the list of conversations."""
    agent = get_agent(request.actor, agent_id)
    conversation = get_conversation(request.actor, conversation_id) if conversation_id else None
    if conversation is not None and conversation.agent_id != agent.id:
        raise NotFound(_("There is no such conversation."))
    search = request.GET.get("q", "")
    context = {
        "agent": agent,
        "conversation": conversation,
        "conversations": conversation_list(request.actor, agent.id, search)[:_LISTED],
        "search": search,
        "can_write": request.actor.allows("agent.write"),
    }
    if is_fragment(request):
        return render(request, "agents/_conversations.html", context)
    return render(request, "agents/playground.html", context | {"chat": chat_context(agent, conversation)})
