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

from agent_app import keys, model_references
from agent_app.calls import model_call
from agent_app.definition import checks
from agent_app.definition.content import (
    FIELDS,
    PARTS,
    READ,
    draft_content,
    new_contexts,
    new_handoff,
    write_parts,
)
from agent_app.definition.guardrails import joined, new_guardrail
from agent_app.definition.sources import draft_definition
from agent_app.definition.tool_parts import library, new_tool
from agent_app.models import Agent, AgentSnapshot, AgentStatus, Run
from agent_app.runs import charges
from agent_app.services.guardrails import guardrail_secrets_take
from agent_app.services.tools import tool_secrets_take, tools_prepared
from community.access import Actor
from config.lib import audit, realtime
from config.lib.errors import Conflict, InvalidInput, Refused

MOST_TAGS = 20
LIMITS = ("runs_per_minute", "concurrent_runs")
EDITABLE = (*FIELDS, *LIMITS, "tags", "status", *PARTS)


def agent_create(*, actor: Actor, fields: Mapping[str, Any]) -> Agent:
    """Make a draft. ``fields`` are values of ``EDITABLE``, and where it comes from. Raises InvalidInput by field."""
    actor.require("agent.write")
    if fields.get("tools"):
        fields = {**fields, "tools": tools_prepared(actor=actor, given=fields["tools"], old=[])}
    return _create(actor, fields)


@transaction.atomic
def _create(actor: Actor, fields: Mapping[str, Any]) -> Agent:
    values = joined(fields, [])
    parts, known = _parts(actor, {name: values.pop(name) for name in PARTS if name in values}, {})
    _check_models(actor, values)
    _check_credits(actor, values)
    agent = Agent(workspace_id=actor.workspace_id, created_by=actor.user, updated_by=actor.user, **values)
    agent.save(force_insert=True)
    checks.check(agent.workspace_id, draft_content(agent) | parts, {*values, *parts}, known, agent_id=agent.id)
    write_parts(agent, parts)
    _announce(agent)
    return agent


def agent_update(
    *, actor: Actor, agent: Agent, changes: Mapping[str, Any], revision: int | None = None, any_ids: bool = False
) -> Agent:
    """Save ``changes`` and count up the revision. A list of parts takes the place of the whole list.

    Raises Conflict, with what others changed, where ``revision`` is stale, and InvalidInput by field. ``any_ids``: parts may
    have ids that the draft does not know, as those of an earlier version.
    """
    actor.require("agent.write")
    if changes.get("tools"):
        changes = {**changes, "tools": tools_prepared(actor=actor, given=changes["tools"], old=READ["tools"](agent))}
    return _update(actor, agent, changes, revision, any_ids=any_ids)


@transaction.atomic
def _update(actor: Actor, agent: Agent, changes: Mapping[str, Any], revision: int | None, *, any_ids: bool) -> Agent:
    locked = Agent.objects.select_for_update(of=("self",)).get(id=agent.id)
    changes = joined(
        changes, READ["guardrails"](locked) if "input_guardrails" in changes or "output_guardrails" in changes else []
    )
    old: dict[str, Any] = {name: READ[name](locked) if name in READ else getattr(locked, name) for name in changes}
    lists = {name: changes[name] for name in PARTS if name in changes}
    parts, known = _parts(actor, lists, old, any_ids=any_ids)
    wanted = {**changes, **parts}
    differing = [name for name, value in wanted.items() if old[name] != value]
    if revision is not None and revision != locked.revision:
        raise Conflict(
            _("Somebody else has saved this agent since you opened it. Reload to see their changes."),
            code="stale_revision", current_revision=locked.revision, changed=differing,
            changed_by=locked.updated_by.display_name if locked.updated_by else "",
        )  # fmt: skip
    if not differing:
        return locked
    new = {name: wanted[name] for name in differing}
    _check_models(actor, new)
    checks.check(locked.workspace_id, draft_content(locked) | new, differing, known, agent_id=locked.id)
    write_parts(locked, {name: new.pop(name) for name in PARTS if name in new})
    for name, value in new.items():
        setattr(locked, name, value)
    locked.revision += 1
    locked.updated_by = actor.user
    locked.save(update_fields=[*new, "revision", "updated_by", "updated_at"])
    _announce(locked)
    return locked


