"""Handoffs as people define them: names, filters, payloads, conditions. Pure; ``engine/handoffs.py`` executes them."""

import re
import unicodedata
from typing import Any

from django.utils.translation import gettext as _

from agent_app import conditions, json_schemas

FILTERS = ("all", "last_n", "remove_tools", "summary")
MOST_KEPT = 1000  # messages, for last_n
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def snake_case(name: str) -> str:
    """``name`` in the letters that every provider takes in a tool's name; may be empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    return re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")


def default_tool_name(target_name: str, target_id: str = "") -> str:
    """What the model calls a handoff that has no name of its own."""
    return f"transfer_to_{snake_case(target_name) or target_id.replace('-', '')[-8:] or 'agent'}"[:64].rstrip("_")


def filter_of(value: Any) -> tuple[str, int]:
    """The kind of a stored ``input_filter``, and how many messages ``last_n`` keeps."""
    if isinstance(value, dict):
        return str(value.get("type") or "all"), int(value.get("n") or 0)
    return str(value or "all"), 0


def problems_of(handoff: dict[str, Any]) -> dict[str, list[str]]:
    """Why a handoff cannot be saved, by field; what only the workspace knows (its target) is not looked at."""
    found: dict[str, list[str]] = {}
    if (name := handoff.get("tool_name")) and not (isinstance(name, str) and _TOOL_NAME.match(name)):
        found["tool_name"] = [_("A tool's name has 1 to 64 letters, digits, “_” and “-”.")]
    if problems := _filter_problems(handoff.get("input_filter")):
        found["input_filter"] = problems
    if (schema := handoff.get("payload_schema")) and (problems := _payload_problems(schema)):
        found["payload_schema"] = problems
    if problems := conditions.problems_of(handoff.get("enabled_when")):
        found["enabled_when"] = problems
    return found


def _filter_problems(value: Any) -> list[str]:
    if value is None or (isinstance(value, str) and value in ("", "all", "remove_tools", "summary")):
        return []
    kind = value.get("type") if isinstance(value, dict) else None
    if kind in ("all", "remove_tools", "summary"):
        return []
    if kind != "last_n":
        return [_("This is one of: %(names)s.") % {"names": ", ".join(FILTERS)}]
    kept = value.get("n")
    if isinstance(kept, bool) or not isinstance(kept, int) or not 1 <= kept <= MOST_KEPT:
        return [_("“n” is a number from 1 to %(most)d.") % {"most": MOST_KEPT}]
    return []


def _payload_problems(schema: Any) -> list[str]:
    problems = json_schemas.problems_of(schema)
    if not problems and schema.get("type") != "object":
        return [_("A payload is an object: its schema has “type”: “object”.")]
    return problems
