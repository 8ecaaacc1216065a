"""Agents made of other agents: clones, and imports of what another workspace has exported."""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from agent_app import model_references
from agent_app.credentials import credential_copy
from agent_app.definition.bundle import Imported
from agent_app.definition.content import complete, draft_content
from agent_app.definition.guardrails import JUDGED, judge_ids
from agent_app.definition.tool_parts import library
from agent_app.models import Agent, AgentFile, AgentStatus, AgentVersion
from agent_app.services.agents import agent_create, agent_update
from agent_app.services.tools import tool_as_saved, tools_prepared
from agent_app.tools import registry
from community.access import Actor
from config.lib.errors import AppError
from config.lib.ids import parse_uuid

_NAME = 120
Unreachable = dict[
    tuple[str, int], str
]  # why a tool of the document cannot be asked for, by its agent's key and its place


@transaction.atomic
def agent_clone(*, actor: Actor, agent: Agent, version: AgentVersion | None = None, name: str = "") -> Agent:
    """A new draft with the content of a version, or of the draft. It hands over to the same agents, and to itself instead of
    to the first."""
    actor.require("agent.write")
    content = complete(version.content) if version else draft_content(agent)
    handoffs = [_without_id(handoff) for handoff in content.pop("handoffs")]
    known = library(actor.workspace_id, content["tools"])
    own = [tool if tool["tool_id"] in known else tool | {"tool_id": None} for tool in content.pop("tools")]
    tools = [_without_id(_with_own_secrets(actor, tool_as_saved(part=tool))) for tool in own]
    contexts = [_without_id(context) for context in content.pop("contexts")]
    guardrails = [_without_id(_with_own_secrets(actor, guardrail)) for guardrail in content.pop("guardrails")]
    fields = content | {
        "name": (name or _("%(name)s (copy)") % {"name": content["name"]})[:_NAME], "contexts": contexts, "tags": agent.tags,
        "cloned_from": agent, "cloned_from_version": version.number if version else _same_as(agent),
    }  # fmt: skip
    clone = agent_create(actor=actor, fields=fields)
    there = set(_known(actor, [*(handoff["target_agent_id"] for handoff in handoffs), *registry.agent_ids(tools)]))
    AgentFile.objects.bulk_create(
        AgentFile(workspace_id=clone.workspace_id, agent=clone, file_id=each.file_id, description=each.description)
        for each in AgentFile.objects.filter(agent=agent, file__deleted_at=None)
    )
    targets = [
        handoff | {"target_agent_id": str(clone.id)} if handoff["target_agent_id"] == str(agent.id) else handoff
        for handoff in handoffs
        if handoff["target_agent_id"] in there
    ]
    kept = [tool for tool in tools if registry.agent_ids([tool]) <= there]
    checks = [guardrail for guardrail in guardrails if there.issuperset(judge_ids([guardrail]))]
    changes = {name: parts for name, parts in (("handoffs", targets), ("tools", kept), ("guardrails", checks)) if parts}
    return agent_update(actor=actor, agent=clone, changes=changes) if changes else clone


def _same_as(agent: Agent) -> int | None:
    """The latest version, where the draft says the same."""
    latest = agent.versions.order_by("-number").first()
    return latest.number if latest is not None and latest.content == draft_content(agent) else None


def _with_own_secrets(actor: Actor, part: Mapping[str, Any]) -> dict[str, Any]:
    """Whoever changes a secret of the one must not change the other's."""
    if part.get("tool_id"):
        return dict(part)
    return dict(part) | {"credential_id": _text(credential_copy(actor=actor, credential_id=part["credential_id"]))}


def _text(found: UUID | None) -> str | None:
    return str(found) if found else None


def _without_id(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != "id"}


def _known(actor: Actor, ids: Sequence[str]) -> list[str]:
    """Those ids that are usable agents of the workspace."""
    rows = Agent.objects.in_workspace(actor.workspace_id).filter(
        id__in=[found for each in ids if (found := parse_uuid(each))]
    )
    return [str(found) for found in rows.exclude(status=AgentStatus.ARCHIVED).values_list("id", flat=True)]


class _DryRun(Exception):
    pass


def agents_import(
    *, actor: Actor, imported: Sequence[Imported], models: Mapping[str, str], dry_run: bool
) -> dict[str, Any]:
    """Make drafts of the agents, or only tell what would be made. Answers the report; nothing is left out without being in it.

    A model that is not here becomes the workspace's default, unless ``models`` says which one it becomes. Raises InvalidInput.
    """
    actor.require("agent.write")
    report: dict[str, Any] = {
        "dry_run": dry_run, "agents": [], "models": [], "handoffs": [], "tools": [],
        "left_out": [each for agent in imported for each in agent.left_out],
    }  # fmt: skip
    unreachable = _look(actor, imported)
    try:
        with transaction.atomic():
            _import(actor, imported, _models(actor, imported, models, report), unreachable, report)
            if dry_run:
                raise _DryRun
    except _DryRun:
        for each in report["agents"]:
            each["agent_id"] = None
    return report


