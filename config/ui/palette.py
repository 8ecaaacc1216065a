"""What the command palette finds while somebody types."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from community.views.guard import ActorRequest, signed_in
from config.lib import shell

_LONGEST = 100


@require_GET
@signed_in
def palette(request: ActorRequest) -> HttpResponse:
    """The entries of all apps that fit ``q``, by group, as a fragment."""
    query = request.GET.get("q", "").strip()[:_LONGEST]
    entries = sorted(shell.palette_entries(request, query), key=lambda entry: str(entry.group))
    return render(request, "components/palette_entries.html", {"entries": entries})
