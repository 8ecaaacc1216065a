"""Choosing a workspace, making one, and its settings."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from community import access, selectors
from community.member_forms import ConfirmForm, NewWorkspaceForm, TransferForm, WorkspaceForm, add_errors
from community.models import Membership, Role, Workspace
from community.services import members, workspaces
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError, InvalidInput
from config.lib.ids import parse_uuid


@require_POST
@signed_in
def workspace_switch(request: ActorRequest, workspace_id: UUID) -> HttpResponse:
    """Always on to the home page: what the person was looking at belongs to the workspace they leave."""
    workspaces.workspace_switch(user=request.actor.user, workspace_id=workspace_id)
    return HttpResponseClientRedirect("/") if request.htmx else redirect("/")


@require_http_methods(["GET", "POST"])
@signed_in
def workspace_new(request: ActorRequest) -> HttpResponse:
    form = NewWorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        workspace = workspaces.workspace_create(owner=request.actor.user, name=form.cleaned_data["name"])
        messages.success(request, _("%(name)s is ready, and you work in it now.") % {"name": workspace.name})
        return redirect("workspace_members")
    return render(request, "workspace/new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@signed_in
def workspace_settings(request: ActorRequest) -> HttpResponse:
    """Every member sees it; what one's role does not allow is not offered."""
    workspace = access.get_workspace(request.actor)
    form = WorkspaceForm(request.POST or None, instance=workspace, may_spend=request.actor.allows("workspace.spend"))
    if request.method == "POST":
        request.actor.require("workspace.update")
        if form.is_valid():
            try:
                workspaces.workspace_update(actor=request.actor, changes=form.cleaned_data)
            except InvalidInput as error:
                add_errors(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect("workspace_settings")
    return _settings_page(request, workspace, form=form)


@require_POST
@signed_in
def workspace_leave(request: ActorRequest) -> HttpResponse:
    name = access.get_workspace(request.actor).name
    members.member_leave(actor=request.actor)
    messages.success(request, _("You left %(name)s.") % {"name": name})
    return redirect("/")


@require_POST
@signed_in
def workspace_transfer(request: ActorRequest) -> HttpResponse:
    workspace = access.get_workspace(request.actor, "workspace.transfer")
    form = TransferForm(request.POST, members=_others(request))
    if not form.is_valid():
        return _settings_page(request, workspace, transfer_form=form)
    to = parse_uuid(form.cleaned_data["to"])
    if to is None:
        raise InvalidInput
    try:
        member = members.ownership_transfer(
            actor=request.actor, member=access.get_member(request.actor, to), confirmation=form.cleaned_data["confirm"]
        )
    except AppError as error:
        add_errors(form, error)
        return _settings_page(request, workspace, transfer_form=form)
    messages.success(request, _("%(name)s owns this workspace now.") % {"name": member.user.display_name})
    return redirect("workspace_members")


@require_POST
@signed_in
def workspace_delete(request: ActorRequest) -> HttpResponse:
    workspace = access.get_workspace(request.actor, "workspace.delete")
    form = ConfirmForm(request.POST, auto_id="delete-%s")
    if not form.is_valid():
        return _settings_page(request, workspace, delete_form=form)
    try:
        workspaces.workspace_delete(actor=request.actor, confirmation=form.cleaned_data["confirm"])
    except AppError as error:
        add_errors(form, error)
        return _settings_page(request, workspace, delete_form=form)
    messages.success(request, _("%(name)s is deleted.") % {"name": workspace.name})
    return redirect("/")


def _others(request: ActorRequest) -> list[Membership]:
    rows = selectors.member_list(request.actor) if request.actor.allows("workspace.transfer") else ()
    return [member for member in rows if member.user_id != request.actor.id]


def _settings_page(
    request: ActorRequest,
    workspace: Workspace,
    *,
    form: WorkspaceForm | None = None,
    transfer_form: TransferForm | None = None,
    delete_form: ConfirmForm | None = None,
) -> HttpResponse:
    """The page, with the form that was not accepted, if one was."""
    actor = request.actor
    others = _others(request)
    context = {
        "workspace": workspace,
        "form": form or WorkspaceForm(instance=Workspace.objects.get(id=workspace.id)),
        "can_write": actor.allows("workspace.update"),
        "others": others,
        "transfer_form": transfer_form or TransferForm(members=others),
        "can_transfer": actor.allows("workspace.transfer") and workspace.personal_of_id is None,
        "can_leave": workspace.personal_of_id != actor.id
        and (actor.role != Role.OWNER or any(member.role == Role.OWNER for member in others)),
        "can_delete": actor.allows("workspace.delete") and workspace.personal_of_id is None,
        "delete_form": delete_form or ConfirmForm(auto_id="delete-%s"),
    }
    if context["can_delete"]:
        context["dependents"] = selectors.dependents_of(actor)
    refused = any(each is not None and each.errors for each in (form, transfer_form, delete_form))
    return render(request, "workspace/settings.html", context, status=422 if refused else 200)