def _parts(
    actor: Actor, given: Mapping[str, Any], old: Mapping[str, Any], *, any_ids: bool = False
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, set[str]]]:
    """Lists of parts as content, and the ids that they may have: known ones, and those that were given to new parts."""
    parts: dict[str, list[dict[str, Any]]] = {}
    if "handoffs" in given:
        parts["handoffs"] = [new_handoff(values) for values in given["handoffs"]]
    if "contexts" in given:
        parts["contexts"] = new_contexts(given["contexts"])
    if "guardrails" in given:
        parts["guardrails"] = [new_guardrail(values) for values in given["guardrails"]]
        guardrail_secrets_take(actor=actor, parts=parts["guardrails"], old=old.get("guardrails", []))
    if "tools" in given:
        tools = library(actor.workspace_id, given["tools"])
        parts["tools"] = [new_tool(values, tools) for values in given["tools"]]
        tool_secrets_take(actor=actor, parts=parts["tools"], old=old.get("tools", []))
    known = {name: {part["id"] for part in old.get(name, [])} for name in PARTS}
    for name, made in parts.items():
        for part, values in zip(made, given[name], strict=True):
            if any_ids or not values.get("id"):
                known[name].add(part["id"])
    return parts, known


@transaction.atomic
def agents_change(
    *,
    actor: Actor,
    ids: Iterable[UUID],
    add_tags: Iterable[str] = (),
    remove_tags: Iterable[str] = (),
    status: str = "",
) -> int:
    """Change tags and status of agents of the workspace; answers how many were changed. Raises InvalidInput for too many tags."""
    actor.require("agent.write")
    removed, changed = set(remove_tags), 0
    chosen = Agent.objects.in_workspace(actor.workspace_id).filter(id__in=list(ids))
    for agent in chosen.select_for_update(of=("self",)).order_by("id"):
        tags = list(dict.fromkeys([*(tag for tag in agent.tags if tag not in removed), *add_tags]))
        if len(tags) > MOST_TAGS:
            raise InvalidInput(
                errors={
                    "add_tags": [
                        _("%(name)s would have more than %(most)d tags.") % {"name": agent.name, "most": MOST_TAGS}
                    ]
                }
            )
        new: dict[str, Any] = {"tags": tags} | ({"status": status} if status else {})
        if any(getattr(agent, name) != value for name, value in new.items()):
            changed += 1
            agent_update(actor=actor, agent=agent, changes=new)
    return changed


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
    ids = [agent.id for agent in chosen]
    # Agents that handed over to one of these lose that handoff: their drafts have changed.
    Agent.objects.filter(handoffs__target_agent_id__in=ids).exclude(id__in=ids).update(revision=F("revision") + 1)
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
    """The draft's present definition with those of the agents it reaches, frozen; the same content is the same row."""
    return definition_freeze(agent=agent, definition=draft_definition(agent))


def definition_freeze(*, agent: Agent, definition: dict[str, Any]) -> AgentSnapshot:
    digest = hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)).hexdigest()
    known = AgentSnapshot.objects.filter(agent_id=agent.id, digest=digest).only("id", "agent_id", "digest").first()
    if known is None:
        fresh = AgentSnapshot(workspace_id=agent.workspace_id, agent_id=agent.id, digest=digest, definition=definition)
        AgentSnapshot.objects.bulk_create([fresh], ignore_conflicts=True)
        known = AgentSnapshot.objects.only("id", "agent_id", "digest").get(agent_id=agent.id, digest=digest)
    known.definition = definition
    return known


def _check_models(actor: Actor, fields: Mapping[str, Any]) -> None:
    """A model that cannot be run is refused when it is chosen, not when somebody waits for an answer."""
    for reference in (fields.get("model"), *(fields.get("fallback_models") or ())):
        if reference:
            model_references.resolve(workspace_id=actor.workspace_id, reference=reference)


def _check_credits(actor: Actor, fields: Mapping[str, Any]) -> None:
    """An agent that nobody here could pay for is not made. Raises NotEnoughCredits, with the price of its shortest answer."""
    try:
        resolved = model_references.resolve_agent(workspace_id=actor.workspace_id, definition=fields)
    except Refused:  # no model yet: nothing has a price
        return
    run = Run(
        workspace_id=actor.workspace_id, model=resolved.reference, provider=resolved.provider, actor_id=actor.id
    )  # fmt: skip
    keys.assign(run, resolved, required=False)
    charges.affordable(actor.workspace_id, model_call(run, lambda: 0, None))


def _announce(agent: Agent) -> None:
    realtime.send_on_commit(
        realtime.workspace_group(agent.workspace_id), "agent.saved", {"agent_id": agent.id, "revision": agent.revision}
    )
