"""Talking to an agent."""

import json
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agent_app.access import get_agent, get_conversation
from agent_app.models import Agent, Conversation
from agent_app.selectors import conversation_list, run_choices
from agent_app.views.agents import is_fragment
from agent_app.views.chat import chat_context, labels, offered
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import NotFound
from config.lib.ids import parse_uuid

_LISTED = 100


@require_GET
@signed_in
def agent_chat(request: ActorRequest, agent_id: UUID, conversation_id: UUID | None = None) -> HttpResponse:
    """A new conversation or an existing one. HTMX asks for the list of conversations; with ``conversation``, also for the
    title and the menu of the one that has just begun."""
    agent = get_agent(request.actor, agent_id)
    begun = parse_uuid(request.GET.get("conversation", "")) if is_fragment(request) else None
    conversation = _conversation(request, agent, conversation_id or begun)
    search = request.GET.get("q", "")
    context = {
        "agent": agent,
        "conversation": conversation,
        "groups": _groups(list(conversation_list(request.actor, agent.id, search)[:_LISTED])),
        "search": search,
        "begun": begun is not None,
        "can_write": request.actor.allows("agent.write"),
    }
    if is_fragment(request):
        return render(request, "agents/_conversations.html", context)
    chat = chat_context(request.actor, agent, conversation)
    return render(request, "agents/playground.html", context | {"chat": chat})


@require_GET
@signed_in
def agent_compare(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """The same message to several models or versions at once, side by side."""
    agent = get_agent(request.actor, agent_id, "agent.run")
    runs = run_choices(request.actor, agent)
    context = {"agent": agent, "models": offered(request.actor, agent), "runs": runs, "labels": json.dumps(labels())}
    return render(request, "agents/compare.html", context)


def _conversation(request: ActorRequest, agent: Agent, conversation_id: UUID | None) -> Conversation | None:
    conversation = get_conversation(request.actor, conversation_id) if conversation_id else None
    if conversation is not None and conversation.agent_id != agent.id:
        raise NotFound(_("There is no such conversation."))
    return conversation


def _groups(conversations: list[Conversation]) -> list[dict[str, Any]]:
    """Pinned ones, then by day."""
    today = timezone.localdate()
    return [
        {"label": label, "conversations": list(rows)}
        for label, rows in groupby(conversations, lambda conversation: _group(conversation, today))
    ]


def _group(conversation: Conversation, today: date) -> str:
    if conversation.pinned:
        return _("Pinned")
    day = timezone.localdate(conversation.last_message_at or conversation.created_at)
    if day >= today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return _("Last 7 days") if day > today - timedelta(days=7) else _("Earlier")
