"""The inbox: everything that waits for a person, on one page."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from community import registry, selectors
from community.services.inbox import inbox_dismiss
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import NotFound
from config.lib.ids import parse_uuid

_MOST = 100


@require_GET
@signed_in
def inbox(request: ActorRequest) -> HttpResponse:
    """HTMX asks for the items only, also when the live socket says that something changed."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in registry.inbox_sources else ""
    items, count = selectors.inbox_page(request.actor, kind=kind, limit=_MOST)
    context = {
        "items": items,
        "count": count,
        "more": max(0, count - _MOST),
        "kind": kind,
        "kinds": [(source.kind, source.label) for source in registry.inbox_sources.values()],
    }
    fragment = request.htmx and not request.htmx.boosted
    return render(request, "inbox/_items.html" if fragment else "inbox/list.html", context)


@require_POST
@signed_in
def dismiss(request: ActorRequest) -> HttpResponse:
    item_id = parse_uuid(request.POST.get("id"))
    if item_id is None:
        raise NotFound
    inbox_dismiss(actor=request.actor, kind=request.POST.get("kind", ""), item_id=item_id)
    return redirect("inbox")
