"""Agents as source: what they are, and whom they hand over to."""

import keyword
import re
from collections.abc import Mapping
from typing import Any

from agent_app import output_types
from agent_app.auto import AUTO
from agent_app.definition.closure import Source
from agent_app.definition.script import linking
from agent_app.definition.script.scene import Scene
from agent_app.definition.script.source import Code, call, listed, one_line, text_of

_SETTINGS = ("temperature", "top_p", "max_tokens", "parallel_tool_calls", "tool_choice")
_SAID = frozenset({*_SETTINGS, "reasoning_effort"})


def names(root_id: str, sources: Mapping[str, Source]) -> dict[str, str]:
    """Variables for agents, by their ids."""
    found: dict[str, str] = {}
    for key in [root_id, *(key for key in sources if key != root_id)]:
        plain = re.sub(r"[^a-z0-9]+", "_", sources[key].content["name"].lower()).strip("_") or "agent"
        name = f"agent_{plain}" if plain[0].isdigit() or keyword.iskeyword(plain) else plain
        free, number = f"{name[:40]}_agent" if not name.endswith("agent") else name, 2
        while free in found.values() or free in linking.names():
            free, number = f"{name[:40]}_{number}", number + 1
        found[key] = free
    return found


def agent(name: str, content: Mapping[str, Any], scene: Scene) -> str:
    settings = {key: content["model_settings"].get(key) for key in _SETTINGS}
    effort = content["model_settings"].get("reasoning_effort")
    known = call("ModelSettings", **settings, reasoning=call("Reasoning", effort=effort) if effort else None)
    made = call(
        "Agent", name=content["name"], instructions=call("instructions", text_of(content["instructions"])),
        model=_model(content, scene), handoff_description=content["handoff_description"] or None,
        model_settings=known if known != "ModelSettings()" else None, output_type=_output_type(content["output_type"]), room=0,
    )  # fmt: skip
    return "".join(f"# Not in this script: {note}.\n" for note in _unsaid(content)) + f"{name} = {made}\n"


def _model(content: Mapping[str, Any], scene: Scene) -> Code:
    models = [scene.model(each) for each in (content["model"], *content["fallback_models"])]
    return call("Fallbacks", *models) if len(models) > 1 else models[0]


def _output_type(output_type: dict[str, Any] | None) -> Code | None:
    if not (schema := output_types.wire_schema(output_type or {})):
        return None
    wrapped = schema != output_types.schema_for(output_type)
    return call("JsonOutput", schema, *([output_types.WRAPPER] if wrapped else []))


def _unsaid(content: Mapping[str, Any]) -> list[str]:
    """What of an agent the script does not do."""
    notes = []
    if content["model"] == AUTO:
        notes.append("the choice of a model (auto). The one of the environment answers")
    if (history := content["history"])["policy"] != "all":
        said = " ".join([history["policy"], *(str(value) for name, value in history.items() if name != "policy")])
        notes.append(f"the history policy {one_line(said)}: a script is one question and its answer")
    others = sorted({key for key, value in content["model_settings"].items() if value not in (None, {})} - _SAID)
    if others:
        notes.append(f"the model settings {one_line(', '.join(others))}")
    return notes


def handoffs(name: str, content: Mapping[str, Any], scene: Scene) -> str:
    lines: list[str] = []
    for each in content["handoffs"]:
        if (target := scene.agents.get(each["target_agent_id"])) is None:
            continue
        if each["input_filter"] == "summary":
            lines.append("# Not in this script: input_filter: summary. The whole conversation is handed over.")
        made = call(
            "handoff", Code(target), tool_name_override=each["tool_name"] or None,
            tool_description_override=each["tool_description"] or None, input_filter=_filter(each["input_filter"]),
            is_enabled=call("when", each["enabled_when"]) if each["enabled_when"] else None,
        )  # fmt: skip
        lines.append(call("with_payload", made, each["payload_schema"]) if each["payload_schema"] else made)
    return listed(f"{name}.handoffs", lines)


def _filter(said: Any) -> Code | None:
    if isinstance(said, dict):
        return call("last", said["n"])
    return Code("handoff_filters.remove_all_tools") if said == "remove_tools" else None
