"""Answering an invitation from the inbox, without its link."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from community import access
from community.models import Role
from community.services import invitations
from community.views.guard import ActorRequest, signed_in


@require_POST
@signed_in
def accept(request: ActorRequest, invitation_id: UUID) -> HttpResponse:
    actor = invitations.invitation_accept_own(user=request.actor.user, invitation_id=invitation_id)
    said = {"name": access.get_workspace(actor).name, "role": Role(actor.role).label}
    messages.success(request, _("Welcome to %(name)s. Your role: %(role)s.") % said)
    return redirect("/")


@require_POST
@signed_in
def decline(request: ActorRequest, invitation_id: UUID) -> HttpResponse:
    invitation = invitations.invitation_decline(user=request.actor.user, invitation_id=invitation_id)
    messages.success(request, _("You declined the invitation to %(name)s.") % {"name": invitation.workspace.name})
    return redirect("inbox")
