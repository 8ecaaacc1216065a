"""Tools that are Python, and tools that are models."""

import asyncio
import inspect
import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request

import jsonschema
from agents import Agent, CodeInterpreterTool, FileSearchTool, FunctionTool, ModelSettings, Runner, WebSearchTool

from agent_app.engine.exported.templates import TEMPLATES
from agent_app.engine.exported.values import CONTEXT, values
from agent_app.engine.exported.web import ask

# What scripts name beside what is defined here.
USED = (CodeInterpreterTool, FileSearchTool, WebSearchTool)


def tool(
    name: str, description: str, parameters: dict[str, Any], work: Callable[[dict[str, Any]], Any]
) -> FunctionTool:
    """A tool that does this ``work`` with arguments that fit; the model is told what went wrong."""

    async def call(_context: Any, arguments: str) -> str:
        try:
            given = json.loads(arguments or "{}")
            jsonschema.validate(given, {"type": "object", **parameters})
            answer = await asyncio.to_thread(work, given)
            answer = await answer if inspect.isawaitable(answer) else answer
        except jsonschema.ValidationError as error:
            return f"The arguments do not fit: {error.message}"
        except Exception as error:  # noqa: BLE001
            return f"The tool did not work: {error}"
        return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)

    return FunctionTool(name, description, parameters, call, strict_json_schema=False)


def http_get(url: str) -> dict[str, Any]:
    """What function tools may ask the web with. A model may have chosen the address: no file of this machine is one."""
    status, headers, body = ask(Request(url))  # noqa: S310
    return {"status": status, "headers": dict(headers), "text": body.decode(errors="replace")}


def function(name: str, description: str, parameters: dict[str, Any], main: str, code: str) -> FunctionTool:
    """A function of yours. Troupe calls it in a sandbox; here it runs like any other code of this file."""
    namespace: dict[str, Any] = {"context": CONTEXT, "http_get": http_get}
    exec(compile(code, f"{name}.py", "exec"), namespace)  # noqa: S102
    properties = parameters.get("properties", {})
    defaults = {key: schema["default"] for key, schema in properties.items() if "default" in schema}
    return tool(name, description, parameters, lambda given: namespace[main](**{**defaults, **given}))


def model_tool(name: str, description: str, prompt: str, model: Any, settings: ModelSettings) -> FunctionTool:
    """Asks a model that remembers nothing and can do nothing else."""
    thinker = Agent(name=name, model=model, model_settings=settings)

    async def think(asked: str) -> str:
        text = TEMPLATES.from_string(prompt).render(values(), input=asked, message=asked)
        return str((await Runner.run(thinker, text if "input" in prompt else f"{text}\n\n{asked}")).final_output)

    parameters = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    return tool(name, description, parameters, lambda given: think(given["input"]))
