"""The builder: an agent's draft at the left, a chat with it at the right."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from agent_app import output_types
from agent_app.access import get_agent
from agent_app.auto import AUTO
from agent_app.builder import Draft, draft_of
from agent_app.definition.content import draft_content
from agent_app.forms import AgentForm
from agent_app.model_notes import model_notes
from agent_app.model_picker import picker
from agent_app.model_references import default_reference
from agent_app.models import Agent
from agent_app.references import references
from agent_app.services.agent_files import MOST
from agent_app.services.agents import agent_update
from agent_app.views.agents import is_fragment
from agent_app.views.chat import chat_context
from agent_app.views.models import SHOWN
from community.models import FileStatus
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import InvalidInput, Refused


@require_GET
@signed_in
def agent_builder(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """HTMX asks for the sections' marks after a save."""
    agent = get_agent(request.actor, agent_id)
    if is_fragment(request):
        return render(request, "agents/_marks.html", builder_context(request, agent))
    return builder_page(request, agent, AgentForm(agent=agent))


@require_POST
@signed_in
def agent_save(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """Save what changed. A stale revision raises Conflict (409, with who changed what). Autosave asks for JSON; a browser
    without scripts gets the page again."""
    agent = get_agent(request.actor, agent_id, "agent.write")
    form = AgentForm(request.POST, agent=agent)
    if not form.is_valid():
        return _refused(request, agent, form)
    revision = request.POST.get("revision", "")
    try:
        saved = agent_update(
            actor=request.actor,
            agent=agent,
            changes=form.changes(),
            revision=int(revision) if revision.isdecimal() else None,
        )
    except InvalidInput as error:
        for name, found in error.errors.items():
            for message in found:
                form.add_error(name if name in form.fields else None, message)
        return _refused(request, agent, form)
    except Refused as error:  # of what the form lets through, a reference is all that can be refused
        form.add_error("model", error.detail)
        return _refused(request, agent, form)
    if not _by_script(request):
        messages.success(request, _("%(name)s was saved.") % {"name": saved.name})
        return redirect("agents:builder", agent_id=agent.id)
    return JsonResponse({"revision": saved.revision, "name": saved.name})


def _refused(request: ActorRequest, agent: Agent, form: AgentForm) -> HttpResponse:
    if not _by_script(request):
        return builder_page(request, agent, form, status=422)
    return JsonResponse({"detail": _("Some fields need another look."), "errors": form.errors}, status=422)


def _by_script(request: ActorRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def builder_context(request: ActorRequest, agent: Agent) -> dict[str, Any]:
    """What the sections show beside the fields of the form."""
    draft = draft_of(agent, request.actor.user.display_name)
    sections = _sections(agent, draft)
    content = draft_content(agent)
    return {
        "agent": agent,
        "draft": draft,
        "notes": model_notes(request.actor, agent, content, draft.warnings),
        "references": references(agent, content),
        "sections": sections,
        "complete": sum(section["complete"] for section in sections),
        "can_write": request.actor.allows("agent.write"),
        "files_pending": any(each["file"].status == FileStatus.PENDING for each in draft.files),
        "files_most": {"number": MOST, "megabytes": settings.FILE_MAX_BYTES // 2**20},
    }


def builder_page(
    request: ActorRequest, agent: Agent, form: AgentForm, status: int = 200, more: dict[str, Any] | None = None
) -> HttpResponse:
    """The whole page. ``more``: what else is to be said on it."""
    choices = picker(request.actor, draft_content(agent), agent.model)
    context = builder_context(request, agent) | {
        "form": form, "chat": chat_context(request.actor, agent, None, builder=True), "picker": choices, "shown_capabilities": SHOWN,
        "gone": agent.model not in ("", AUTO) and not any(choice["chosen"] for choice in choices),
        "default_model": default_reference(agent.workspace_id), "output_kinds": output_types.available(),
    } | (more or {})  # fmt: skip
    return render(request, "agents/builder.html", context, status=status)


def _sections(agent: Agent, draft: Draft) -> list[dict[str, Any]]:
    hints = len(draft.suggestions)
    described, written = bool(agent.name and agent.description), bool(agent.instructions.strip()) and not hints
    published = draft.version is not None and not draft.changed
    unread = any(each["plan"] and not each["plan"]["sent_as"] for each in draft.files)
    return [
        _section("basics", _("Basics"), described, "" if described else _("Add a description")),
        _section("instructions", _("Instructions"), written, ngettext("%d hint", "%d hints", hints) % hints if hints else ""),
        _section("model", _("Model"), not draft.sent["problems"], _("Needs a look") if draft.sent["problems"] else ""),
        _section("tools", _("Tools"), True, str(len(draft.tools)) if draft.tools else _("None")),
        _section("files", _("Files"), not unread, _("Needs a look") if unread else str(len(draft.files) or _("None"))),
        _section("handoffs", _("Handoffs"), True, str(len(draft.handoffs)) if draft.handoffs else _("None")),
        _section("output", _("Output type"), True, _output(agent)),
        _section("guardrails", _("Guardrails"), True, str(len(draft.guardrails)) if draft.guardrails else _("None")),
        _section(
            "publish", _("Publish"), published,
            f"v{draft.version.number}" if published and draft.version else _("Changed") if draft.version else _("Draft"),
        ),
    ]  # fmt: skip


def _output(agent: Agent) -> str:
    """What the section of the output type says of it."""
    if agent.output_type is None:
        return _("Text")
    kind = output_types.describe(str(agent.output_type.get("type_name")))
    return kind["title"] if kind and kind["type_name"] != "json_schema" else _("JSON")


def _section(key: str, label: str, complete: bool, hint: str) -> dict[str, Any]:
    return {"id": key, "label": label, "complete": complete, "hint": hint}
