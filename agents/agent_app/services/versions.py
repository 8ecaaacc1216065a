"""Publishing agents: numbered versions that never change, with the versions of those they hand over to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from agent_app import model_references
from agent_app.definition import checks
from agent_app.definition.closure import Source, definition, reach, target_ids
from agent_app.definition.content import FIELDS, PARTS, Content, complete, draft_content, draft_contents
from agent_app.definition.guardrails import judge_ids
from agent_app.definition.sources import check_runs, check_targets, draft_sources, version_sources
from agent_app.definition.tool_parts import library
from agent_app.models import Agent, AgentStatus, AgentVersion
from agent_app.services.agents import agent_update, definition_freeze
from agent_app.services.tools import tool_as_saved
from agent_app.tools import registry
from community.access import Actor
from config.lib import audit, realtime
from config.lib.errors import Conflict


@dataclass(frozen=True)
class Published:
    """The agent's version, and all versions that were made for it: none where nothing had changed."""

    version: AgentVersion
    made: list[AgentVersion]


@transaction.atomic
def agent_publish(*, actor: Actor, agent: Agent, notes: str = "", with_targets: bool = False) -> Published:
    """Make the draft a version that pins the latest versions of the agents it hands over to or calls.

    An unchanged draft is its last version.

    A target without a version raises Conflict with the list; ``with_targets`` publishes every changed draft that it reaches,
    each pinned to the versions just made, circles as well.
    """
    actor.require("agent.publish")
    reached = draft_sources(agent) if with_targets else {}
    ids = sorted({str(agent.id), *reached})
    # In one order, so that two who publish the same circle wait for each other instead of for ever.
    locked = {
        str(row.id): row for row in Agent.objects.select_for_update(of=("self",)).filter(id__in=ids).order_by("id")
    }
    root = locked[str(agent.id)]
    if root.status == AgentStatus.ARCHIVED:
        raise Conflict(_("This agent is archived. Restore it first."), code="agent_inactive")
    contents = {agent_id: draft_content(row) for agent_id, row in locked.items()}
    targets = {target for content in contents.values() for target in target_ids(content)}
    check_targets(actor.workspace_id, targets)
    latest = _latest(actor.workspace_id, {*ids, *targets})
    if missing := sorted(targets - latest.keys() - (contents.keys() if with_targets else set())):
        raise _unpublished(actor.workspace_id, missing)
    numbers = _numbers(contents, latest, wanted=contents.keys() if with_targets else {str(agent.id)})
    if str(agent.id) not in numbers:
        return Published(latest[str(agent.id)], [])
    made = _make(actor, locked, contents, numbers, {key: row.number for key, row in latest.items()}, notes)
    return Published(made[str(agent.id)], list(made.values()))


def _numbers(
    contents: Mapping[str, Content], latest: Mapping[str, AgentVersion], wanted: Iterable[str]
) -> dict[str, int]:
    """The number of each version to be made: of what has changed since its latest, or hands over to what has."""
    numbers: dict[str, int] = {}
    waiting = list(wanted)
    while fresh := [
        key for key in waiting if key not in numbers and _changed(contents[key], latest.get(key), latest, numbers)
    ]:
        numbers |= {key: latest[key].number + 1 if key in latest else 1 for key in fresh}
    return numbers


def _changed(
    content: Content, last: AgentVersion | None, latest: Mapping[str, AgentVersion], numbers: Mapping[str, int]
) -> bool:
    return last is None or complete(last.content) != content or last.pins != _pins(content, latest, numbers)


def _pins(content: Content, latest: Mapping[str, AgentVersion], numbers: Mapping[str, int]) -> dict[str, int]:
    return {
        target: numbers[target] if target in numbers else latest[target].number
        for target in sorted(target_ids(content))
        if target in numbers or target in latest
    }


def _make(
    actor: Actor,
    locked: Mapping[str, Agent],
    contents: Mapping[str, Content],
    numbers: Mapping[str, int],
    known: Mapping[str, int],
    notes: str,
) -> dict[str, AgentVersion]:
    """The versions with ``numbers``. All contents are known before the first row, for they may mean each other."""
    now = {**known, **numbers}
    fresh = {
        key: Source(contents[key], {target: now[target] for target in Source(contents[key]).targets()}) for key in numbers
    }  # fmt: skip

    def fetch(wanted: Mapping[str, int | None]) -> dict[str, Source]:
        own = {key: fresh[key] for key, number in wanted.items() if numbers.get(key) == number}
        return own | version_sources(actor.workspace_id, {key: pin for key, pin in wanted.items() if key not in own})

    made: dict[str, AgentVersion] = {}
    for key, number in numbers.items():
        agent = locked[key]
        frozen = definition(key, reach(key, fresh[key], fetch))
        _check(actor, agent, contents[key], frozen)
        made[key] = AgentVersion(
            workspace_id=agent.workspace_id, agent=agent, number=number, content=contents[key], pins=dict(fresh[key].pins),
            snapshot=definition_freeze(agent=agent, definition=frozen), notes=notes, published_by=actor.user,
        )  # fmt: skip
        made[key].save(force_insert=True)
        _published(actor, agent, made[key])
    return made


