"""From a frozen definition to the SDK agents of one run: the root and everybody it can hand over to or call, each with its own
model and tools."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from agents import Agent, ModelSettings
from django.utils.translation import gettext as _
from openai.types.shared import Reasoning

from agent_app import agent_files, hosted, model_references
from agent_app.calls import local_max_tokens
from agent_app.engine import tokens
from agent_app.engine.approvals import Gate
from agent_app.engine.fitting import local_room
from agent_app.engine.guardrails import Guards
from agent_app.engine.handoffs import Handover
from agent_app.engine.hosted import HostedCalls, sdk_tool
from agent_app.engine.hosted_files import HostedFiles
from agent_app.engine.items import text_of
from agent_app.engine.judge import Judge
from agent_app.engine.member import Member
from agent_app.engine.output_types import output_schema
from agent_app.engine.providers.select import fallback_routes, model_for, route_of
from agent_app.engine.recorded_models import RecordedModel
from agent_app.engine.response_cache import ResponseCache
from agent_app.engine.routing import Route
from agent_app.engine.sink import Sink
from agent_app.engine.tool_guards import ToolGuards
from agent_app.engine.tools import Toolbox
from agent_app.engine.tracing import Recorder
from agent_app.expressions import ExpressionError, evaluate
from agent_app.model_references import ResolvedModel
from agent_app.models import Agent as AgentRow
from agent_app.models import AgentStatus, Run
from agent_app.runs.registry import RunContext, RunFailure
from agent_app.tools.registry import ToolDefinition
from config.lib.db import in_db
from config.lib.errors import AppError
from config.lib.ids import parse_uuid

Definition = dict[str, Any]


@dataclass
class Team:
    """All agents of a run; ``root`` begins, ``guards`` check."""

    root: Member
    members: dict[str, Member]
    context: dict[str, Any]
    guards: Guards

    def member(self, agent: Agent[Any]) -> Member:
        return next(member for member in self.members.values() if member.agent is agent)


async def build(context: RunContext, sink: Sink, recorder: Recorder, toolbox: Toolbox) -> Team:
    """The agents of a run. Raises RunFailure where one of them cannot take part, before anything was asked."""
    definition, run = context.definition, context.run
    root_id = str(definition.get("agent_id") or context.run.agent_id or "root")
    targets: dict[str, Definition] = definition.get("targets") or {}
    definitions = {root_id: definition, **{key: each for key, each in targets.items() if key != root_id}}
    routes, with_files = await in_db(_routes, run, root_id, definitions)
    files = await in_db(_files, run, {key: routes[key][0].resolved for key in with_files}) if with_files else {}
    names = _names(definitions)
    members = {
        key: _member(key, names[key], each, routes[key], _cache(run, each), (sink, recorder), files.get(key))
        for key, each in definitions.items()
    }
    guards = Guards(context, sink, recorder, definitions)
    guards.judge = Judge(members, sink, recorder)
    of_run: dict[str, Any] = {
        "context": context,
        "recorder": recorder,
        "toolbox": toolbox,
        "files": HostedFiles(run),
        "turns": count(1),
    }
    for key, each in definitions.items():
        hosting = HostedCalls(agent_id=key, tools={}, **of_run)
        models = [route.resolved for route in routes[key]]
        theirs = hosted.hosted_tools(each, models, files=key in with_files)
        _equip(members[key], each, models, (hosting, theirs), guards)
    team = Team(members[root_id], members, {"context": context.run.input.get("context") or {}}, guards)
    if targets:
        offered = await asyncio.to_thread(
            lambda: {key: _offered(each, context.run) for key, each in definitions.items()}
        )
        for key, handoffs in offered.items():
            parts = (sink, context, recorder, guards, toolbox.gate)
            _connect(members[key], handoffs, routes[key][0].resolved, members, parts)
    return team


async def judge_of(context: RunContext, sink: Sink, recorder: Recorder, judges: Mapping[str, Definition]) -> Judge:
    """Agents that judge, by themselves: where a text is judged outside of any run. Raises RunFailure where one cannot be asked."""
    run = context.run
    routes = await in_db(lambda: _routes_to(run, _targets(run, judges)[0], judges))
    parts = (sink, recorder)
    members = {
        key: _member(key, each["name"], each, routes[key], None, parts, None) for key, each in judges.items()
    }  # fmt: skip
    return Judge(members, sink, recorder)


def _offered(definition: Definition, run: Run) -> list[Definition]:
    """The handoffs whose condition holds in this run. What a condition finds nothing of makes it false."""
    values = {
        "context": run.input.get("context") or {}, "user": {"name": run.actor_name}, "message": run.input.get("message", ""),
    }  # fmt: skip
    return [each for each in definition.get("handoffs") or [] if _holds(each.get("enabled_when") or "", values)]


def _holds(condition: str, values: dict[str, Any]) -> bool:
    if not condition.strip():
        return True
    try:
        return bool(evaluate(condition, values))
    except ExpressionError as error:
        if error.code == "undefined":
            return False
        text = _("The condition “%(condition)s” of a handoff cannot be evaluated: %(why)s")
        said = text % {"condition": condition[:100], "why": error.message}
        raise RunFailure("error", said, code="enabled_when") from error


def _routes(run: Run, root_id: str, definitions: Mapping[str, Definition]) -> tuple[dict[str, list[Route]], list[str]]:
    """How each agent's model, and those that stand in for it, are reached; and which agents have files. Raises RunFailure."""
    with_files = [root_id] if run.input.get("agent_files") else []
    try:
        models = {root_id: model_references.of_run(run)}
    except AppError as error:
        raise RunFailure("provider_error", str(error.detail), code=error.error_code) from error
    if others := {key: each for key, each in definitions.items() if key != root_id}:
        targets, having = _targets(run, others)
        models |= targets
        with_files += having
    return _routes_to(run, models, definitions, root_id), with_files


