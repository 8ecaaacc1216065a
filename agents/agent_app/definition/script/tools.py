"""Tools as source: which types a script can have, and how each is written. What it cannot have stands in a comment."""

from collections.abc import Callable, Mapping
from typing import Any

from agent_app.definition.script import hosted, mcp, requests
from agent_app.definition.script.made import Made, Tool, limited
from agent_app.definition.script.scene import Scene
from agent_app.definition.script.source import call, listed, one_line, text_of
from agent_app.definition.tool_parts import enabled, functions
from agent_app.tools.function import GIVEN
from agent_app.tools.sandbox import source


def tools(name: str, content: Mapping[str, Any], scene: Scene) -> str:
    """The lists of an agent's tools and servers."""
    found: dict[str, list[str]] = {"tools": [], "mcp_servers": []}
    for tool in enabled(list(content.get("tools") or ())):
        made = _made(tool, content, scene)
        where = found["mcp_servers" if made.servers else "tools"]
        where += [f"# Not in this script: {one_line(each)}." for each in made.unsaid]
        where += [*made.tools, *made.servers]
    scene.served += [name] if found["mcp_servers"] else []
    return "".join(listed(f"{name}.{attribute}", lines) for attribute, lines in found.items())


def _made(tool: Tool, content: Mapping[str, Any], scene: Scene) -> Made:
    if tool["type"] in hosted.BY_TYPE:
        return hosted.write(tool, content)
    write = _BY_TYPE.get(tool["type"])
    made = write(tool, scene) if write else Made()
    if not (made.tools or made.servers):
        return Made(unsaid=[f"the tool {tool['name']} ({tool['type']})"])
    if tool.get("max_calls") is not None:
        made.unsaid.insert(0, f"{tool['name']}: max_calls")
    made.tools = [limited(each, tool, scene) for each in made.tools]
    return made


def _agent(tool: Tool, scene: Scene) -> Made:
    if not (called := scene.agents.get(str(tool["params"].get("agent_id")))):
        return Made()
    description = tool["description"] or f"Ask {called}."
    return Made(tools=[call(f"{called}.as_tool", tool_name=tool["name"], tool_description=description)])


def _function(tool: Tool, scene: Scene) -> Made:
    """Nothing where rules have changed since its source was saved."""
    code = tool["params"]["code"]
    try:
        main = source.read(code, taken=GIVEN).name
    except source.SourceProblem:
        return Made()
    [said] = functions([tool])
    return Made(tools=[call("function", said.name, said.description, said.parameters, main, text_of(code))])


def _llm(tool: Tool, scene: Scene) -> Made:
    [said], params = functions([tool]), tool["params"]
    settings = call("ModelSettings", temperature=params.get("temperature"), max_tokens=params.get("max_tokens"))
    model = scene.model(params.get("model") or "")
    return Made(tools=[call("model_tool", said.name, said.description, text_of(params["prompt"]), model, settings)])


_BY_TYPE: Mapping[str, Callable[[Tool, Scene], Made]] = {
    "agent": _agent,
    "function": _function,
    "http": requests.http,
    "llm": _llm,
    "mcp": mcp.server,
    "openapi": requests.openapi,
}
