"""An agent as a Python script for the OpenAI Agents SDK. It holds no key: those come from the environment. Pure."""

import json
import keyword
import pprint
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_app.definition.closure import Source
from agent_app.definition.content import default_context

_HEAD = '''"""{title}

Exported from Troupe. Needs: pip install "openai-agents>=0.24" jsonschema jinja2
Run it: python {file} "Your message"
"""

import asyncio
import os
import sys
from datetime import datetime, timezone
from typing import Any

import jinja2
import jsonschema
from agents import (
    Agent, AgentOutputSchemaBase, AsyncOpenAI, HandoffInputData, ModelBehaviorError, ModelSettings, OpenAIChatCompletionsModel, Runner,
    handoff, set_tracing_disabled,
)
from agents.extensions import handoff_filters

set_tracing_disabled(True)  # else prompts and answers are sent to OpenAI's dashboard

CONTEXT: dict[str, Any] = {context}
USER = {{"name": os.environ.get("USER", "you")}}


def instructions(template: str) -> str:
    """Fill in {{{{ user.name }}}}, {{{{ context.… }}}} and {{{{ now }}}}."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    now = datetime.now(timezone.utc).isoformat(sep=" ", timespec="minutes")
    return environment.from_string(template).render(user=USER, context=CONTEXT, now=now)


class JsonOutput(AgentOutputSchemaBase):
    """An answer that fits a JSON Schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def is_plain_text(self) -> bool:
        return False

    def name(self) -> str:
        return "output"

    def json_schema(self) -> dict[str, Any]:
        return self.schema

    def is_strict_json_schema(self) -> bool:
        return False

    def validate_json(self, json_str: str) -> Any:
        import json

        try:
            value = json.loads(json_str)
            jsonschema.validate(value, self.schema)
        except (ValueError, jsonschema.ValidationError) as error:
            raise ModelBehaviorError(str(error)) from error
        return value


def last(number: int) -> Any:
    """Hand over only the last items of the conversation."""

    def keep(data: HandoffInputData) -> HandoffInputData:
        history = data.input_history
        return data.clone(input_history=history if isinstance(history, str) else history[-number:])

    return keep


'''
_MODEL = '''def provider_model(model: str, prefix: str) -> OpenAIChatCompletionsModel:
    """A model of a provider that speaks Chat Completions; PREFIX_API_KEY and PREFIX_BASE_URL say where and with which key."""
    client = AsyncOpenAI(api_key=os.environ.get(f"{prefix}_API_KEY", "missing"), base_url=os.environ.get(f"{prefix}_BASE_URL"))
    return OpenAIChatCompletionsModel(model=model, openai_client=client)


'''
_TAIL = """

async def main() -> None:
    message = " ".join(sys.argv[1:]) or input("Message: ")
    result = await Runner.run({root}, message)
    print(result.final_output)


if __name__ == "__main__":
    asyncio.run(main())
"""
_SETTINGS = ("temperature", "top_p", "max_tokens")


@dataclass(frozen=True)
class Script:
    source: str
    file: str


def script(root_id: str, sources: Mapping[str, Source]) -> Script:
    """The source. What the SDK has no word for stands in comments beside the agent."""
    names = _names(root_id, sources)
    title = sources[root_id].content["name"]
    file = f"{names[root_id]}.py"
    context = default_context(sources[root_id].content)
    parts = [
        _HEAD.format(title=_one_line(title), file=file, context=_python(context["content"] if context else {})),
        _MODEL,
    ]
    parts += [_agent(names[key], source.content) for key, source in sources.items()]
    parts += [_tools(names[key], source.content, names) for key, source in sources.items()]
    parts += [_handoffs(names[key], source.content, names, sources) for key, source in sources.items()]
    return Script("".join(parts).rstrip() + "\n" + _TAIL.format(root=names[root_id]), file)


def _names(root_id: str, sources: Mapping[str, Source]) -> dict[str, str]:
    names: dict[str, str] = {}
    for key in [root_id, *(key for key in sources if key != root_id)]:
        plain = re.sub(r"[^a-z0-9]+", "_", sources[key].content["name"].lower()).strip("_") or "agent"
        name = f"agent_{plain}" if plain[0].isdigit() or keyword.iskeyword(plain) else plain
        free, number = f"{name[:40]}_agent" if not name.endswith("agent") else name, 2
        while free in names.values():
            free, number = f"{name[:40]}_{number}", number + 1
        names[key] = free
    return names


