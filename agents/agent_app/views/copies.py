"""Cloning and importing agents."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from agent_app import access
from agent_app.api.copies import read_import
from agent_app.definition_forms import ImportForm
from agent_app.services import copies
from agent_app.views.sheet import sheet
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError, InvalidInput


@require_POST
@signed_in
def agent_clone(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    try:
        clone = copies.agent_clone(actor=request.actor, agent=agent)
    except AppError as error:
        messages.error(request, error.detail)
        return redirect("agents:builder", agent_id=agent.id)
    messages.success(request, _("This is a copy of %(name)s.") % {"name": agent.name})
    return redirect("agents:builder", agent_id=clone.id)


@require_http_methods(["GET", "POST"])
@signed_in
def agents_import(request: ActorRequest) -> HttpResponse:
    """Ask for an export, show what it would become, and import it once that is ``confirmed``."""
    request.actor.require("agent.write")
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    report: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        confirmed = request.POST.get("confirmed") == "1"
        try:
            imported = read_import(form.cleaned_data["parsed"])
            report = copies.agents_import(actor=request.actor, imported=imported, models={}, dry_run=not confirmed)
            if confirmed:
                return _imported(request, report)
        except InvalidInput as error:
            for message in [each for found in error.errors.values() for each in found] or [error.detail]:
                form.add_error(None, message)
    context = {"form": form, "report": report, "document": form.cleaned_data.get("document", "") if report else ""}
    return sheet(
        request, "agents/_import.html", _("Import agents"), context, back_url=reverse("agents:list"),
        status=422 if form.errors else 200,
    )  # fmt: skip


def _imported(request: ActorRequest, report: dict[str, Any]) -> HttpResponse:
    count = len(report["agents"])
    messages.success(request, ngettext("%d agent imported.", "%d agents imported.", count) % count)
    return redirect("agents:builder", agent_id=report["agents"][0]["agent_id"])