def _look(actor: Actor, imported: Sequence[Imported]) -> Unreachable:
    """Ask for what the tools of the document are, before anything is locked; a tool that cannot be asked for is left out."""
    unreachable: Unreachable = {}
    for each in imported:
        tools = list(each.fields.get("tools") or ())
        for place, tool in enumerate(tools):
            try:
                [tools[place]] = tools_prepared(actor=actor, given=[_without_id(tool) | {"tool_id": None}], old=[])
            except AppError as error:
                unreachable[each.key, place] = " ".join([error.detail, *chain.from_iterable(error.errors.values())])
        each.fields["tools"] = tools
    return unreachable


def _import(
    actor: Actor,
    imported: Sequence[Imported],
    models: Mapping[str, str],
    unreachable: Unreachable,
    report: dict[str, Any],
) -> None:
    made: dict[str, Agent] = {}
    for each in imported:
        fields = dict(each.fields)
        guardrails = fields.get("guardrails") or []
        fields["guardrails"] = [guardrail for guardrail in guardrails if guardrail["implementation"] != JUDGED]
        fields["model"] = models.get(fields.get("model") or "", "")
        fields["fallback_models"] = [models[name] for name in fields.get("fallback_models") or () if models[name]]
        fields.pop("tools", None)
        made[each.key] = agent_create(actor=actor, fields=fields)
        report["agents"].append({"key": each.key, "name": made[each.key].name, "agent_id": str(made[each.key].id)})
    wanted = [str(handoff["target"]) for each in imported for handoff in each.handoffs]
    wanted += [_called(tool) for each in imported for tool in each.fields.get("tools") or ()]
    here = set(_known(actor, wanted))
    for each in imported:
        handoffs = []
        for handoff in each.handoffs:
            target = str(handoff["target"])
            agent_id = str(made[target].id) if target in made else target if target in here else ""
            report["handoffs"].append(
                {"from": each.key, "target": target, "becomes": ("imported" if target in made else "existing") if agent_id else "left_out"}
            )  # fmt: skip
            if agent_id:
                plain = {name: value for name, value in handoff.items() if name != "target"}
                handoffs.append(plain | {"target_agent_id": agent_id})
            else:
                why = _("The agent it hands over to is neither in the document nor here.")
                report["left_out"].append({"path": f"{each.path}.handoffs[{target}]", "why": why})
        lists = {
            "handoffs": handoffs, "tools": _tools(each, made, here, unreachable, report), "guardrails": _judged(actor, each, made, report),
        }  # fmt: skip
        if changes := {name: parts for name, parts in lists.items() if parts}:
            agent_update(actor=actor, agent=made[each.key], changes=changes)


def _judged(actor: Actor, each: Imported, made: Mapping[str, Agent], report: dict[str, Any]) -> list[dict[str, Any]]:
    """All guardrails of an imported agent, where some of them ask other agents; nothing where none does."""
    guardrails = each.fields.get("guardrails") or []
    wanted = judge_ids(guardrails)
    here = set(_known(actor, wanted)) - made.keys()
    kept = []
    for guardrail in guardrails if wanted else ():
        judge = str(guardrail["config"].get("agent_id") or "") if guardrail["implementation"] == JUDGED else ""
        if judge in made:
            guardrail = guardrail | {"config": guardrail["config"] | {"agent_id": str(made[judge].id)}}
        elif judge and judge not in here:
            why = _("The agent that judges is neither in the document nor here.")
            report["left_out"].append({"path": f"{each.path}.guardrails[{guardrail['name']}]", "why": why})
            continue
        kept.append({name: value for name, value in guardrail.items() if name != "id"})
    return kept


def _called(tool: Mapping[str, Any]) -> str:
    """The agent that a tool of type ``agent`` calls."""
    return str(tool.get("params", {}).get("agent_id") or "") if tool.get("type") == "agent" else ""


def _tools(
    each: Imported, made: Mapping[str, Agent], here: Collection[str], unreachable: Unreachable, report: dict[str, Any]
) -> list[dict[str, Any]]:
    """An agent's tools; what cannot be here is left out, and said."""
    kept = []
    for place, tool in enumerate(each.fields.get("tools") or ()):
        called, why = _called(tool), unreachable.get((each.key, place), "")
        if registry.find(tool.get("type", "")) is None:
            why = why or _("There is no type of tool called “%(name)s” here.") % {"name": tool.get("type", "")}
        elif called in made:
            tool = tool | {"params": {**tool["params"], "agent_id": str(made[called].id)}}
        elif called and called not in here:
            why = _("The agent it calls is neither in the document nor here.")
        becomes = "left_out" if why else "imported"
        report["tools"].append(
            {"agent": each.key, "name": tool.get("name", ""), "type": tool.get("type", ""), "becomes": becomes}
        )
        if why:
            report["left_out"].append({"path": f"{each.path}.tools[{place}]", "why": why})
        else:
            kept.append(_without_id(tool) | {"tool_id": None})
    return kept


def _models(
    actor: Actor, imported: Sequence[Imported], wanted: Mapping[str, str], report: dict[str, Any]
) -> dict[str, str]:
    """What each reference becomes here; empty for the workspace's default."""
    found = {"": ""}
    for agent in imported:
        for reference in (agent.fields.get("model") or "", *(agent.fields.get("fallback_models") or ())):
            if reference in found:
                continue
            becomes, why = wanted.get(reference, reference), ""
            try:
                model_references.resolve(workspace_id=actor.workspace_id, reference=becomes)
            except AppError as error:
                becomes, why = "", error.detail
            found[reference] = becomes
            report["models"].append({"reference": reference, "becomes": becomes, "why": why})
    return found
