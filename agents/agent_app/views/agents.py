"""The list of agents, and making one."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from agent_app.models import AgentStatus
from agent_app.selectors import agent_rows, agent_statistics
from agent_app.services import agents
from agent_app.starting_points import STARTING_POINTS
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import NotFound

_PER_PAGE = 50
_ORDERINGS = {
    "-updated_at": gettext_lazy("Last change"),
    "name": gettext_lazy("Name"),
    "-created_at": gettext_lazy("Newest"),
}


@require_GET
@signed_in
def agent_list(request: ActorRequest) -> HttpResponse:
    """Table or cards; filters and mode live in the address. HTMX asks for the rows only."""
    asked = {name: request.GET.get(name, "") for name in ("q", "status", "tag", "order", "view")}
    rows = agent_rows(
        request.actor, search=asked["q"], status=asked["status"] if asked["status"] in AgentStatus.values else "",
        tag=asked["tag"], ordering=asked["order"] or "-updated_at",
    )  # fmt: skip
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    statistics = agent_statistics([agent.id for agent in page])
    context = {
        "page": page,
        "agents": [(agent, statistics.get(agent.id)) for agent in page],
        "asked": asked,
        "filtered": bool(asked["q"] or asked["status"] or asked["tag"]),
        "statuses": AgentStatus.choices,
        "orderings": _ORDERINGS.items(),
        "can_write": request.actor.allows("agent.write"),
    }
    return render(request, "agents/_rows.html" if is_fragment(request) else "agents/list.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def agent_new(request: ActorRequest) -> HttpResponse:
    """Choose what to start from; the choice makes a draft and opens the builder."""
    request.actor.require("agent.write")
    if request.method == "GET":
        return render(request, "agents/new.html", {"starting_points": STARTING_POINTS.values()})
    point = STARTING_POINTS.get(request.POST.get("from", "blank"))
    if point is None:
        raise NotFound(_("There is no such starting point."))
    agent = agents.agent_create(actor=request.actor, fields=point.fields())
    return redirect("agents:builder", agent_id=agent.id)


def is_fragment(request: HttpRequest) -> bool:
    """Whether HTMX asks for a part of the page (a boosted link or the history asks for all of it)."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request
