"""Guardrails in the builder: which kind, their order, and what they say of a text."""

from uuid import UUID

from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agent_app import access
from agent_app.builder import shown_guardrails
from agent_app.definition.content import draft_content
from agent_app.guardrail_forms import TrialForm
from agent_app.guardrails import registry
from agent_app.guardrails.trial import chosen, try_text
from agent_app.services import agent_parts
from agent_app.views.sheet import sheet
from community.views.guard import ActorRequest, signed_in


@require_GET
@signed_in
def guardrail_kinds(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """Which kind of guardrail shall it be?"""
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    return sheet(
        request, "agents/_guardrail_kinds.html", _("New guardrail"), {"agent": agent, "kinds": registry.kinds()},
        back_url=section(agent.id),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@signed_in
def guardrail_try(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """GET asks for a text, POST shows which guardrails of the draft trip on it and how long each took."""
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    form = TrialForm(request.POST if request.method == "POST" else None)
    found = None
    if form.is_bound and form.is_valid():
        wanted = chosen(request.actor, agent, stage=form.cleaned_data["type"], unsaved=None)
        found = async_to_sync(try_text)(request.actor, agent, form.cleaned_data["text"], wanted)
    context = {
        "agent": agent, "form": form, "found": found, "action": request.path,
        "some": any(each["enabled"] for each in shown_guardrails(draft_content(agent))),
    }  # fmt: skip
    return sheet(
        request, "agents/_guardrail_try.html", _("Try the guardrails"), context, back_url=section(agent.id),
        status=422 if form.errors else 200,
    )  # fmt: skip


@require_POST
@signed_in
def guardrail_move(request: ActorRequest, agent_id: UUID, item_id: UUID) -> HttpResponse:
    """One place up, or down: they check in their order."""
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    step = 1 if request.POST.get("direction") == "down" else -1
    agent_parts.part_move(actor=request.actor, agent=agent, kind="guardrails", part_id=item_id, step=step)
    return redirect(section(agent.id))


def section(agent_id: UUID) -> str:
    return f"{reverse('agents:builder', args=[agent_id])}#guardrails"