def _routes_to(
    run: Run, models: Mapping[str, ResolvedModel], definitions: Mapping[str, Definition], root_id: str = ""
) -> dict[str, list[Route]]:
    return {
        key: [
            route_of(run, resolved, planned=key == root_id),
            *fallback_routes(run, definitions[key].get("fallback_models") or []),
        ]
        for key, resolved in models.items()
    }


def _targets(run: Run, targets: Mapping[str, Definition]) -> tuple[dict[str, ResolvedModel], list[str]]:
    """The models of all agents that the run may be handed to, once these have been found to be of the workspace, and in use;
    and which of them have files."""
    ids = [found for key in targets if (found := parse_uuid(key))]
    found_rows = AgentRow.objects.in_workspace(run.workspace_id).filter(id__in=ids)
    rows = {
        str(agent_id): (status, files)
        for agent_id, status, files in found_rows.values_list("id", "status", agent_files.has_files())
    }
    for key, definition in targets.items():
        _check_target(definition["name"], rows[key][0] if key in rows else None)
    having = [key for key in targets if rows[key][1]]
    try:
        return {
            key: model_references.resolve_agent(workspace_id=run.workspace_id, definition=definition)
            for key, definition in targets.items()
        }, having
    except AppError as error:
        raise RunFailure("error", error.detail, code=error.error_code) from error


def _files(run: Run, models: Mapping[str, ResolvedModel]) -> dict[str, Any]:
    """What each agent's model is given of its files, as an item before the conversation. Raises RunFailure."""
    rows = agent_files.rows_of(run.workspace_id, list(models))
    try:
        return {
            key: agent_files.item_of(agent_files.planned((row for row in rows if str(row.agent_id) == key), resolved))
            for key, resolved in models.items()
        }
    except AppError as error:
        raise RunFailure("error", error.detail, code=error.error_code) from error


def _check_target(name: str, status: str | None) -> None:
    if status is None:
        text = _("This agent can hand over to or call %(name)s, which is not in this workspace any more. Take it away.")
    elif status == AgentStatus.ARCHIVED:
        text = _("This agent can hand over to or call %(name)s, which was archived. Restore it, or take it away.")
    elif status == AgentStatus.INACTIVE:
        text = _("This agent can hand over to or call %(name)s, which is inactive. Activate it, or take it away.")
    else:
        return
    raise RunFailure("error", text % {"name": name}, code="handoff_target")


def _names(definitions: Mapping[str, Definition]) -> dict[str, str]:
    """Each agent's name, told apart where two have the same: models and traces know agents by their names."""
    names: dict[str, str] = {}
    for key, definition in definitions.items():
        name, number = definition["name"], 2
        while name in names.values():
            name, number = f"{definition['name']} {number}", number + 1
        names[key] = name
    return names


