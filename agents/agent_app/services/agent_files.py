"""Files of agents: which of the workspace's files an agent has."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from agent_app.models import Agent, AgentFile
from community.access import Actor
from community.files import staging
from community.models import FileStatus, StoredFile
from community.services import files
from config.lib import realtime
from config.lib.errors import AppError, Conflict, InvalidInput

MOST = 50


@transaction.atomic
def agent_file_add(*, actor: Actor, agent: Agent, file: StoredFile, description: str = "") -> AgentFile:
    """Give the agent a file. Raises Conflict where it has it already, has too many, or the file is infected."""
    actor.require("agent.write")
    _count_up(actor, agent)  # its lock also keeps the count of files true
    _check(file)
    _check_room(agent)
    if AgentFile.objects.filter(agent=agent, file=file).exists():
        raise Conflict(_("The agent has this file already."), code="file_attached")
    made = AgentFile(workspace_id=agent.workspace_id, agent=agent, file=file, description=description)
    made.save(force_insert=True)
    return made


def agent_file_upload(*, actor: Actor, agent: Agent, upload: "UploadedFile[bytes]") -> AgentFile:
    """Keep an upload in the workspace and give it to the agent: both, or neither.

    Raises what ``file_store`` and ``agent_file_add`` do, and InvalidInput for an empty one.
    """
    actor.require("agent.write")
    _check_room(agent)
    if not upload.size:
        raise InvalidInput(_("The file is empty."), code="file_empty")
    if upload.size > settings.FILE_MAX_BYTES:
        raise staging.too_large()
    with staging.staged(upload) as staged:
        file = files.file_store(actor=actor, staged=staged)
    try:
        return agent_file_add(actor=actor, agent=agent, file=file)
    except AppError:  # somebody else gave it the last one meanwhile
        files.file_delete(actor=actor, file=file)
        raise


@transaction.atomic
def agent_file_change(
    *, actor: Actor, agent_file: AgentFile, file: StoredFile | None = None, description: str | None = None
) -> AgentFile:
    """Put another file in its place, or describe it otherwise."""
    actor.require("agent.write")
    _count_up(actor, agent_file.agent)
    changes: dict[str, Any] = {} if description is None else {"description": description}
    if file is not None and file.id != agent_file.file_id:
        _check(file)
        if AgentFile.objects.filter(agent_id=agent_file.agent_id, file=file).exists():
            raise Conflict(_("The agent has this file already."), code="file_attached")
        changes["file"] = file
    for name, value in changes.items():
        setattr(agent_file, name, value)
    agent_file.save(update_fields=[*changes, "updated_at"])
    return agent_file


@transaction.atomic
def agent_file_remove(*, actor: Actor, agent_file: AgentFile) -> None:
    """Take the file from the agent; the file itself stays."""
    actor.require("agent.write")
    _count_up(actor, agent_file.agent)
    agent_file.delete()


def _check_room(agent: Agent) -> None:
    if AgentFile.objects.filter(agent=agent).count() >= MOST:
        raise Conflict(_("An agent has at most %(most)d files.") % {"most": MOST}, code="too_many_files")


def _check(file: StoredFile) -> None:
    if file.status == FileStatus.INFECTED:
        raise Conflict(_("This file is infected and is given to nobody."), code="file_infected")


def _count_up(actor: Actor, agent: Agent) -> None:
    Agent.objects.filter(id=agent.id).update(revision=F("revision") + 1, updated_by=actor.user, updated_at=Now())
    agent.refresh_from_db(fields=["revision"])
    realtime.send_on_commit(
        realtime.workspace_group(agent.workspace_id), "agent.saved", {"agent_id": agent.id, "revision": agent.revision}
    )
