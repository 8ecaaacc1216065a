"""The way to a file from a page: its signed address is good for minutes, a page is looked at for longer."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from community import access
from community.files import links
from community.views.guard import ActorRequest, signed_in


@require_GET
@signed_in
def file_open(request: ActorRequest, file_id: UUID) -> HttpResponse:
    return redirect(links.download_url(request.actor, access.get_file(request.actor, file_id)))