def _one_line(text: str) -> str:
    return " ".join(text.replace("\\", "/").replace('"', "'").split())


def _python(value: Any) -> str:
    return pprint.pformat(value, width=110, sort_dicts=False)


def _agent(name: str, content: Mapping[str, Any]) -> str:
    settings = {key: content["model_settings"].get(key) for key in _SETTINGS}
    known = ", ".join(f"{key}={value!r}" for key, value in settings.items() if value is not None)
    lines = [
        f"{name} = Agent(",
        f"    name={content['name']!r},",
        f"    instructions=instructions({content['instructions']!r}),",
        f"    model={_model(content['model'])},",
    ]
    if content["handoff_description"]:
        lines.append(f"    handoff_description={content['handoff_description']!r},")
    if known:
        lines.append(f"    model_settings=ModelSettings({known}),")
    if (output := content["output_type"]) and "type_name" not in output:
        lines.append(f"    output_type=JsonOutput({_python(output)}),")
    return "".join(f"# {note}\n" for note in _unsaid(content)) + "\n".join([*lines, ")"]) + "\n"


def _model(reference: str) -> str:
    provider, slash, model = reference.partition("/")
    if not reference:
        return 'os.environ.get("MODEL", "gpt-4o-mini")'
    if not slash or provider.lower() == "openai":
        return repr(model or provider)
    prefix = re.sub(r"[^A-Z0-9]+", "_", provider.upper()).strip("_") or "PROVIDER"
    return f"provider_model({model!r}, {prefix!r})"


def _unsaid(content: Mapping[str, Any]) -> list[str]:
    """What of an agent the script does not do."""
    notes = []
    if content["fallback_models"]:
        notes.append(f"Not in this script: fallback models {_one_line(', '.join(content['fallback_models']))}.")
    if content["history"]["policy"] != "all":
        notes.append(f"Not in this script: the history policy {_one_line(json.dumps(content['history']))}.")
    if content["output_type"] and "type_name" in content["output_type"]:
        notes.append(f"Not in this script: the output type {_one_line(json.dumps(content['output_type']))}.")
    unsaid = [tool["name"] for tool in content.get("tools") or () if tool["enabled"] and tool["type"] != "agent"]
    if unsaid:
        notes.append(f"Not in this script: the tools {_one_line(', '.join(unsaid))}.")
    if guardrails := [each["name"] for each in content.get("guardrails") or [] if each["enabled"]]:
        notes.append(f"Not in this script: the guardrails {_one_line(', '.join(guardrails))}.")
    others = sorted(set(content["model_settings"]) - set(_SETTINGS))
    if others:
        notes.append(f"Not in this script: the model settings {_one_line(', '.join(others))}.")
    return notes


def _tools(name: str, content: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The agents that are called as tools; other tools have no word in the SDK, and stand in the notes."""
    lines = []
    for tool in content.get("tools") or ():
        called = names.get(str(tool["params"].get("agent_id"))) if tool["type"] == "agent" and tool["enabled"] else None
        if called:
            description = tool["description"] or f"Ask {called}."
            lines.append(f"    {called}.as_tool(tool_name={tool['name']!r}, tool_description={description!r}),")
    return "\n".join([f"{name}.tools = [", *lines, "]"]) + "\n" if lines else ""


def _handoffs(name: str, content: Mapping[str, Any], names: Mapping[str, str], sources: Mapping[str, Source]) -> str:
    lines = []
    for each in content["handoffs"]:
        if each["target_agent_id"] not in sources:
            continue
        options = [names[each["target_agent_id"]]]
        for option, key in (("tool_name_override", "tool_name"), ("tool_description_override", "tool_description")):
            options += [f"{option}={each[key]!r}"] if each[key] else []
        if isinstance(each["input_filter"], dict):
            options.append(f"input_filter=last({each['input_filter']['n']})")
        elif each["input_filter"] == "remove_tools":
            options.append("input_filter=handoff_filters.remove_all_tools")
        unsaid = [key for key in ("payload_schema", "enabled_when") if each[key]]
        unsaid += ["input_filter: summary"] if each["input_filter"] == "summary" else []
        lines += [f"    # Not in this script: {', '.join(unsaid)}."] if unsaid else []
        lines.append(f"    handoff({', '.join(options)}),")
    return "\n".join([f"{name}.handoffs = [", *lines, "]"]) + "\n" if lines else ""