def _check(actor: Actor, agent: Agent, content: Content, frozen: dict[str, Any]) -> None:
    """Publishing promises that it can be run: the draft may be older than what is known today."""
    ids = {name: {part["id"] for part in content[name]} for name in PARTS}
    checks.check(agent.workspace_id, content, {*FIELDS, *PARTS}, ids, agent_id=agent.id)
    for reference in content["fallback_models"]:
        model_references.resolve(workspace_id=agent.workspace_id, reference=reference)
    resolved = model_references.resolve_agent(workspace_id=agent.workspace_id, definition=content)
    check_runs(agent.workspace_id, frozen, resolved)


def _published(actor: Actor, agent: Agent, version: AgentVersion) -> None:
    before = agent.published_version
    agent.published_version = version.number
    if agent.status == AgentStatus.DRAFT:
        agent.status = AgentStatus.ACTIVE
    agent.save(update_fields=["published_version", "status", "updated_at"])
    audit.record(
        audit.Entry(
            action="agent.publish",
            actor_id=actor.id,
            workspace_id=agent.workspace_id,
            object_type="agent",
            object_id=agent.id,
            before={"version": before},
            after={"version": version.number, "pins": version.pins, "notes": version.notes},
        )
    )
    realtime.send_on_commit(
        realtime.workspace_group(agent.workspace_id), "agent.published",
        {"agent_id": agent.id, "version": version.number},
    )  # fmt: skip


def _latest(workspace_id: UUID, agent_ids: Iterable[str]) -> dict[str, AgentVersion]:
    rows = AgentVersion.objects.in_workspace(workspace_id).filter(agent_id__in=list(agent_ids))
    return {str(row.agent_id): row for row in rows.order_by("agent_id", "-number").distinct("agent_id")}


def _unpublished(workspace_id: UUID, missing: list[str]) -> Conflict:
    names = {key: agent.name for key, (agent, _content) in draft_contents(workspace_id, missing).items()}
    return Conflict(
        _("These agents, which this one needs, have no published version: %(names)s. Publish them first, or together.")
        % {"names": ", ".join(names.values())},
        code="unpublished_targets", targets=[{"id": key, "name": names.get(key, "")} for key in missing],
    )  # fmt: skip


@transaction.atomic
def version_restore(*, actor: Actor, agent: Agent, version: AgentVersion) -> tuple[Agent, list[str]]:
    """Bring a version's content back into the draft. Answers the agent and what could not be brought back, in words."""
    actor.require("agent.write")
    content = complete(version.content)
    there = draft_contents(actor.workspace_id, {*target_ids(content), *registry.agent_ids(content["tools"])})
    gone = [handoff for handoff in content["handoffs"] if handoff["target_agent_id"] not in there]
    content["handoffs"] = [handoff for handoff in content["handoffs"] if handoff not in gone]
    missing = [
        _("The handoff %(name)s was left out: its agent was deleted.") % {"name": handoff["tool_name"] or handoff["id"]}
        for handoff in gone
    ]
    content["tools"], changed = _restored_tools(actor, content["tools"], there)
    lost = [each for each in content["guardrails"] if set(judge_ids([each])) - there.keys()]
    content["guardrails"] = [each for each in content["guardrails"] if each not in lost]
    changed += [
        _("The guardrail %(name)s was left out: its judge was deleted.") % {"name": each["name"]} for each in lost
    ]
    return agent_update(actor=actor, agent=agent, changes=content, any_ids=True), [*missing, *changed]


def _restored_tools(
    actor: Actor, tools: list[dict[str, Any]], there: Collection[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The tools of a version, those of the library as it is now; what became of the others, in words."""
    known, kept, said = library(actor.workspace_id, tools), [], []
    for tool in tools:
        if registry.agent_ids([tool]) - set(there):
            said.append(_("The tool %(name)s was left out: its agent was deleted.") % {"name": tool["name"]})
            continue
        if tool["tool_id"] and tool["tool_id"] not in known:
            text = _("The tool %(name)s is not in the library any more: the agent has it for itself now.")
            said.append(text % {"name": tool["name"]})
            tool = tool | {"tool_id": None}
        kept.append(tool_as_saved(part=tool))
    return kept, said
