"""What this app shows on the home page."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app.approvals import pending_approvals
from agent_app.models import Provider, Run
from agent_app.selectors import agent_rows, conversation_list, run_list
from community.access import page_actor
from config.lib import shell

_WAITING = 4
_CONTINUED = 6
_RECENT = 6


def register() -> None:
    for panel in (
        shell.HomePanel(key="waiting", template="agents/panels/waiting.html", order=0, context=waiting_panel),
        shell.HomePanel(key="continue", template="agents/panels/continue.html", order=10, context=continue_panel),
        shell.HomePanel(key="recent_runs", template="agents/panels/runs.html", order=20, context=runs_panel),
        shell.HomePanel(key="usage", template="agents/panels/usage.html", order=10, context=usage_panel, aside=True),
        shell.HomePanel(key="start", template="agents/panels/start.html", order=20, context=start_panel, aside=True),
    ):
        shell.registry.add_panel(panel)


def waiting_panel(request: HttpRequest) -> dict[str, Any]:
    """What runs ask and the actor may answer, the most urgent first."""
    rows = list(pending_approvals(page_actor(request))[: _WAITING + 1])
    return {"asked": rows[:_WAITING], "more": len(rows) > _WAITING}


def continue_panel(request: HttpRequest) -> dict[str, Any]:
    """The conversations and agents one was busy with last, whichever they are."""
    actor = page_actor(request)
    items: list[dict[str, Any]] = [
        {
            "kind": _("Conversation"), "agent": row.agent, "title": row.title, "text": row.agent.name,
            "url": reverse("agents:conversation", args=[row.agent_id, row.id]),
            "moment": row.last_message_at or row.created_at, "status": row.last_run.status if row.last_run else "",
        }
        for row in conversation_list(actor).select_related("agent", "last_run").order_by("-last_message_at")[:_CONTINUED]
    ] + [
        {
            "kind": _("Agent"), "agent": agent, "title": agent.name, "text": agent.description,
            "url": reverse("agents:builder", args=[agent.id]), "moment": agent.updated_at, "status": agent.status,
        }
        for agent in agent_rows(actor)[:_CONTINUED]
    ]  # fmt: skip
    items.sort(key=lambda item: item["moment"], reverse=True)
    return {"items": items[:_CONTINUED], "can_write": actor.allows("agent.write")}


def runs_panel(request: HttpRequest) -> dict[str, Any]:
    return {"runs": run_list(page_actor(request))[:_RECENT]}


def usage_panel(request: HttpRequest) -> dict[str, Any]:
    """Runs, tokens and credits of the last 30 days."""
    rows = Run.objects.in_workspace(page_actor(request).workspace_id).filter(
        created_at__gte=timezone.now() - timedelta(days=30)
    )
    totals = rows.aggregate(
        runs=Count("id"), prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens"), credits=Sum("credits")
    )
    return totals | {"tokens": (totals["prompt"] or 0) + (totals["completion"] or 0), "credits": totals["credits"] or 0}


def start_panel(request: HttpRequest) -> dict[str, Any]:
    """First steps; the panel is gone when all are done."""
    actor = page_actor(request)
    runs = Run.objects.in_workspace(actor.workspace_id)
    steps = [
        {"label": _("Make your first agent"), "done": agent_rows(actor).exists(), "url": reverse("agents:new"), "write": True},
        {"label": _("Talk to it"), "done": runs.exists(), "url": reverse("agents:list"), "write": False},
        {
            "label": _("Connect a provider"), "url": reverse("agents:providers"), "write": True,
            "done": Provider.objects.in_workspace(actor.workspace_id).exists(),
        },
    ]  # fmt: skip
    shown = [step for step in steps if actor.allows("agent.write") or not step["write"]]
    done = sum(bool(step["done"]) for step in shown)
    return {"steps": shown, "done": done, "all_done": done == len(shown)}
