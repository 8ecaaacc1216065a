"""Integrations: one credential for a group of tools."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agent_app import access, credentials
from agent_app.integrations import users
from agent_app.models import Integration
from agent_app.selectors import integration_rows
from agent_app.services import integrations
from agent_app.tool_forms import IntegrationForm
from agent_app.tools.integration import INTEGRATION
from agent_app.views.tools import add_tool_errors
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError

_PER_PAGE = 50


@require_GET
@signed_in
def integration_list(request: ActorRequest) -> HttpResponse:
    page = Paginator(integration_rows(request.actor), _PER_PAGE).get_page(request.GET.get("page"))
    found = credentials.credentials_of(request.actor.workspace_id, [row.credential_id for row in page])
    rows = [(row, credentials.needs_with(INTEGRATION, row.params, found.get(str(row.credential_id)))) for row in page]
    context = {"page": page, "rows": rows, "can_write": request.actor.allows("tool.write")}
    return render(request, "tools/integrations.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def integration_new(request: ActorRequest) -> HttpResponse:
    request.actor.require("tool.write")
    form = IntegrationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            row = integrations.integration_create(actor=request.actor, fields=form.fields_of())
            messages.success(request, _("%(name)s was saved.") % {"name": row.name})
            return redirect("agents:integration", integration_id=row.id)
        except AppError as error:
            add_tool_errors(form, error)
    return render(request, "tools/integration.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@signed_in
def integration_page(request: ActorRequest, integration_id: UUID) -> HttpResponse:
    action = "tool.write" if request.method == "POST" else "tool.read"
    row = access.get_integration(request.actor, integration_id, action)
    form = IntegrationForm(request.POST if request.method == "POST" else None, tool=_shown(row))
    if request.method == "POST" and form.is_valid():
        revision = request.POST.get("revision", "")
        try:
            saved = integrations.integration_update(
                actor=request.actor, integration=row, changes=form.fields_of(),
                revision=int(revision) if revision.isdecimal() else None,
            )  # fmt: skip
            messages.success(request, _("%(name)s was saved.") % {"name": saved.name})
            return redirect("agents:integration", integration_id=row.id)
        except AppError as error:
            add_tool_errors(form, error)
    found = credentials.credentials_of(row.workspace_id, [row.credential_id]).get(str(row.credential_id))
    context = {
        "integration": row, "form": form, "users": users(row), "can_write": request.actor.allows("tool.write"),
        "needs": credentials.needs_with(INTEGRATION, row.params, found),
        "account": credentials.account_of(row.workspace_id, row.credential_id),
    }  # fmt: skip
    return render(request, "tools/integration.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def integration_delete(request: ActorRequest, integration_id: UUID) -> HttpResponse:
    row = access.get_integration(request.actor, integration_id, "tool.write")
    try:
        integrations.integration_delete(actor=request.actor, integration=row)
    except AppError as error:
        messages.error(request, error.detail)
        return redirect("agents:integration", integration_id=row.id)
    messages.success(request, _("%(name)s was removed.") % {"name": row.name})
    return redirect("agents:integrations")


def _shown(row: Integration) -> dict[str, object]:
    found = credentials.credentials_of(row.workspace_id, [row.credential_id]).get(str(row.credential_id))
    return {
        "name": row.name, "description": row.description, "params": credentials.masked(row.params, found),
    }  # fmt: skip
