"""What an agent has been doing: its model calls, who handed over to whom, and the traces of its runs."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agent_app import traces
from agent_app.access import get_agent
from community.views.guard import ActorRequest, signed_in

_PER_PAGE = 25


@require_GET
@signed_in
def agent_activity(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    agent = get_agent(request.actor, agent_id)
    rows = traces.agent_traces(request.actor, agent.id)
    context = {
        "agent": agent,
        "activity": traces.agent_activity(request.actor, agent.id),
        "page": Paginator(rows, _PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "agents/activity.html", context)
