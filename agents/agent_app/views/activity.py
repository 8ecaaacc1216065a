"""What an agent has been doing: its model calls, who handed over to whom, what people thought of it, and the traces of its runs."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agent_app import selectors, traces
from agent_app.access import get_agent
from agent_app.models import Rating
from community.views.guard import ActorRequest, signed_in

_PER_PAGE = 25
_REASONS = 20


@require_GET
@signed_in
def agent_activity(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    agent = get_agent(request.actor, agent_id)
    rows = traces.agent_traces(request.actor, agent.id)
    context = {
        "agent": agent,
        "activity": traces.agent_activity(request.actor, agent.id),
        "page": Paginator(rows, _PER_PAGE).get_page(request.GET.get("page")),
        "feedback": _feedback(request, agent.id) if request.actor.allows("feedback.read") else None,
    }
    return render(request, "agents/activity.html", context)


def _feedback(request: ActorRequest, agent_id: UUID) -> dict[str, Any]:
    """The thumbs, and the newest of those that came with a reason."""
    asked = request.GET.get("rating", "")
    rating = asked if asked in Rating.values else ""
    counts = selectors.feedback_counts([agent_id])[agent_id]
    given = selectors.feedback_list(request.actor, agent_id, rating).exclude(reason="")[:_REASONS]
    return {**counts, "total": counts["up"] + counts["down"], "rating": rating, "given": given}
