"""The workspace's library of tools: what there is, one of them with its test panel, and a new one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agent_app import access, credentials, tool_panel
from agent_app.api.tool_serializers import ToolOutput
from agent_app.models import AgentTool, Tool
from agent_app.selectors import tool_rows
from agent_app.services import tool_tests, tools
from agent_app.services.tool_tests import Tried
from agent_app.tool_forms import ToolForm, TrialForm, condition_problems
from agent_app.tool_looks import functions_of, kinds, looks, offered
from agent_app.tools import registry
from agent_app.views.agents import is_fragment
from agent_app.views.tool_uploads import sent
from community.access import Actor
from community.views.guard import ActorRequest, signed_in
from config.lib import loop
from config.lib.errors import AppError

_PER_PAGE = 50


@require_GET
@signed_in
def tool_list(request: ActorRequest) -> HttpResponse:
    """Search lives in the address. HTMX asks for the rows only."""
    asked = {name: request.GET.get(name, "") for name in ("q", "type")}
    rows = tool_rows(request.actor, search=asked["q"], kind=asked["type"])
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page, "tools": [(tool, looks(tool.type), _needs(tool)) for tool in page], "asked": asked, "filtered": any(asked.values()),
        "kinds": kinds(), "can_write": request.actor.allows("tool.write"),
    }  # fmt: skip
    return render(request, "tools/_rows.html" if is_fragment(request) else "tools/list.html", context)


def _needs(tool: Any) -> str:
    return credentials.needs(registry.find(tool.type), tool.params, tool.hints, tool.tokens)


@require_http_methods(["GET", "POST"])
@signed_in
def tool_new(request: ActorRequest) -> HttpResponse:
    """Choose a type, then fill in its form."""
    request.actor.require("tool.write")
    kind = registry.find(request.GET.get("type", ""))
    if kind is None:
        return render(request, "tools/new.html", {"kinds": kinds()})
    form = ToolForm(sent(request, kind), kind=kind, choices=offered(request.actor.workspace_id))
    if request.method == "POST" and form.is_valid():
        try:
            tool = tools.tool_create(actor=request.actor, fields=form.values())
            messages.success(request, _("%(name)s was saved.") % {"name": tool.name})
            return redirect("agents:tool", tool_id=tool.id)
        except AppError as error:
            add_tool_errors(form, error)
    context = {"form": form, "look": looks(kind.name), "tool": None}
    return render(request, "tools/tool.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@signed_in
def tool_page(request: ActorRequest, tool_id: UUID) -> HttpResponse:
    tool = access.get_tool(request.actor, tool_id, "tool.write" if request.method == "POST" else "tool.read")
    kind = registry.find(tool.type)
    if kind is None:
        return render(request, "tools/gone.html", {"tool": tool})
    form = ToolForm(
        sent(request, kind), kind=kind, choices=offered(request.actor.workspace_id),
        tool=ToolOutput(tool).data,
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        revision = request.POST.get("revision", "")
        try:
            saved = tools.tool_update(
                actor=request.actor,
                tool=tool,
                changes=form.values(),
                revision=int(revision) if revision.isdecimal() else None,
            )
            messages.success(request, _("%(name)s was saved.") % {"name": saved.name})
            return redirect("agents:tool", tool_id=tool.id)
        except AppError as error:
            add_tool_errors(form, error)
    return _page(request, tool, form, status=422 if form.errors else 200)


@require_GET
@signed_in
def tool_condition(request: ActorRequest) -> HttpResponse:
    """What is wrong with a condition while it is written."""
    condition = request.GET.get("approval_when", "")[:2000].strip()
    problems = condition_problems(condition) if condition else []
    return render(request, "tools/_condition.html", {"condition": condition, "problems": problems})


@require_POST
@signed_in
def tool_delete(request: ActorRequest, tool_id: UUID) -> HttpResponse:
    tool = access.get_tool(request.actor, tool_id, "tool.write")
    tools.tool_delete(actor=request.actor, tool=tool)
    messages.success(request, _("%(name)s was removed.") % {"name": tool.name})
    return redirect("agents:tools")


@require_POST
@signed_in
def tool_test(request: ActorRequest, tool_id: UUID) -> HttpResponse:
    """Call it once. HTMX gets the panel, others the page with it."""
    tool = access.get_tool(request.actor, tool_id, "tool.test")
    trial = TrialForm(request.POST, functions=functions_of(tool))
    context = {"tool": tool, "trial": trial, **run_trial(request.actor, tool, trial)}
    if is_fragment(request):
        return render(request, "tools/_trial.html", context)
    form = ToolForm(
        kind=registry.get(tool.type), choices=offered(request.actor.workspace_id), tool=ToolOutput(tool).data
    )
    return _page(request, tool, form, **{name: each for name, each in context.items() if name != "tool"})


def run_trial(actor: Actor, tool: Tool | AgentTool, form: TrialForm) -> dict[str, Any]:
    """Call the tool once, where the form is filled in. What is against it is added to the form."""
    tried: Tried | None = None
    credits = ""
    if form.is_bound and form.is_valid():
        try:
            trial = tool_tests.tool_test_begin(actor=actor, tool=tool, **form.cleaned_data)
            tried = loop.submit(tool_panel.call(trial)).result()
            credits = tool_tests.tool_test_end(trial=trial, tried=tried)
        except AppError as error:
            add_tool_errors(form, error)
    return {"tried": tried, "credits": credits}


def _page(request: ActorRequest, tool: Tool, form: ToolForm, status: int = 200, **more: Any) -> HttpResponse:
    users = [each.agent for each in tool.attachments.select_related("agent").order_by("agent__name")[:100]]
    context = {
        "tool": tool, "form": form, "look": looks(tool.type), "trial": TrialForm(functions=functions_of(tool)),
        "users": list(dict.fromkeys(users)), "can_write": request.actor.allows("tool.write"),
        "account": credentials.account_of(tool.workspace_id, tool.credential_id), "offered": tool.params.get("functions"),
        **more,
    }  # fmt: skip
    return render(request, "tools/tool.html", context, status=status)


def add_tool_errors(form: Any, error: AppError) -> None:
    """What is against it, at the fields that it is about."""
    for name, found in (error.errors or {}).items():
        field = next((each for each in (name, f"params.{name}", f"params.{name}.type") if each in form.fields), None)
        for message in found:
            form.add_error(field, message)
    if not error.errors:
        form.add_error(None, error.detail)
