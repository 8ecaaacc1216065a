"""Seeing what an API or an MCP server offers, and what it has changed of a tool; choosing of it, and confirming it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agent_app import access
from agent_app.definition import diff, words
from agent_app.models import Agent
from agent_app.services import tool_offers
from agent_app.tools.remote import Change, Offer
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError

# What people read of a function, in this order.
_READ = ("description", "method", "path", "changes_state", "parameters")


@dataclass(frozen=True)
class Difference:
    """One change as a person reads it."""

    name: str
    said: str
    lines: list[words.Shown]


@require_http_methods(["GET", "POST"])
@signed_in
def tool_sync(request: ActorRequest, tool_id: UUID) -> HttpResponse:
    """GET looks and asks, with what is different; POST saves what was seen."""
    tool = access.get_tool(request.actor, tool_id, "tool.write")

    def look(confirm: str) -> tuple[Sequence[Change], str]:
        return tool_offers.tool_sync(actor=request.actor, tool=tool, confirm=confirm)[1:]

    return _synced(request, look, tool.name, reverse("agents:tool", args=[tool.id]))


@require_http_methods(["GET", "POST"])
@signed_in
def agent_tool_sync(request: ActorRequest, agent_id: UUID, item_id: UUID) -> HttpResponse:
    """The same for a tool of an agent's own."""
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    part = access.get_part(agent, "tools", item_id)

    def look(confirm: str) -> tuple[Sequence[Change], str]:
        return tool_offers.agent_tool_sync(actor=request.actor, agent=agent, part=part, confirm=confirm)[1:]

    address = f"{reverse('agents:builder', args=[agent.id])}#tools"
    return _synced(request, look, str(part["name"]), address, agent)


def _synced(
    request: ActorRequest, look: Callable[[str], tuple[Sequence[Change], str]], name: str, back: str, agent: Agent | None = None
) -> HttpResponse:  # fmt: skip
    confirm = request.POST.get("confirm", "") if request.method == "POST" else ""
    try:
        changes, digest = look(confirm)
    except AppError as error:
        why = [error.detail, *(each for found in error.errors.values() for each in found)]
        messages.error(request, " ".join(why))
        return redirect(back)
    if confirm or not changes:
        messages.success(request, _("The functions are up to date."))
        return redirect(back)
    context = {
        "name": name, "back_url": back, "agent": agent, "digest": digest, "differences": [_difference(each) for each in changes],
    }  # fmt: skip
    return render(request, "tools/sync.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def tool_functions(request: ActorRequest, tool_id: UUID) -> HttpResponse:
    """GET asks the server what it offers; POST switches each of that on or off."""
    tool = access.get_tool(request.actor, tool_id, "tool.write")

    def offer() -> tuple[Offer, str]:
        return tool_offers.tool_offer(actor=request.actor, tool=tool)

    def choose(chosen: Sequence[str], seen: str) -> object:
        return tool_offers.tool_choose(actor=request.actor, tool=tool, chosen=chosen, seen=seen)

    context = {"name": tool.name, "back_url": reverse("agents:tool", args=[tool.id])}
    return _functions(request, offer, choose, tool.params, context)


@require_http_methods(["GET", "POST"])
@signed_in
def agent_tool_functions(request: ActorRequest, agent_id: UUID, item_id: UUID) -> HttpResponse:
    """The same for a tool of an agent's own."""
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    part = access.get_part(agent, "tools", item_id)

    def offer() -> tuple[Offer, str]:
        return tool_offers.agent_tool_offer(actor=request.actor, part=part)

    def choose(chosen: Sequence[str], seen: str) -> object:
        return tool_offers.agent_tool_choose(actor=request.actor, agent=agent, part=part, chosen=chosen, seen=seen)

    address = f"{reverse('agents:builder', args=[agent.id])}#tools"
    context = {"name": part["name"], "back_url": address, "agent": agent}
    return _functions(request, offer, choose, part["params"], context)


def _functions(
    request: ActorRequest, ask: Callable[[], tuple[Offer, str]], choose: Callable[[Sequence[str], str], object],
    params: Mapping[str, Any], context: Mapping[str, Any],
) -> HttpResponse:  # fmt: skip
    try:
        if request.method == "POST":
            choose(request.POST.getlist("on"), request.POST.get("seen", ""))
            messages.success(request, _("%(name)s was saved.") % {"name": context["name"]})
            return redirect(context["back_url"])
        offer, seen = ask()
    except AppError as error:
        why = [error.detail, *(each for found in error.errors.values() for each in found)]
        messages.error(request, " ".join(why))
        return redirect(context["back_url"])
    kept = {each["key"]: each for each in params.get("functions") or ()}
    rows = [(each, each.key in kept, each.key in kept and each.kept() != kept[each.key]) for each in offer.functions]
    gone = [each["name"] for key, each in kept.items() if key not in {each.key for each in offer.functions}]
    found = {"action": request.path, "offer": offer, "seen": seen, "rows": rows, "gone": gone}
    return render(request, "tools/functions.html", {**context, **found})


def _difference(change: Change) -> Difference:
    if change.kind == "server":
        found = diff.changes({"server": change.parts[0]}, {"server": change.parts[1]})
        return Difference(_("Server"), _("Calls, and secrets, go elsewhere"), words.shown(found, {}))
    said = {"added": _("new"), "removed": _("gone"), "changed": _("described differently")}[change.kind]
    before, after = dict(change.before or {}), dict(change.after or {})
    read = _READ[:1] if change.kind == "removed" else _READ
    found = diff.changes({name: before.get(name) for name in read}, {name: after.get(name) for name in read})
    if not found:  # what differs is how it is called
        found = diff.changes(before, after)
    return Difference(change.key, said, words.shown(found, {}))
