"""Seeing what an API or an MCP server has changed of a tool, and confirming it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agent_app import access
from agent_app.services import tool_offers
from agent_app.tools.remote import Change
from agent_app.views.question import Question, ask, go_to
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError


@require_http_methods(["GET", "POST"])
@signed_in
def tool_sync(request: ActorRequest, tool_id: UUID) -> HttpResponse:
    """GET looks and asks, with what is different; POST saves what was seen."""
    tool = access.get_tool(request.actor, tool_id, "tool.write")
    confirm = request.POST.get("confirm", "") if request.method == "POST" else ""
    try:
        _tool, changes, digest = tool_offers.tool_sync(actor=request.actor, tool=tool, confirm=confirm)
    except AppError as error:
        messages.error(request, error.detail)
        return go_to(request, "agents:tool", tool_id=tool.id)
    if confirm or not changes:
        messages.success(request, _("The functions are up to date."))
        return go_to(request, "agents:tool", tool_id=tool.id)
    question = Question(
        title=_("Take over what has changed?"),
        text=_("Until you agree, models see and call what you confirmed before. Read it as you would a stranger's words."),
        action=reverse("agents:tool_sync", args=[tool.id]), label=_("Take over"), hidden={"confirm": [digest]},
        cancel_url=reverse("agents:tool", args=[tool.id]), dependents=[_in_words(change) for change in changes],
    )  # fmt: skip
    return ask(request, question)


@require_http_methods(["GET", "POST"])
@signed_in
def tool_functions(request: ActorRequest, tool_id: UUID) -> HttpResponse:
    """GET asks the server what it offers; POST switches each of that on or off."""
    tool = access.get_tool(request.actor, tool_id, "tool.write")
    try:
        if request.method == "POST":
            chosen, seen = request.POST.getlist("on"), request.POST.get("seen", "")
            tool_offers.tool_choose(actor=request.actor, tool=tool, chosen=chosen, seen=seen)
            messages.success(request, _("%(name)s was saved.") % {"name": tool.name})
            return redirect("agents:tool", tool_id=tool.id)
        offer, seen = tool_offers.tool_offer(actor=request.actor, tool=tool)
    except AppError as error:
        why = [error.detail, *(each for found in error.errors.values() for each in found)]
        messages.error(request, " ".join(why))
        return redirect("agents:tool", tool_id=tool.id)
    kept = {each["key"]: each for each in tool.params.get("functions") or ()}
    rows = [(each, each.key in kept, each.key in kept and each.kept() != kept[each.key]) for each in offer.functions]
    gone = [each["name"] for key, each in kept.items() if key not in {each.key for each in offer.functions}]
    context = {"tool": tool, "offer": offer, "seen": seen, "rows": rows, "gone": gone}
    return render(request, "tools/functions.html", context)


def _in_words(change: Change) -> str:
    if change.kind == "server":
        return _("Calls go to %(new)s instead of %(old)s.") % {"old": change.parts[0], "new": change.parts[1]}
    if change.kind == "changed":
        return _("%(name)s is described differently: %(parts)s.") % {
            "name": change.key,
            "parts": ", ".join(change.parts),
        }
    return (_("%(name)s is new.") if change.kind == "added" else _("%(name)s is gone.")) % {"name": change.key}
