"""Tools as source of a script for the Agents SDK."""

from collections.abc import Callable, Mapping
from typing import Any

from agent_app.definition.script_source import python_of, text_of
from agent_app.definition.tool_parts import functions
from agent_app.tools.function import GIVEN
from agent_app.tools.sandbox import source

Tool = Mapping[str, Any]
Made = tuple[str, list[str]]


def tool_source(tool: Tool, model: str, names: Mapping[str, str], model_source: Callable[[str], str]) -> Made:
    """The source, empty where a script cannot have it; and what of the tool the script does not do."""
    kind, params, name = tool["type"], tool["params"], tool["name"]
    about = [f"{name}: {each}" for each in _unsaid(tool)]
    if kind == "agent" and (called := names.get(str(params.get("agent_id")))):
        description = tool["description"] or f"Ask {called}."
        return f"{called}.as_tool(tool_name={name!r}, tool_description={description!r})", about
    if kind == "function" and (made := _function(tool)):
        return made, about
    if kind == "llm":
        return _model_tool(tool, model_source), about
    if kind in _HOSTED and _of_openai(model):
        return _HOSTED[kind], about
    return "", [f"the tool {name} ({kind})"]


_HOSTED = {
    "web_search": "WebSearchTool()",
    "code_interpreter": 'CodeInterpreterTool({"type": "code_interpreter", "container": {"type": "auto"}})',
}


def _of_openai(model: str) -> bool:
    """Asked through the Responses API, which is what the SDK does with a bare name."""
    return "/" not in model or model.lower().startswith("openai/")


def _function(tool: Tool) -> str:
    """Empty where rules have changed since its source was saved."""
    code = tool["params"]["code"]
    try:
        main = source.read(code, taken=GIVEN).name
    except source.SourceProblem:
        return ""
    [said] = functions([tool])
    return f"function({said.name!r}, {said.description!r}, {python_of(said.parameters)}, {main!r}, {text_of(code)})"


def _model_tool(tool: Tool, model_source: Callable[[str], str]) -> str:
    [said], params = functions([tool]), tool["params"]
    given = ", ".join(f"{key}={params[key]!r}" for key in ("temperature", "max_tokens") if params.get(key) is not None)
    model = model_source(params.get("model") or "")
    return (
        f"model_tool({said.name!r}, {said.description!r}, {text_of(params['prompt'])}, {model}, ModelSettings({given}))"
    )


def _unsaid(tool: Tool) -> list[str]:
    found = [key for key in ("max_calls", "timeout_s") if tool.get(key) is not None]
    return [*found, "approval"] if tool.get("approval", "never") != "never" else found
