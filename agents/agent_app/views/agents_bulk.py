"""Archiving, restoring, deleting and tagging agents: one from the builder, several from the list. Asks first, with what depends on them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from agent_app.forms import BulkForm
from agent_app.models import Agent
from agent_app.selectors import agent_dependents
from agent_app.services import agents
from agent_app.views import agents_tags
from agent_app.views.question import Question, ask, go_to
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import InvalidInput
from config.lib.ids import parse_uuid

_NAMED = 10


@require_POST
@signed_in
def agents_bulk(request: ActorRequest) -> HttpResponse:
    """Nothing is archived or deleted before ``confirmed``: until then the answer is the question."""
    request.actor.require("agent.write")
    form = BulkForm(request.POST)
    ids = [found for value in request.POST.getlist("ids") if (found := parse_uuid(value))]
    action = form.cleaned_data["action"] if form.is_valid() else ""
    if action == "untag":
        return agents_tags.untag(request)
    if not action or not ids:
        raise InvalidInput(_("Choose agents and what to do with them."))
    if action == "tag":
        return agents_tags.tag(request, ids, confirmed=form.cleaned_data["confirmed"])
    if action == "restore":
        count = agents.agents_restore(actor=request.actor, ids=ids)
        messages.success(request, ngettext("%d agent restored.", "%d agents restored.", count) % count)
    elif not form.cleaned_data["confirmed"]:
        return ask(request, _question(request, action, ids))
    elif action == "archive":
        count = agents.agents_archive(actor=request.actor, ids=ids)
        messages.success(request, ngettext("%d agent archived.", "%d agents archived.", count) % count)
    else:
        count = agents.agents_delete(actor=request.actor, ids=ids)
        messages.success(request, ngettext("%d agent deleted.", "%d agents deleted.", count) % count)
    return go_to(request, "agents:list")


def _question(request: ActorRequest, action: str, ids: list[UUID]) -> Question:
    chosen = list(agent_dependents(request.actor, ids))
    hidden = {"ids": [str(agent.id) for agent in chosen], "action": [action], "confirmed": ["1"]}
    count = len(chosen)
    if action == "archive":
        return Question(
            title=ngettext("Archive %d agent?", "Archive %d agents?", count) % count,
            text=_(
                "Archived agents leave the lists and answer nobody, here and through the API. Their conversations and runs stay, "
                "and they can be restored."
            ),
            dependents=_lines(chosen), hidden=hidden, action=reverse("agents:bulk"), cancel_url=reverse("agents:list"),
            label=_("Archive") if count else "",
        )  # fmt: skip
    busy = [agent for agent in chosen if agent.active_total]  # type: ignore[attr-defined]  # annotated
    return Question(
        title=ngettext("Delete %d agent?", "Delete %d agents?", count) % count,
        text=_("Runs are under way. Cancel them first; nothing is deleted until then.")
        if busy
        else _("Deleting cannot be undone. With the agents go:"),
        dependents=_lines(busy or chosen), hidden=hidden, action=reverse("agents:bulk"), cancel_url=reverse("agents:list"),
        label=_("Delete") if count and not busy else "", danger=True,
    )  # fmt: skip


def _lines(chosen: list[Agent]) -> list[str]:
    """One line an agent, with what hangs on it."""
    lines = []
    for agent in chosen[:_NAMED]:
        conversations, runs = agent.conversation_total, agent.run_total  # type: ignore[attr-defined]  # annotated
        parts = [
            ngettext("%d conversation", "%d conversations", conversations) % conversations,
            ngettext("%d run", "%d runs", runs) % runs,
        ]
        lines.append(f"{agent.name}: {', '.join(parts)}")
    if more := len(chosen) - _NAMED:
        lines += [ngettext("and %d more", "and %d more", more) % more] if more > 0 else []
    return lines
