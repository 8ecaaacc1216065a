"""Files of an agent in the builder: which it has, adding some, taking one away."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agent_app import access
from agent_app.forms import AgentForm
from agent_app.models import Agent
from agent_app.models.files import DESCRIPTION
from agent_app.services import agent_files as services
from agent_app.views.agents import is_fragment
from agent_app.views.builder import builder_context, builder_page
from community.files import staging
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError


@require_http_methods(["GET", "POST"])
@signed_in
def agent_files(request: ActorRequest, agent_id: UUID) -> HttpResponse:
    """HTMX gets the section. POST takes uploads: each is kept or refused by itself."""
    if request.method == "GET":
        agent = access.get_agent(request.actor, agent_id)
        return _section(request, agent) if is_fragment(request) else redirect(_address(agent))
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    made, errors = _upload(request, agent)
    return _answer(request, agent, made, errors)


@require_POST
@signed_in
def agent_file_describe(request: ActorRequest, agent_id: UUID, item_id: UUID) -> HttpResponse:
    """Say what a file is: its model is told with it. Each field is named after its file, for without scripts all are sent."""
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    agent_file = access.get_agent_file(agent, item_id)
    description = request.POST.get(f"about-{item_id}", "").strip()
    if len(description) > DESCRIPTION:
        return _answer(request, agent, 0, [_("A description has at most %(most)d characters.") % {"most": DESCRIPTION}])
    services.agent_file_change(actor=request.actor, agent_file=agent_file, description=description)
    return _answer(request, agent, 1, [])


@require_POST
@signed_in
def agent_file_remove(request: ActorRequest, agent_id: UUID, item_id: UUID) -> HttpResponse:
    """Take a file from the agent. The file itself stays."""
    agent = access.get_agent(request.actor, agent_id, "agent.write")
    services.agent_file_remove(actor=request.actor, agent_file=access.get_agent_file(agent, item_id))
    return _answer(request, agent, 1, [])


def _upload(request: ActorRequest, agent: Agent) -> tuple[int, list[str]]:
    """Give the agent what came: how many were kept, and why the others were refused."""
    uploads, most = request.FILES.getlist(staging.FIELD), settings.FILE_MAX_UPLOADS
    if not uploads:
        return 0, [_("Choose at least one file.")]
    if len(uploads) > most:
        return 0, [_("At most %(most)d files in one request.") % {"most": most}]
    refused = []
    for upload in uploads:
        try:
            services.agent_file_upload(actor=request.actor, agent=agent, upload=upload)
        except AppError as error:
            refused.append(f"{upload.name}: {error.detail}")
    return len(uploads) - len(refused), refused


def _answer(request: ActorRequest, agent: Agent, made: int, errors: list[str]) -> HttpResponse:
    """``made``: by how many revisions this request has brought the agent on."""
    agent.refresh_from_db(fields=["revision"])
    if is_fragment(request):
        # A page that was behind before does not get the new revision: it would overwrite what it has never shown.
        return _section(request, agent, errors, up_to_date=request.POST.get("revision") == str(agent.revision - made))
    if errors:
        return builder_page(request, agent, AgentForm(agent=agent), status=422, more={"file_errors": errors})
    return redirect(_address(agent))


def _section(
    request: ActorRequest, agent: Agent, errors: list[str] | None = None, *, up_to_date: bool = False
) -> HttpResponse:
    context = builder_context(request, agent) | {"file_errors": errors, "up_to_date": up_to_date}
    return render(request, "agents/_files_changed.html", context, status=422 if errors else 200)


def _address(agent: Agent) -> str:
    return f"{reverse('agents:builder', args=[agent.id])}#files"
