"""An agent's tools in the builder: one of the library or of its own, in a sheet."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agent_app import access, credentials
from agent_app.models import Agent
from agent_app.selectors import tool_rows
from agent_app.services import agent_parts
from agent_app.tool_forms import AttachedForm, ToolForm, TrialForm
from agent_app.tool_looks import functions_of, kinds, looks, offered
from agent_app.tools import registry
from agent_app.views.sheet import sheet
from agent_app.views.tool_uploads import sent
from agent_app.views.tools import add_tool_errors, run_trial
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError, NotFound
from config.lib.ids import parse_uuid

_OFFERED = 100


def agent_tool_new(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """Choose one of the library (POST ``tool_id``), or a type (``?type=``) and fill in its form."""
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    if request.method == "POST" and (tool_id := parse_uuid(request.POST.get("tool_id", ""))):
        tool = access.get_tool(request.actor, tool_id)
        agent_parts.part_add(actor=request.actor, agent=agent, kind="tools", values={"tool_id": tool.id})
        return redirect(_address(agent))
    kind = registry.find(request.GET.get("type", ""))
    if kind is None:
        there = {part["tool_id"] for part in access.get_parts(agent, "tools")}
        rows = [tool for tool in tool_rows(request.actor)[:_OFFERED] if str(tool.id) not in there]
        context: dict[str, Any] = {
            "agent": agent, "action": request.path, "library": [(tool, looks(tool.type)) for tool in rows], "kinds": kinds(),
        }  # fmt: skip
        return sheet(request, "agents/_tool_new.html", _("Add a tool"), context, back_url=_address(agent))
    form = ToolForm(sent(request, kind), kind=kind, choices=offered(agent.workspace_id))
    return _edit(request, agent, None, form, looks(kind.name))


def agent_tool(request: ActorRequest, agent_id: UUID, item_id: UUID) -> HttpResponse:
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    part = access.get_part(agent, "tools", item_id)
    if part["tool_id"]:
        tool = access.get_tool(request.actor, UUID(part["tool_id"]))
        return _edit(request, agent, item_id, AttachedForm(_data(request), tool=part), looks(part["type"]), tool=tool)
    kind = registry.find(part["type"])
    if kind is None:
        raise NotFound(_("This installation has no such type of tool."))
    found = credentials.credentials_of(agent.workspace_id, [part["credential_id"]])
    masked = part | {"params": credentials.masked(part["params"], found.get(part["credential_id"] or ""))}
    form = ToolForm(sent(request, kind), kind=kind, choices=offered(agent.workspace_id), tool=masked)
    account = credentials.account_of(agent.workspace_id, parse_uuid(part["credential_id"] or ""))
    return _edit(
        request, agent, item_id, form, looks(kind.name), account=account, offered=part["params"].get("functions")
    )


@require_http_methods(["GET", "POST"])
@signed_in
def agent_tool_try(request: ActorRequest, agent_id: UUID, item_id: UUID) -> HttpResponse:
    """GET asks for arguments, POST calls the tool once and shows what came back."""
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    tool = access.get_agent_tool(agent, item_id)
    trial = TrialForm(_data(request), functions=functions_of(tool))
    context: dict[str, Any] = {
        "agent": agent, "tool": tool, "look": looks(tool.type), "action": request.path, "trial": trial,
        **run_trial(request.actor, tool, trial),
    }  # fmt: skip
    title = _("Try %(name)s") % {"name": tool.name}
    status = 422 if trial.errors else 200
    return sheet(request, "agents/_tool_try.html", title, context, back_url=_address(agent), status=status)


def _edit(
    request: ActorRequest, agent: Agent, item_id: UUID | None, form: ToolForm | AttachedForm, look: Any, **more: Any
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        values = form.values()
        try:
            if item_id is None:
                agent_parts.part_add(actor=request.actor, agent=agent, kind="tools", values=values)
            else:
                agent_parts.part_change(actor=request.actor, agent=agent, kind="tools", part_id=item_id, values=values)
            return redirect(_address(agent))
        except AppError as error:
            add_tool_errors(form, error)
    context = {
        "form": form,
        "agent": agent,
        "item_id": item_id,
        "action": request.get_full_path(),
        "look": look,
        **more,
    }
    title = _("New tool") if item_id is None else _("Tool")
    return sheet(
        request, "agents/_tool.html", title, context, back_url=_address(agent), status=422 if form.errors else 200
    )


def _data(request: ActorRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _address(agent: Agent) -> str:
    return f"{reverse('agents:builder', args=[agent.id])}#tools"
