"""Members and invitations of the current workspace, and accepting an invitation."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from community import access, selectors
from community.adapters import AccountAdapter
from community.member_forms import InvitationForm, RoleForm, add_errors, roles_for
from community.models import Role, User
from community.services import invitations, members
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError, Conflict, InvalidInput, NotFound
from config.lib.http import throttle_caller

_PER_PAGE = 50


@require_GET
@signed_in
def member_list(request: ActorRequest) -> HttpResponse:
    return _page(request, InvitationForm(actor=request.actor))


@require_POST
@signed_in
def member_role(request: ActorRequest, user_id: UUID) -> HttpResponse:
    member = access.get_member(request.actor, user_id, "member.write")
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(_("There is no such role."))
    try:
        member = members.member_change_role(actor=request.actor, member=member, role=form.cleaned_data["role"])
    except Conflict as error:
        return _refused(request, error)
    said = {"name": member.user.display_name, "role": member.get_role_display()}
    messages.success(request, _("%(name)s: %(role)s") % said)
    return redirect("workspace_members")


@require_POST
@signed_in
def member_remove(request: ActorRequest, user_id: UUID) -> HttpResponse:
    member = access.get_member(request.actor, user_id, "member.write")
    try:
        members.member_remove(actor=request.actor, member=member)
    except Conflict as error:
        return _refused(request, error)
    messages.success(request, _("%(name)s was removed.") % {"name": member.user.display_name})
    return redirect("/" if user_id == request.actor.id else "workspace_members")


@require_POST
@signed_in
def invitation_create(request: ActorRequest) -> HttpResponse:
    request.actor.require("invitation.write")
    form = InvitationForm(request.POST, actor=request.actor)
    if form.is_valid():
        try:
            invitation = invitations.invitation_create(actor=request.actor, **form.cleaned_data)
        except AppError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("An invitation was sent to %(email)s.") % {"email": invitation.email})
            return redirect("workspace_members")
    return _page(request, form)


@require_POST
@signed_in
def invitation_resend(request: ActorRequest, invitation_id: UUID) -> HttpResponse:
    invitation = access.get_invitation(request.actor, invitation_id, "invitation.write")
    invitations.invitation_resend(actor=request.actor, invitation=invitation)
    messages.success(request, _("A new link was sent to %(email)s.") % {"email": invitation.email})
    return redirect("workspace_members")


@require_POST
@signed_in
def invitation_revoke(request: ActorRequest, invitation_id: UUID) -> HttpResponse:
    invitation = access.get_invitation(request.actor, invitation_id, "invitation.write")
    invitations.invitation_revoke(actor=request.actor, invitation=invitation)
    messages.success(request, _("The invitation of %(email)s ends here.") % {"email": invitation.email})
    return redirect("workspace_members")


@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, link: str) -> HttpResponse:
    """Where an invitation's link leads: to accepting it, by way of signing in or up where that is needed.

    Whoever signs up from here need not verify their address once more: the link was sent to it.
    """
    throttle_caller("invitation-link", request, settings.THROTTLE_ANONYMOUS)
    user = request.user if isinstance(request.user, User) else None
    try:
        found = access.find_invitation(link)
    except NotFound:
        joined = access.joined_by(user, link) if user else None
        if joined is None:
            raise
        messages.info(request, _("You are a member of %(name)s already.") % {"name": joined.name})
        return redirect("/")
    if request.method == "POST" and user is not None:
        invitations.invitation_accept(user=user, link=link)
        said = {"name": found.workspace.name, "role": found.get_role_display()}
        messages.success(request, _("Welcome to %(name)s. Your role: %(role)s.") % said)
        return redirect("/")
    if user is None:
        AccountAdapter(request).remember_invited(request, found.email)
    context = {
        "invitation": found,
        "here": request.path,
        "person": user,
        "fits": user is not None and invitations.is_for(user=user, invitation=found),
    }
    response = render(request, "workspace/invitation.html", context)
    response["Cache-Control"] = "private, no-store"
    # The address is the key and goes nowhere else. Not "no-referrer": browsers then send the form with "Origin: null", and it is
    # refused as if it came from another site.
    response["Referrer-Policy"] = "same-origin"
    return response


def _refused(request: ActorRequest, error: Conflict) -> HttpResponse:
    """Back to the list, which shows how things are."""
    messages.error(request, error.detail)
    return redirect("workspace_members")


def _page(request: ActorRequest, form: InvitationForm) -> HttpResponse:
    actor = request.actor
    can_write = actor.allows("member.write")
    search = request.GET.get("q", "")[:200]
    rows = selectors.member_list(actor).search(search, addresses=can_write)
    invited = list(selectors.invitation_list(actor)) if actor.allows("invitation.read") else []
    context = {
        "page": Paginator(rows, _PER_PAGE).get_page(request.GET.get("page")),
        "search": search,
        "roles": roles_for(actor),
        "can_write": can_write,
        "giveable": [role for role, _label in roles_for(actor)],
        "invitations": invited,
        "form": form,
        "me": actor.id,
    }
    if can_write:
        waiting = [invitation for invitation in invited if invitation.is_open]
        most, full = selectors.seats(actor, invited=len(waiting))
        context |= {"most": most, "full": full, "owns": actor.role == Role.OWNER}
    fragment = request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    template = "workspace/_members.html" if fragment else "workspace/members.html"
    return render(request, template, context, status=422 if form.errors else 200)
