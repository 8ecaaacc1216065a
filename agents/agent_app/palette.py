"""What this app offers in the command palette: agents always, conversations and runs once something is typed."""

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from agent_app.models import Agent, Run
from agent_app.selectors import conversation_list, run_list, tool_rows
from community.access import Actor, page_actor
from config.lib import shell
from config.lib.ids import parse_uuid
from config.lib.shell import PaletteEntry

_AGENTS = 8
_OTHERS = 5
_LABEL = 80


def register() -> None:
    for source in (creations, agents, tools, conversations, runs):
        shell.registry.add_palette(source)


def creations(request: HttpRequest, query: str) -> list[PaletteEntry]:
    if not page_actor(request).allows("agent.write"):
        return []
    made = ((_("New agent"), "agents:new"), (_("New tool"), "agents:tool_new"))
    words = query.lower().split()
    return [
        PaletteEntry(label=label, url=reverse(route), icon="plus", group=_("Create"))
        for label, route in made
        if all(word in label.lower() for word in words)
    ]


def agents(request: HttpRequest, query: str) -> list[PaletteEntry]:
    rows = Agent.objects.in_workspace(page_actor(request).workspace_id).shown().search(query).order_by("-updated_at")
    return [
        PaletteEntry(
            label=agent.name, url=reverse("agents:builder", args=[agent.id]), icon="bot", group=_("Agents"), hint=agent.description
        )
        for agent in rows[:_AGENTS]
    ]  # fmt: skip


def tools(request: HttpRequest, query: str) -> list[PaletteEntry]:
    if not query:
        return []
    return [
        PaletteEntry(
            label=row.name, url=reverse("agents:tool", args=[row.id]), icon="wrench", group=_("Tools"), hint=row.description
        )
        for row in tool_rows(page_actor(request), search=query)[:_OTHERS]
    ]  # fmt: skip


def conversations(request: HttpRequest, query: str) -> list[PaletteEntry]:
    if not query:
        return []
    rows = conversation_list(page_actor(request)).filter(title__icontains=query).select_related("agent")
    return [
        PaletteEntry(
            label=row.title, url=reverse("agents:conversation", args=[row.agent_id, row.id]), icon="message-square",
            group=_("Conversations"), hint=row.agent.name,
        )
        for row in rows[:_OTHERS]
    ]  # fmt: skip


def runs(request: HttpRequest, query: str) -> list[PaletteEntry]:
    """By what was asked, by the agent's name, or by the whole id."""
    if not query:
        return []
    return [
        PaletteEntry(
            label=str(run.input.get("message", run.id))[:_LABEL], url=reverse("agents:run", args=[run.id]), icon="activity",
            group=_("Runs"), hint=run.agent.name if run.agent else "",
        )
        for run in _found_runs(page_actor(request), query)
    ]  # fmt: skip


def _found_runs(actor: Actor, query: str) -> list[Run]:
    run_id = parse_uuid(query)
    fits = Q(id=run_id) if run_id else Q(agent__name__icontains=query) | Q(input__message__icontains=query)
    return list(run_list(actor).filter(fits)[:_OTHERS])
