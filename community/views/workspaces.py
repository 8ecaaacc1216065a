"""Choosing a workspace."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from community.services import workspaces
from community.views.guard import ActorRequest, signed_in


@require_POST
@signed_in
def workspace_switch(request: ActorRequest, workspace_id: UUID) -> HttpResponse:
    """Always on to the home page: what the person was looking at belongs to the workspace they leave."""
    workspaces.workspace_switch(user=request.actor.user, workspace_id=workspace_id)
    return HttpResponseClientRedirect("/") if request.htmx else redirect("/")
