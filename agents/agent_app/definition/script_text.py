"""What scripts of exported agents begin and end with: what the Agents SDK has no word for, in as few lines as it takes."""

HEAD = '''"""{title}

Exported from Troupe. Needs: pip install "openai-agents>=0.24" jsonschema jinja2
Run it: python {file} "Your message"
"""

import asyncio
import inspect
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from urllib.request import urlopen

import jinja2
import jsonschema
from agents import (
    Agent, AgentOutputSchemaBase, AsyncOpenAI, CodeInterpreterTool, FunctionTool, Handoff, HandoffInputData, ModelBehaviorError,
    ModelSettings, OpenAIChatCompletionsModel, Runner, WebSearchTool, handoff, set_tracing_disabled,
)
from agents.extensions import handoff_filters
from openai.types.shared import Reasoning

set_tracing_disabled(True)  # else prompts and answers are sent to OpenAI's dashboard

{removed}CONTEXT: dict[str, Any] = {context}
USER = {{"name": os.environ.get("USER", "you")}}


ENVIRONMENT = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)


def values() -> dict[str, Any]:
    return {{"user": USER, "context": CONTEXT, "now": datetime.now(timezone.utc).isoformat(sep=" ", timespec="minutes")}}


def instructions(template: str) -> str:
    """Fill in {{{{ user.name }}}}, {{{{ context.… }}}} and {{{{ now }}}}."""
    return ENVIRONMENT.from_string(template).render(values())


class JsonOutput(AgentOutputSchemaBase):
    """An answer that fits a JSON Schema; of one with a ``wrapper`` only what stands in it is meant."""

    def __init__(self, schema: dict[str, Any], wrapper: str = "") -> None:
        self.schema, self.wrapper = schema, wrapper

    def is_plain_text(self) -> bool:
        return False

    def name(self) -> str:
        return "output"

    def json_schema(self) -> dict[str, Any]:
        return self.schema

    def is_strict_json_schema(self) -> bool:
        return False

    def validate_json(self, json_str: str) -> Any:
        try:
            value = json.loads(json_str)
            jsonschema.validate(value, self.schema)
        except (ValueError, jsonschema.ValidationError) as error:
            raise ModelBehaviorError(str(error)) from error
        return value[self.wrapper] if self.wrapper else value


def last(number: int) -> Any:
    """Hand over only the last items of the conversation."""

    def keep(data: HandoffInputData) -> HandoffInputData:
        history = data.input_history
        return data.clone(input_history=history if isinstance(history, str) else history[-number:])

    return keep


def when(expression: str) -> Callable[..., bool]:
    """Offer a handoff only where this holds."""
    return lambda _context, _agent: bool(ENVIRONMENT.compile_expression(expression, undefined_to_none=False)(values()))


def with_payload(made: Handoff[Any, Any], schema: dict[str, Any]) -> Handoff[Any, Any]:
    """The model says this when it hands over; the next agent reads it in the conversation."""
    made.input_json_schema, made.strict_json_schema = schema, False
    return made


def http_get(url: str) -> dict[str, Any]:
    """What function tools may ask the web with. A model may have chosen the address: no file of this machine is one."""
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError("Only addresses that begin with http:// or https:// can be asked.")
    with urlopen(url, timeout=60) as answer:
        return {{"status": answer.status, "headers": dict(answer.headers), "text": answer.read().decode(errors="replace")}}


def function(name: str, description: str, parameters: dict[str, Any], main: str, code: str) -> FunctionTool:
    """A function of yours. Troupe calls it in a sandbox; here it runs like any other code of this file."""
    namespace: dict[str, Any] = {{"context": CONTEXT, "http_get": http_get}}
    exec(compile(code, f"{{name}}.py", "exec"), namespace)
    defaults = {{key: schema["default"] for key, schema in parameters.get("properties", {{}}).items() if "default" in schema}}

    async def call(_context: Any, arguments: str) -> str:
        given = {{**defaults, **json.loads(arguments or "{{}}")}}
        answer = await asyncio.to_thread(lambda: namespace[main](**given))
        answer = await answer if inspect.isawaitable(answer) else answer
        return answer if isinstance(answer, str) else json.dumps(answer)

    return FunctionTool(name, description, parameters, call, strict_json_schema=False)


def model_tool(name: str, description: str, prompt: str, model: Any, settings: ModelSettings) -> FunctionTool:
    """Asks a model that remembers nothing and can do nothing else."""
    thinker = Agent(name=name, model=model, model_settings=settings)

    async def call(_context: Any, arguments: str) -> str:
        asked = json.loads(arguments)["input"]
        text = ENVIRONMENT.from_string(prompt).render(values(), input=asked, message=asked)
        return str((await Runner.run(thinker, text if "input" in prompt else f"{{text}}\\n\\n{{asked}}")).final_output)

    parameters = {{"type": "object", "properties": {{"input": {{"type": "string"}}}}, "required": ["input"]}}
    return FunctionTool(name, description, parameters, call, strict_json_schema=False)


'''
MODEL = '''def provider_model(model: str, prefix: str) -> OpenAIChatCompletionsModel:
    """A model of a provider that speaks Chat Completions; PREFIX_API_KEY and PREFIX_BASE_URL say where and with which key."""
    client = AsyncOpenAI(api_key=os.environ.get(f"{prefix}_API_KEY", "missing"), base_url=os.environ.get(f"{prefix}_BASE_URL"))
    return OpenAIChatCompletionsModel(model=model, openai_client=client)


'''
TAIL = """

async def main() -> None:
    message = " ".join(sys.argv[1:]) or input("Message: ")
    result = await Runner.run({root}, message)
    print(result.final_output)


if __name__ == "__main__":
    asyncio.run(main())
"""
