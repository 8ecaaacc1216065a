"""Tools that OpenAI runs itself as source, set as the engine sets them."""

from collections.abc import Callable, Mapping
from typing import Any

from agent_app import hosted
from agent_app.definition.script.made import Made, Tool
from agent_app.definition.script.scene import Scene
from agent_app.definition.script.source import Code, call
from agent_app.definition.tool_parts import enabled


def write(tool: Tool, content: Mapping[str, Any]) -> Made:
    """Where nothing of the tool asks for ours, and no model that stands in is another's."""
    name, guardrails = tool["name"], enabled(list(content.get("guardrails") or ()))
    asked = all(map(Scene.of_openai, (content["model"], *content["fallback_models"])))
    if not asked or hosted.wanted(tool) == hosted.NEVER or hosted.own_reason(tool, guardrails):
        return Made(unsaid=[f"the tool {name} ({tool['type']})"])
    limits = [each for each in ("max_calls", "timeout_s") if tool.get(each) is not None]
    return Made(tools=[BY_TYPE[tool["type"]](tool["params"])], unsaid=[f"{name}: {each}" for each in limits])


def _web_search(params: Mapping[str, Any]) -> Code:
    wished, region = int(params.get("max_search_results") or 5), params.get("region")
    domains = [each.removeprefix("*.") for each in params.get("domains") or ()]
    return call(
        "WebSearchTool",
        search_context_size="low" if wished <= 3 else "high" if wished > 8 else None,
        filters={"allowed_domains": domains} if domains else None,
        user_location={"type": "approximate", "country": region.upper()} if region else None,
    )


def _code_interpreter(params: Mapping[str, Any]) -> Code:
    return call("CodeInterpreterTool", {"type": "code_interpreter", "container": {"type": "auto"}})


def _file_search(params: Mapping[str, Any]) -> Code:
    least = params.get("score_threshold")
    return call(
        "FileSearchTool",
        list(params["vector_store_ids"]),
        max_num_results=params.get("max_num_results"),
        ranking_options=None if least is None else {"score_threshold": float(least)},
    )


BY_TYPE: Mapping[str, Callable[[Mapping[str, Any]], Code]] = {
    "code_interpreter": _code_interpreter,
    "file_search": _file_search,
    "web_search": _web_search,
}
