"""An agent as a Python script for the OpenAI Agents SDK. It holds no secret: keys come from the environment. Pure."""

import json
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_app import output_types
from agent_app.definition.bundle import blanked
from agent_app.definition.closure import Source
from agent_app.definition.content import default_context
from agent_app.definition.script_source import one_line, python_of, text_of
from agent_app.definition.script_text import HEAD, MODEL, TAIL
from agent_app.definition.script_tools import tool_source

_SETTINGS = ("temperature", "top_p", "max_tokens", "parallel_tool_calls", "tool_choice")
_SAID = frozenset({*_SETTINGS, "reasoning_effort"})


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
    removed: list[str] = []
    given = python_of(blanked(context["content"] if context else {}, removed))
    said = f"# Secrets were taken out: {one_line(', '.join(removed))}.\n" if removed else ""
    parts = [HEAD.format(title=one_line(title), file=file, context=given, removed=said), MODEL]
    parts += [_agent(names[key], source.content) for key, source in sources.items()]
    parts += [_tools(names[key], source.content, names) for key, source in sources.items()]
    parts += [_handoffs(names[key], source.content, names, sources) for key, source in sources.items()]
    return Script("".join(parts).rstrip() + "\n" + TAIL.format(root=names[root_id]), file)


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


def _agent(name: str, content: Mapping[str, Any]) -> str:
    settings = {key: content["model_settings"].get(key) for key in _SETTINGS}
    known = ", ".join(f"{key}={value!r}" for key, value in settings.items() if value is not None)
    if effort := content["model_settings"].get("reasoning_effort"):
        known = ", ".join(filter(None, [known, f"reasoning=Reasoning(effort={effort!r})"]))
    lines = [
        f"{name} = Agent(",
        f"    name={content['name']!r},",
        f"    instructions=instructions({text_of(content['instructions'])}),",
        f"    model={_model(content['model'])},",
    ]
    if content["handoff_description"]:
        lines.append(f"    handoff_description={content['handoff_description']!r},")
    if known:
        lines.append(f"    model_settings=ModelSettings({known}),")
    if schema := output_types.wire_schema(content["output_type"] or {}):
        wrapper = "" if schema == output_types.schema_for(content["output_type"]) else output_types.WRAPPER
        lines.append(f"    output_type=JsonOutput({python_of(schema)}{f', {wrapper!r}' if wrapper else ''}),")
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
        notes.append(f"Not in this script: fallback models {one_line(', '.join(content['fallback_models']))}.")
    if content["history"]["policy"] != "all":
        notes.append(f"Not in this script: the history policy {one_line(json.dumps(content['history']))}.")
    if guardrails := [each["name"] for each in content.get("guardrails") or [] if each["enabled"]]:
        notes.append(f"Not in this script: the guardrails {one_line(', '.join(guardrails))}.")
    others = sorted({key for key, value in content["model_settings"].items() if value not in (None, {})} - _SAID)
    if others:
        notes.append(f"Not in this script: the model settings {one_line(', '.join(others))}.")
    return notes


def _tools(name: str, content: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The tools that a script can have. Others stand in a comment, with what is said of their calls and approvals."""
    lines: list[str] = []
    for tool in content.get("tools") or ():
        if not tool["enabled"]:
            continue
        made, unsaid = tool_source(tool, content["model"], names, _model)
        lines += [f"    # Not in this script: {one_line(each)}." for each in unsaid]
        lines += [f"    {made},"] if made else []
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
        elif each["input_filter"] == "summary":
            lines.append("    # Not in this script: input_filter: summary.")
        if each["enabled_when"]:
            options.append(f"is_enabled=when({each['enabled_when']!r})")
        made = f"handoff({', '.join(options)})"
        lines.append(
            f"    with_payload({made}, {python_of(each['payload_schema'])}),"
            if each["payload_schema"]
            else f"    {made},"
        )
    return "\n".join([f"{name}.handoffs = [", *lines, "]"]) + "\n" if lines else ""
