"""Changes of a definition in words, for people."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_LABELS = {
    "name": gettext_lazy("Name"), "description": gettext_lazy("Description"), "instructions": gettext_lazy("Instructions"),
    "model": gettext_lazy("Model"), "model_settings": gettext_lazy("Model settings"), "output_type": gettext_lazy("Output type"),
    "handoff_description": gettext_lazy("When others hand over to it"), "fallback_models": gettext_lazy("Fallback models"),
    "history": gettext_lazy("Memory"), "starters": gettext_lazy("Conversation starters"), "metadata": gettext_lazy("Metadata"),
    "handoffs": gettext_lazy("Handoff"), "contexts": gettext_lazy("Context"), "temperature": gettext_lazy("Temperature"),
    "top_p": gettext_lazy("Top p"), "max_tokens": gettext_lazy("Longest answer, tokens"), "version": gettext_lazy("Version"),
    "tool_name": gettext_lazy("Tool name"), "tool_description": gettext_lazy("Tool description"),
    "input_filter": gettext_lazy("What goes along"), "payload_schema": gettext_lazy("Payload"),
    "preference": gettext_lazy("Automatic selection looks for"),
    "reasoning_effort": gettext_lazy("Reasoning effort"), "cache_ttl": gettext_lazy("Keep answers, seconds"),
    "tools": gettext_lazy("Tool"), "type": gettext_lazy("Type"), "params": gettext_lazy("Settings"),
    "approval": gettext_lazy("Approval"), "max_calls": gettext_lazy("Calls in a run"), "timeout_s": gettext_lazy("Time limit"),
    "enabled": gettext_lazy("In use"), "tool_id": gettext_lazy("Tool of the library"), "credential_id": gettext_lazy("Secrets"),
    "guardrails": gettext_lazy("Guardrail"), "implementation": gettext_lazy("Kind"), "config": gettext_lazy("Settings"),
    "action": gettext_lazy("Action"), "mode": gettext_lazy("Way of checking"), "hold_until_checked": gettext_lazy("Hold until checked"),
    "parameters": gettext_lazy("Arguments"), "changes_state": gettext_lazy("Changes state"), "method": gettext_lazy("Method"),
    "path": gettext_lazy("Path"), "server": gettext_lazy("Server"),
    "enabled_when": gettext_lazy("Condition"), "content": gettext_lazy("Values"), "is_default": gettext_lazy("Default"),
}  # fmt: skip
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[]+)")
_CONTEXT_LINES = 2


@dataclass(frozen=True)
class Shown:
    """One change. ``lines`` are pairs of a sign (``+``, ``-`` or none) and a text."""

    label: str
    lines: list[tuple[str, str]]


def shown(changes: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> list[Shown]:
    """``names`` are those of parts and agents, by id."""
    return [Shown(_label(str(each["path"]), names), _lines(each["from"], each["to"], names)) for each in changes]


def _label(path: str, names: Mapping[str, str]) -> str:
    words = []
    for part_id, field in _STEP.findall(path):
        words.append(names.get(part_id, "…") if part_id else str(_LABELS.get(field, field)))
    return " · ".join(words)


def _lines(before: Any, after: Any, names: Mapping[str, str]) -> list[tuple[str, str]]:
    old, new = _text(before, names).splitlines(), _text(after, names).splitlines()
    found: list[tuple[str, str]] = []
    for line in difflib.unified_diff(old, new, lineterm="", n=_CONTEXT_LINES):
        if line.startswith(("---", "+++")) and not found:
            continue
        if line.startswith("@@"):
            if found:
                found.append(("", "…"))
            continue
        found.append((line[0].strip(), line[1:]))
    return found


def _text(value: Any, names: Mapping[str, str]) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        value = {key: names.get(part, part) if key == "target_agent_id" else part for key, part in value.items()}
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
