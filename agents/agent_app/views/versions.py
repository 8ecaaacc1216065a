"""Publishing from the builder, and its versions: what changed, and bringing one back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agent_app import access, selectors
from agent_app.builder import differences, latest_version
from agent_app.definition.closure import target_ids
from agent_app.definition.content import complete, draft_content
from agent_app.definition.sources import warnings
from agent_app.definition_forms import PublishForm
from agent_app.models import Agent
from agent_app.services import versions
from agent_app.views.sheet import sheet
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError, Conflict, InvalidInput, Refused


@require_http_methods(["GET", "POST"])
@signed_in
def agent_publish(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """GET shows what would change, POST publishes."""
    agent = access.get_agent(request.actor, agent_id, "agent.publish")
    form = PublishForm(request.POST if request.method == "POST" else None)
    refused: AppError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            published = versions.agent_publish(actor=request.actor, agent=agent, **form.cleaned_data)
            _tell(request, published)
            return redirect("agents:builder", agent_id=agent.id)
        except (Conflict, Refused, InvalidInput) as error:
            refused = error
    version = latest_version(agent)
    content = draft_content(agent)
    context: dict[str, Any] = {
        "agent": agent, "form": form, "version": version, "refused": refused, "has_handoffs": bool(target_ids(content)),
        "reasons": [message for each in refused.errors.values() for message in each] if refused else [],
        "changes": differences(agent, complete(version.content), content) if version else None,
        "problems": [] if refused else [each["message"] for each in warnings(agent) if each["severity"] == "error"],
    }  # fmt: skip
    title = _("Publish version %(number)d") % {"number": version.number + 1 if version else 1}
    return sheet(
        request, "agents/_publish.html", title, context, back_url=_builder(agent), status=422 if refused else 200
    )


def _tell(request: ActorRequest, published: versions.Published) -> None:
    number = published.version.number
    if not published.made:
        messages.info(request, _("Nothing has changed since version %(number)d.") % {"number": number})
    elif len(published.made) == 1:
        messages.success(request, _("Version %(number)d was published.") % {"number": number})
    else:
        others = len(published.made) - 1
        text = ngettext(
            "Version %(number)d was published, with one agent that it hands over to.",
            "Version %(number)d was published, with %(others)d agents that it hands over to.",
            others,
        )
        messages.success(request, text % {"number": number, "others": others})


@require_GET
@signed_in
def version_list(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """The drawer of versions."""
    agent = access.get_agent(request.actor, agent_id)
    context = {"agent": agent, "versions": selectors.version_rows(agent)[:200]}
    return sheet(request, "agents/_versions.html", _("Versions"), context, back_url=_builder(agent), drawer=True)


@require_GET
@signed_in
def version_detail(request: ActorRequest, agent_id: UUID, number: int) -> HttpResponse:
    """What has changed since a version; with ``before``, what the version changed."""
    agent = access.get_agent(request.actor, agent_id)
    version = access.get_version(agent, number)
    mode = "before" if request.GET.get("of") == "before" and number > 1 else "since"
    if mode == "before":
        pair = (selectors.content_of(agent, number - 1, pinned=True), selectors.content_of(agent, number, pinned=True))
    else:
        pair = (complete(version.content), draft_content(agent))
    context = {
        "agent": agent, "version": version, "mode": mode, "changes": differences(agent, *pair),
        "can_write": request.actor.allows("agent.write"),
    }  # fmt: skip
    title = _("Version %(number)d") % {"number": number}
    back = reverse("agents:versions", args=[agent.id])
    return sheet(request, "agents/_version.html", title, context, back_url=back, drawer=True)


@require_POST
@signed_in
def version_restore(request: ActorRequest, agent_id: UUID, number: int) -> HttpResponse:
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    version = access.get_version(agent, number)
    try:
        _agent, left_out = versions.version_restore(actor=request.actor, agent=agent, version=version)
    except (InvalidInput, Refused) as error:
        messages.error(request, error.detail)
        return redirect("agents:builder", agent_id=agent.id)
    for each in left_out:
        messages.warning(request, each)
    messages.success(request, _("The draft is version %(number)d again.") % {"number": number})
    return redirect("agents:builder", agent_id=agent.id)


def _builder(agent: Agent) -> str:
    return reverse("agents:builder", args=[agent.id])
