"""What an agent is made of: its draft, its versions, the document that leaves with it."""

from functools import partial
from typing import Any

from django.db.models import QuerySet

from agent_app import integrations
from agent_app.definition import bundle
from agent_app.definition.choice import DRAFT, find_version
from agent_app.definition.closure import Source, reach
from agent_app.definition.content import complete, draft_content
from agent_app.definition.lint import Suggestion, suggestions
from agent_app.definition.script import Script, script
from agent_app.definition.sources import draft_definition, draft_sources, version_sources
from agent_app.definition.tool_parts import function_names
from agent_app.models import Agent, AgentVersion
from agent_app.selectors.agents import agent_file_rows


def version_rows(agent: Agent) -> QuerySet[AgentVersion]:
    """The versions of an agent, the latest first, without their content."""
    rows = AgentVersion.objects.filter(agent_id=agent.id).select_related("published_by")
    return rows.defer("content", "pins").order_by("-number")


def content_of(agent: Agent, which: int | str, *, pinned: bool) -> dict[str, Any]:
    """The content of a version or the draft; ``pinned``: with the versions of the handoffs' targets. Raises NotFound."""
    if which == DRAFT:
        return draft_content(agent)
    version = find_version(agent, which)
    content = complete(version.content)
    if not pinned:
        return content
    handoffs = [each | {"version": version.pins.get(each["target_agent_id"])} for each in content["handoffs"]]
    return {**content, "handoffs": handoffs}


def sources_of(agent: Agent, which: int | str) -> dict[str, Source]:
    """The content of a version or the draft, and of every agent that its handoffs reach. Raises NotFound."""
    if which == DRAFT:
        return draft_sources(agent)
    version = find_version(agent, which)
    fetch = partial(version_sources, agent.workspace_id)
    return reach(str(agent.id), Source(complete(version.content), version.pins), fetch)


def export_of(agent: Agent, which: int | str) -> dict[str, Any]:
    """The document that another workspace can import."""
    sources = sources_of(agent, which)
    tags = dict(Agent.objects.in_workspace(agent.workspace_id).filter(id__in=sources).values_list("id", "tags"))
    document = bundle.export(str(agent.id), sources, {str(key): value for key, value in tags.items()})
    document["removed"] += [f"{document['agents'][0]['name']}: {each.file.name}" for each in agent_file_rows(agent)]
    return document


def script_of(agent: Agent, which: int | str) -> Script:
    """The same as a script for the Agents SDK."""
    sources = sources_of(agent, which)
    tools = [tool for source in sources.values() for tool in source.content.get("tools") or ()]
    return script(str(agent.id), sources, integrations.ways(agent.workspace_id, tools))


def suggestions_of(agent: Agent) -> list[Suggestion]:
    frozen = draft_definition(agent)
    names = [handoff["tool_name"] for handoff in frozen["handoffs"]]
    names += [target["name"] for target in frozen["targets"].values()]
    names += [name for tool in frozen["tools"] for name in (tool["name"], tool["type"])] + function_names(
        frozen["tools"]
    )
    return suggestions(frozen, names)
