"""Writing agents."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from agent_app import model_references
from agent_app.calls import model_call
from agent_app.models import Agent, AgentSnapshot, AgentStatus, Run
from agent_app.runs import charges
from community.access import Actor
from config.lib import audit, realtime
from config.lib.errors import Conflict, Refused

EDITABLE = (
    "name", "description", "instructions", "model", "model_settings", "handoff_description", "starters", "tags", "metadata", "status",
)  # fmt: skip
# What the engine executes; the rest describes the agent to people.
_DEFINITION = ("name", "instructions", "model_settings")


def agent_create(*, actor: Actor, fields: Mapping[str, Any]) -> Agent:
    """Make a draft. ``fields`` are validated values of ``EDITABLE``."""
    actor.require("agent.write")
    _check_model(actor, fields)
    _check_credits(actor, fields)
    agent = Agent(workspace_id=actor.workspace_id, created_by=actor.user, updated_by=actor.user, **fields)
    agent.save(force_insert=True)
    _announce(agent)
    return agent


@transaction.atomic
def agent_update(*, actor: Actor, agent: Agent, changes: Mapping[str, Any], revision: int | None = None) -> Agent:
    """Save ``changes`` and count up the revision. Raises Conflict, with what others changed, where ``revision`` is stale."""
    actor.require("agent.write")
    _check_model(actor, changes)
    locked = Agent.objects.select_for_update(of=("self",)).get(id=agent.id)
    if revision is not None and revision != locked.revision:
        differing = [name for name in changes if getattr(locked, name) != changes[name]]
        raise Conflict(
            _("Somebody else has saved this agent since you opened it. Reload to see their changes."),
            code="stale_revision", current_revision=locked.revision, changed=differing,
            changed_by=locked.updated_by.display_name if locked.updated_by else "",
        )  # fmt: skip
    changed = [name for name, value in changes.items() if getattr(locked, name) != value]
    if not changed:
        return locked
    for name in changed:
        setattr(locked, name, changes[name])
    locked.revision += 1
    locked.updated_by = actor.user
    locked.save(update_fields=[*changed, "revision", "updated_by", "updated_at"])
    _announce(locked)
    return locked


@transaction.atomic
def agents_archive(*, actor: Actor, ids: Iterable[UUID]) -> int:
    """Archive agents of the workspace; answers how many. Their runs and conversations stay."""
    actor.require("agent.write")
    chosen = Agent.objects.in_workspace(actor.workspace_id).filter(id__in=list(ids)).shown()
    return int(
        chosen.update(status=AgentStatus.ARCHIVED, revision=F("revision") + 1, updated_by=actor.user, updated_at=Now())
    )


@transaction.atomic
def agents_restore(*, actor: Actor, ids: Iterable[UUID]) -> int:
    """Bring archived agents of the workspace back, as drafts; answers how many."""
    actor.require("agent.write")
    chosen = Agent.objects.in_workspace(actor.workspace_id).filter(id__in=list(ids), status=AgentStatus.ARCHIVED)
    return int(
        chosen.update(status=AgentStatus.DRAFT, revision=F("revision") + 1, updated_by=actor.user, updated_at=Now())
    )


@transaction.atomic
def agents_delete(*, actor: Actor, ids: Iterable[UUID]) -> int:
    """Delete agents of the workspace with their conversations and runs; answers how many. Refused while one is running."""
    actor.require("agent.write")
    chosen = list(Agent.objects.in_workspace(actor.workspace_id).filter(id__in=list(ids)).select_for_update())
    busy = [agent.name for agent in chosen if agent.runs.active().exists()]
    if busy:
        raise Conflict(
            _("These agents have runs under way: %(names)s. Cancel those first.") % {"names": ", ".join(busy)},
            code="agent_busy",
        )
    for agent in chosen:
        audit.record(
            audit.Entry(
                action="agent.delete",
                actor_id=actor.id,
                workspace_id=actor.workspace_id,
                object_type="agent",
                object_id=agent.id,
                before={"name": agent.name},
            )
        )
        agent.delete()
    return len(chosen)


def agent_snapshot(*, agent: Agent) -> AgentSnapshot:
    """The draft's present definition, frozen; the same content is the same row."""
    definition = {name: getattr(agent, name) for name in _DEFINITION}
    digest = hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)).hexdigest()
    known = AgentSnapshot.objects.filter(agent_id=agent.id, digest=digest).only("id").first()
    if known is not None:
        return known
    fresh = AgentSnapshot(workspace_id=agent.workspace_id, agent_id=agent.id, digest=digest, definition=definition)
    AgentSnapshot.objects.bulk_create([fresh], ignore_conflicts=True)
    return AgentSnapshot.objects.only("id").get(agent_id=agent.id, digest=digest)


def _check_model(actor: Actor, fields: Mapping[str, Any]) -> None:
    """A model that cannot be run is refused when it is chosen, not when somebody waits for an answer."""
    if fields.get("model"):
        model_references.resolve(workspace_id=actor.workspace_id, reference=fields["model"])


def _check_credits(actor: Actor, fields: Mapping[str, Any]) -> None:
    """An agent that nobody here could pay for is not made. Raises NotEnoughCredits, with the price of its shortest answer."""
    try:
        resolved = model_references.resolve(workspace_id=actor.workspace_id, reference=fields.get("model", ""))
    except Refused:  # no model yet: nothing has a price
        return
    run = Run(workspace_id=actor.workspace_id, model=resolved.reference, provider=resolved.provider)
    charges.affordable(actor.workspace_id, model_call(run, lambda: 0, None))


def _announce(agent: Agent) -> None:
    realtime.send_on_commit(
        realtime.workspace_group(agent.workspace_id), "agent.saved", {"agent_id": agent.id, "revision": agent.revision}
    )
