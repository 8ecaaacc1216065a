"""The home page: blocks that the apps put there."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from community.views.guard import ActorRequest, signed_in
from config.lib import shell


@require_GET
@signed_in
def home(request: ActorRequest) -> HttpResponse:
    panels = sorted(shell.registry.panels.values(), key=lambda panel: panel.order)
    shown = [(panel, panel.context(request)) for panel in panels]
    context = {
        "today": timezone.localtime(),
        "panels": [(panel.template, values) for panel, values in shown if not panel.aside],
        "aside_panels": [(panel.template, values) for panel, values in shown if panel.aside],
    }
    return render(request, "home.html", context)
