"""The parts of an agent in the builder: handoffs, contexts, tools and guardrails, each in a sheet; what is sent; instructions."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agent_app import access
from agent_app.definition.content import READ
from agent_app.definition.preview import preview
from agent_app.definition_forms import ContextForm, HandoffForm
from agent_app.guardrail_forms import GuardrailForm
from agent_app.guardrails import registry
from agent_app.handoff_map import handoff_map
from agent_app.instruction_templates import TEMPLATES
from agent_app.models import Agent
from agent_app.services import agent_parts
from agent_app.services.agents import agent_update
from agent_app.views.agent_tools import agent_tool, agent_tool_new
from agent_app.views.question import go_to
from agent_app.views.sheet import sheet
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import InvalidInput, NotFound

_KINDS = ("handoffs", "contexts", "guardrails")
_Form = HandoffForm | ContextForm | GuardrailForm


@require_http_methods(["GET", "POST"])
@signed_in
def part_edit(request: ActorRequest, agent_id: UUID, kind: str, item_id: UUID | None = None) -> HttpResponse:
    """GET asks, POST saves: a new handoff, context or guardrail, or the one with ``item_id``."""
    if kind == "tools":
        return agent_tool_new(request, agent_id) if item_id is None else agent_tool(request, agent_id, item_id)
    if kind not in _KINDS:
        raise NotFound
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    part = access.get_part(agent, kind, item_id) if item_id else None
    form = _form(request, agent, kind, part)
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, agent, kind, form, item_id)
            return _builder(request, agent, kind)
        except InvalidInput as error:
            for message in error.errors.get(kind, [error.detail]):
                form.add_error(None, message)
    context = {"form": form, "agent": agent, "kind": kind, "item_id": item_id, "action": request.get_full_path()}
    return sheet(
        request, "agents/_part.html", _title(kind, item_id is None), context, back_url=_address(agent, kind),
        status=422 if form.errors else 200,
    )  # fmt: skip


@require_POST
@signed_in
def part_remove(request: ActorRequest, agent_id: UUID, kind: str, item_id: UUID) -> HttpResponse:
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    if kind not in READ:
        raise NotFound
    agent_parts.part_remove(actor=request.actor, agent=agent, kind=kind, part_id=item_id)
    return _builder(request, agent, kind)


def _form(request: ActorRequest, agent: Agent, kind: str, part: dict[str, Any] | None) -> _Form:
    data = request.POST if request.method == "POST" else None
    if kind == "contexts":
        return ContextForm(data, context=part)
    agents = Agent.objects.in_workspace(agent.workspace_id).shown().only("id", "name").order_by("name")
    if kind == "guardrails":
        wanted = part["implementation"] if part else request.GET.get("implementation", "keywords")
        others = list(agents.exclude(id=agent.id)[:500])
        return GuardrailForm(data, kind=_kind(wanted), agents=others, guardrail=part)
    return HandoffForm(data, agents=list(agents[:500]), handoff=part)


def _kind(name: str) -> registry.Kind:
    if not registry.known(name):
        raise NotFound(_("There is no such kind of guardrail."))
    return registry.get(name)


def _save(request: ActorRequest, agent: Agent, kind: str, form: _Form, item_id: UUID | None) -> None:
    values = form.cleaned_data if isinstance(form, ContextForm) else form.values()
    if item_id is None:
        agent_parts.part_add(actor=request.actor, agent=agent, kind=kind, values=values)
    else:
        agent_parts.part_replace(actor=request.actor, agent=agent, kind=kind, part_id=item_id, values=values)


def _title(kind: str, new: bool) -> str:
    if kind == "contexts":
        return _("New context") if new else _("Context")
    if kind == "guardrails":
        return _("New guardrail") if new else _("Guardrail")
    return _("New handoff") if new else _("Handoff")


def _address(agent: Agent, kind: str) -> str:
    anchor = {"contexts": "instructions", "handoffs": "handoffs"}.get(kind, kind)
    return f"{reverse('agents:builder', args=[agent.id])}#{anchor}"


def _builder(request: ActorRequest, agent: Agent, kind: str) -> HttpResponse:
    return redirect(_address(agent, kind))


@require_GET
@signed_in
def agent_sent(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """Exactly what is sent to the model."""
    agent = access.get_agent(request.actor, agent_id)
    context_id = request.GET.get("context", "")
    sent = preview(agent, user_name=request.actor.user.display_name, context_id=context_id)
    contexts = agent.contexts.order_by("position")
    return sheet(
        request, "agents/_sent.html", _("What is sent"), {"agent": agent, "sent": sent, "contexts": contexts},
        back_url=reverse("agents:builder", args=[agent.id]),
    )  # fmt: skip


@require_GET
@signed_in
def agent_map(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """Who can hand over to whom, from this agent on."""
    agent = access.get_agent(request.actor, agent_id)
    return sheet(
        request, "agents/_map.html", _("Who can hand over to whom"), {"agent": agent, "map": handoff_map(agent)},
        back_url=_address(agent, "handoffs"),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@signed_in
def instruction_templates(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """Instructions to start from. Choosing one puts it under what is there."""
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    if request.method == "GET":
        return sheet(
            request, "agents/_templates.html", _("Start from a template"), {"agent": agent, "templates": TEMPLATES},
            back_url=_address(agent, "instructions"),
        )  # fmt: skip
    chosen = next((each for each in TEMPLATES if each.key == request.POST.get("template")), None)
    if chosen is None:
        raise NotFound(_("There is no such template."))
    text = "\n\n".join(part for part in (agent.instructions.strip(), str(chosen.instructions)) if part)
    try:
        agent_update(actor=request.actor, agent=agent, changes={"instructions": text})
    except InvalidInput as error:
        messages.error(request, " ".join(error.errors.get("instructions", [error.detail])))
    return go_to(request, "agents:builder", agent_id=agent.id)
