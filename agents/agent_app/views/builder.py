"""The builder: an agent's draft at the left, a chat with it at the right."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from agent_app.access import get_agent
from agent_app.forms import AgentForm
from agent_app.model_picker import picker
from agent_app.model_references import default_reference
from agent_app.models import Agent
from agent_app.services.agents import agent_update, definition_of
from agent_app.views.agents import is_fragment
from agent_app.views.chat import chat_context
from agent_app.views.models import SHOWN
from community.views.guard import ActorRequest, signed_in


@require_GET
@signed_in
def agent_builder(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """HTMX asks for the sections' marks after a save."""
    agent = get_agent(request.actor, agent_id)
    if is_fragment(request):
        return render(request, "agents/_sections.html", _context(request, agent))
    return _page(request, agent, AgentForm(agent=agent))


@require_POST
@signed_in
def agent_save(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """Save what changed. A stale revision raises Conflict (409, with who changed what). Autosave asks for JSON; a browser
    without scripts gets the page again."""
    agent = get_agent(request.actor, agent_id, "agent.write")
    form = AgentForm(request.POST, agent=agent)
    by_script = request.headers.get("Accept", "").startswith("application/json")
    if not form.is_valid():
        if not by_script:
            return _page(request, agent, form, status=422)
        return JsonResponse({"detail": _("Some fields need another look."), "errors": form.errors}, status=422)
    revision = request.POST.get("revision", "")
    saved = agent_update(
        actor=request.actor,
        agent=agent,
        changes=form.changes(),
        revision=int(revision) if revision.isdecimal() else None,
    )
    if not by_script:
        messages.success(request, _("%(name)s was saved.") % {"name": saved.name})
        return redirect("agents:builder", agent_id=agent.id)
    return JsonResponse({"revision": saved.revision, "name": saved.name})


def _context(request: ActorRequest, agent: Agent) -> dict[str, Any]:
    sections = _sections(agent)
    return {
        "agent": agent,
        "sections": sections,
        "complete": sum(section["complete"] for section in sections),
        "can_write": request.actor.allows("agent.write"),
    }


def _page(request: ActorRequest, agent: Agent, form: AgentForm, status: int = 200) -> HttpResponse:
    choices = picker(request.actor, definition_of(agent=agent), agent.model)
    context = _context(request, agent) | {
        "form": form, "chat": chat_context(request.actor, agent, None, builder=True), "picker": choices, "shown_capabilities": SHOWN,
        "gone": bool(agent.model) and not any(choice["chosen"] for choice in choices),
        "default_model": default_reference(agent.workspace_id),
    }  # fmt: skip
    return render(request, "agents/builder.html", context, status=status)


def _sections(agent: Agent) -> list[dict[str, Any]]:
    return [
        {
            "id": "basics",
            "label": _("Basics"),
            "complete": bool(agent.name and agent.description),
            "hint": _("Add a description"),
        },
        {
            "id": "instructions",
            "label": _("Instructions"),
            "complete": bool(agent.instructions.strip()),
            "hint": _("Write them"),
        },
        {"id": "model", "label": _("Model"), "complete": True, "hint": ""},
    ]