def _cache(run: Run, definition: Definition) -> ResponseCache | None:
    """Where an agent that wants it keeps its answers."""
    ttl = (definition.get("model_settings") or {}).get("cache_ttl")
    return ResponseCache(workspace_id=run.workspace_id, ttl=ttl) if ttl else None


def _member(
    key: str,
    name: str,
    definition: Definition,
    routes: list[Route],
    cache: ResponseCache | None,
    parts: tuple[Sink, Recorder],
    files: Any,
) -> Member:
    resolved = routes[0].resolved
    settings, budget = _settings(definition, resolved)
    if budget is not None and files is not None:
        budget -= 4 + tokens.estimate(text_of(files))
    sink, recorder = parts
    model = RecordedModel(model_for(routes, sink, cache), resolved.reference, sink, recorder, files)
    agent: Agent[Any] = Agent(
        name=name,
        instructions=definition.get("instructions") or None,
        handoff_description=definition.get("handoff_description") or None,
        model=model,
        model_settings=settings,
        output_type=output_schema(definition),
    )
    return Member(key, agent, model, budget)


def _equip(
    member: Member,
    definition: Definition,
    models: list[ResolvedModel],
    hosting: tuple[HostedCalls, list[Mapping[str, Any]]],
    guards: Guards,
) -> None:
    """Give ``member`` its tools: those that its provider runs itself, and ours. Raises RunFailure."""
    calls, theirs = hosting
    given, checks = definition.get("tools") or [], definition.get("guardrails") or []
    for content in given:
        if content.get("enabled", True) and (why := hosted.refusal(content, models, checks)):
            raise RunFailure("error", why, code="capability")
    ours = {**definition, "tools": [content for content in given if content not in theirs]}
    tools = calls.toolbox.sdk_tools(member.agent_id, ours, ToolGuards(guards, member.agent_id))
    if theirs:
        member.model.hosted = replace(calls, tools={each["type"]: ToolDefinition.of(each) for each in theirs})
        member.agent.tools.extend(sdk_tool(ToolDefinition.of(each)) for each in theirs)
    if tools and models[0].local:
        text = _("%(name)s has tools, which the local model cannot call. Choose a model that can call tools.")
        raise RunFailure("error", text % {"name": member.agent.name}, code="capability")
    member.agent.tools.extend(tools)


def _connect(
    member: Member,
    handoffs: list[Definition],
    resolved: ResolvedModel,
    members: dict[str, Member],
    parts: tuple[Sink, RunContext, Recorder, Guards, Gate],
) -> None:
    """Give ``member`` its handoffs."""
    sink, context, recorder, guards, gate = parts
    wanted = [each for each in handoffs if str(each["target_agent_id"]) in members]
    if wanted and resolved.local:
        text = _("%(name)s has handoffs, which the local model cannot do. Choose a model that can call tools.")
        raise RunFailure("error", text % {"name": member.agent.name}, code="capability")
    for each in wanted:
        target = members[str(each["target_agent_id"])]
        handover = Handover(
            each, member, target, sink=sink, log=context.log, recorder=recorder, guards=guards, gate=gate
        )
        member.agent.handoffs.append(handover.tool())


def _settings(definition: Definition, resolved: ResolvedModel) -> tuple[ModelSettings, int | None]:
    """An agent's model settings, and how many tokens of conversation fit (None: not limited by us)."""
    chosen = definition.get("model_settings") or {}
    max_tokens = chosen.get("max_tokens")
    budget = None
    if resolved.local:  # its window is small and known
        max_tokens = local_max_tokens(max_tokens)
        budget = local_room(definition.get("instructions"), max_tokens)
    effort = chosen.get("reasoning_effort")
    settings = ModelSettings(
        temperature=chosen.get("temperature"),
        top_p=chosen.get("top_p"),
        max_tokens=max_tokens,
        parallel_tool_calls=chosen.get("parallel_tool_calls"),
        tool_choice=chosen.get("tool_choice"),
        reasoning=Reasoning(effort=effort) if effort else None,
        extra_args=chosen.get("additional_params") or None,
    )
    return settings, budget
