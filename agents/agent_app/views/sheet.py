"""Something to read or fill in over the page: a dialog where HTMX asked for it, else a page with the same content."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from agent_app.views.agents import is_fragment
from community.views.guard import ActorRequest


def sheet(
    request: ActorRequest, template: str, title: str, context: dict[str, Any], *, back_url: str, drawer: bool = False, status: int = 200
) -> HttpResponse:  # fmt: skip
    """``template`` is the content, with its own buttons; ``drawer``: at the side instead of in the middle."""
    dialog = is_fragment(request)
    whole = {"sheet": template, "title": title, "back_url": back_url, "drawer": drawer, "dialog": dialog, **context}
    return render(request, "components/sheet.html" if dialog else "sheet.html", whole, status=status)
