"""Guardrails as a part of an agent's content: how clients may say them, and what can be wrong with them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from agent_app.guardrails import registry
from agent_app.guardrails.registry import BLOCK, BLOCKING, PARALLEL, REDACT, REPLACE, STAGES
from agent_app.models import Agent, AgentStatus, Guardrail
from config.lib.errors import InvalidInput
from config.lib.ids import parse_uuid, uuid7

Guard = dict[str, Any]

MOST = 50
JUDGED = "agent"  # the kind that asks an agent
_FIELDS = ("name", "description", "type", "implementation", "config", "action", "mode", "enabled")
# Two more ways to say the list, by stage (contract: "imply the type").
BY_STAGE: Mapping[str, str] = {"input_guardrails": "input", "output_guardrails": "output"}


def guardrails_of(agent: Agent) -> list[Guard]:
    rows = sorted(agent.guardrails.all(), key=lambda row: row.position)
    return [_content(row) for row in rows]


def _content(row: Guardrail) -> Guard:
    credential = str(row.credential_id) if row.credential_id else None
    return {"id": str(row.id), **{name: getattr(row, name) for name in _FIELDS}, "credential_id": credential}


def new_guardrail(values: Mapping[str, Any]) -> Guard:
    """A guardrail as content, from what a client said: what it left out is the default."""
    credential = values.get("credential_id")
    return {
        "id": str(values.get("id") or uuid7()),
        "name": values["name"],
        "description": values.get("description") or "",
        "type": values["type"],
        "implementation": values["implementation"],
        "config": dict(values.get("config") or {}),
        "action": values.get("action") or BLOCK,
        "mode": values.get("mode") or BLOCKING,
        "enabled": bool(values.get("enabled", True)),
        "credential_id": str(credential) if credential else None,
    }


def write(agent: Agent, guardrails: Iterable[Guard]) -> None:
    agent.guardrails.all().delete()
    Guardrail.objects.bulk_create(
        Guardrail(workspace_id=agent.workspace_id, agent=agent, position=place, **values)
        for place, values in enumerate(guardrails)
    )


def joined(changes: Mapping[str, Any], now: Iterable[Guard]) -> dict[str, Any]:
    """``changes`` with one list of guardrails, whichever of the three ways a client has said it in. ``now`` are those that
    are there: a list of one stage takes the place of that stage's only."""
    given = {name: changes[name] for name in BY_STAGE if name in changes}
    if not given:
        return dict(changes)
    rest = {name: value for name, value in changes.items() if name not in BY_STAGE}
    replaced = {BY_STAGE[name] for name in given}
    kept = rest["guardrails"] if "guardrails" in rest else [each for each in now if each["type"] not in replaced]
    added = [_of_stage(each, name) for name, parts in given.items() for each in parts]
    return rest | {"guardrails": [*kept, *added]}


def _of_stage(values: Mapping[str, Any], name: str) -> Guard:
    stage = BY_STAGE[name]
    if values.get("type") not in (None, "", stage):
        text = _("“%(name)s” says that the type is “%(stage)s”; it cannot be “%(type)s”.")
        raise InvalidInput(errors={name: [text % {"name": name, "stage": stage, "type": values["type"]}]})
    return {**values, "type": stage}


def problems(workspace_id: UUID, guardrails: list[Guard], agent_id: str) -> list[str]:
    """What is wrong with an agent's guardrails; each sentence says whose it is."""
    if len(guardrails) > MOST:
        return [_("At most %(most)d guardrails.") % {"most": MOST}]
    found: list[str] = []
    if len({each["name"] for each in guardrails}) < len(guardrails):
        found.append(_("Two guardrails have the same name."))
    for each in guardrails:
        wrong = [*_together(each), *registry.problems_of(workspace_id, each)]
        found += [f"{each['name']}: {problem}" for problem in wrong]
    return found + _judges(workspace_id, guardrails, agent_id)


def _together(guardrail: Guard) -> list[str]:
    """What does not go together, whatever the kind."""
    if guardrail["mode"] == PARALLEL and guardrail["type"] == "input" and guardrail["action"] in (REDACT, REPLACE):
        return [
            _(
                "What is sent along at once cannot be changed any more: a parallel guardrail of the input blocks or warns."
            )
        ]
    if guardrail["mode"] == PARALLEL and guardrail["type"] not in STAGES[:2]:
        return [_("A guardrail of a tool is blocking: the tool waits for it.")]
    return []


def judge_ids(guardrails: Iterable[Mapping[str, Any]]) -> list[str]:
    """Which agents these guardrails ask, each once."""
    found = [str(each["config"].get("agent_id") or "") for each in guardrails if each["implementation"] == JUDGED]
    return [each for each in dict.fromkeys(found) if each]


def _judges(workspace_id: UUID, guardrails: list[Guard], agent_id: str) -> list[str]:
    """A judge is an agent of the workspace that is in use, and not the one it judges."""
    wanted = [each for each in judge_ids(guardrails) if parse_uuid(each)]
    if not wanted:
        return []
    rows = Agent.objects.in_workspace(workspace_id).filter(id__in=wanted).values_list("id", "name", "status")
    there = {str(found): (name, status) for found, name, status in rows}
    found = []
    for each in wanted:
        name, status = there.get(each, ("", ""))
        if not name:
            found.append(_("There is no agent %(id)s in this workspace.") % {"id": each})
        elif each == agent_id:
            found.append(_("An agent cannot judge itself."))
        elif status == AgentStatus.ARCHIVED:
            found.append(_("%(name)s is archived and cannot judge.") % {"name": name})
    return found
