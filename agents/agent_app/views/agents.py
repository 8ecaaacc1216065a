"""The list of agents, making one, and acting on several."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agent_app.forms import BulkForm
from agent_app.models import AgentStatus
from agent_app.selectors import agent_rows, agent_statistics
from agent_app.services import agents
from agent_app.starting_points import STARTING_POINTS
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import InvalidInput, NotFound
from config.lib.ids import parse_uuid

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
    asked = {name: request.GET.get(name, "") for name in ("q", "status", "order", "view")}
    rows = agent_rows(
        request.actor, search=asked["q"], status=asked["status"] if asked["status"] in AgentStatus.values else "",
        ordering=asked["order"] or "-updated_at",
    )  # fmt: skip
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    statistics = agent_statistics([agent.id for agent in page])
    context = {
        "page": page,
        "agents": [(agent, statistics.get(agent.id)) for agent in page],
        "asked": asked,
        "filtered": bool(asked["q"] or asked["status"]),
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


@require_POST
@signed_in
def agents_bulk(request: ActorRequest) -> HttpResponse:
    """Archive or delete the ticked agents."""
    form = BulkForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(_("Choose agents and what to do with them."))
    ids = [found for value in form.cleaned_data["ids"] if (found := parse_uuid(value))]
    if form.cleaned_data["action"] == "archive":
        count = agents.agents_archive(actor=request.actor, ids=ids)
        messages.success(request, ngettext("%d agent archived.", "%d agents archived.", count) % count)
    else:
        count = agents.agents_delete(actor=request.actor, ids=ids)
        messages.success(request, ngettext("%d agent deleted.", "%d agents deleted.", count) % count)
    return redirect("agents:list")


def is_fragment(request: HttpRequest) -> bool:
    """Whether HTMX asks for a part of the page (a boosted link or the history asks for all of it)."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request
