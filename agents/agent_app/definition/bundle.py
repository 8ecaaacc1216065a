"""Agents as a document that another workspace can import: no ids of ours, no secrets, and a list of what was taken out. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from agent_app.definition.closure import Source
from agent_app.definition.content import FIELDS, complete
from config.lib.errors import InvalidInput

FORMAT = "troupe.agents"
FORMAT_VERSION = 1
MOST = 50
# Free JSON, where people put what they like.
_FREE = ("metadata", "model_settings", "contexts", "params")
_SECRET = re.compile(
    r"(^|[_-])(api[_-]?key|authorization|cookie|password|private[_-]?key|secret|token)$", re.IGNORECASE
)
_KNOWN = frozenset({*FIELDS, "tags", "contexts", "tools", "guardrails"})
_LABELS = frozenset({"key", "version", "handoffs"})


def export(root_id: str, sources: Mapping[str, Source], tags: Mapping[str, list[str]]) -> dict[str, Any]:
    """The root first, then every agent that its handoffs, tools and guardrails reach."""
    removed: list[str] = []
    ordered = [root_id, *(key for key in sources if key != root_id)]
    agents = [
        _agent(key, sources[key].content, tags.get(key, []), f"agents[{place}]", removed)
        for place, key in enumerate(ordered)
    ]
    return {"format": FORMAT, "format_version": FORMAT_VERSION, "agents": agents, "removed": removed}


def _agent(key: str, said: Mapping[str, Any], tags: list[str], path: str, removed: list[str]) -> dict[str, Any]:
    content = complete(said)
    plain = {name: _without_secrets(content[name], f"{path}.{name}", removed, name in _FREE) for name in FIELDS}
    contexts = [{name: value for name, value in each.items() if name != "id"} for each in content["contexts"]]
    handoffs = [
        {"target": each["target_agent_id"]}
        | {name: value for name, value in each.items() if name not in ("id", "target_agent_id")}
        for each in content["handoffs"]
    ]
    guardrails = [
        {name: value for name, value in each.items() if name not in ("id", "credential_id")}
        for each in content["guardrails"]
    ]
    removed += [
        f"{path}.guardrails[{each['name']}].credential" for each in content["guardrails"] if each["credential_id"]
    ]
    return {
        "guardrails": _without_secrets(guardrails, f"{path}.guardrails", removed, True),
        "key": key, **plain, "tags": tags, "contexts": _without_secrets(contexts, f"{path}.contexts", removed, True), "handoffs": handoffs,
        "tools": [_tool(tool, f"{path}.tools[{place}]", removed) for place, tool in enumerate(content.get("tools") or [])],
    }  # fmt: skip


def _tool(tool: Mapping[str, Any], path: str, removed: list[str]) -> dict[str, Any]:
    """Complete, also where it is one of the library; without its credential."""
    if tool.get("credential_id"):
        removed.append(f"{path}.credential")
    params = dict(tool["params"])
    if params.pop("integration", None):
        removed.append(f"{path}.params.integration")
    plain = {name: value for name, value in tool.items() if name not in ("id", "tool_id", "credential_id")}
    return plain | {"params": _without_secrets(params, f"{path}.params", removed, True)}


def is_secret(name: str) -> bool:
    """Whether what is called so is one."""
    return _SECRET.search(name) is not None


def blanked(value: Any, removed: list[str], path: str = "") -> Any:
    """With empty text where a name says that it is a secret; ``removed`` is told where."""
    if isinstance(value, list):
        return [blanked(part, removed, f"{path}[{place}]") for place, part in enumerate(value)]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, part in value.items():
        place = f"{path}.{name}".lstrip(".")
        secret = isinstance(part, str) and is_secret(name)
        removed += [place] if secret else []
        kept[name] = "" if secret else blanked(part, removed, place)
    return kept


def _without_secrets(value: Any, path: str, removed: list[str], free: bool) -> Any:
    if not free:
        return value
    if isinstance(value, list):
        return [_without_secrets(part, f"{path}[{place}]", removed, free) for place, part in enumerate(value)]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, part in value.items():
        if isinstance(part, str) and is_secret(name):
            removed.append(f"{path}.{name}")
        else:
            kept[name] = _without_secrets(part, f"{path}.{name}", removed, free)
    return kept


@dataclass
class Imported:
    """One agent of a document: ``fields`` are still to be validated, ``left_out`` says what nothing here stands for."""

    key: str
    path: str
    fields: dict[str, Any]
    handoffs: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)


def read(document: Any) -> list[Imported]:
    """The agents of a document, the root first. Raises InvalidInput where it is none of ours."""
    agents = document.get("agents") if isinstance(document, dict) else None
    if not isinstance(agents, list) or document.get("format") != FORMAT or not 1 <= len(agents) <= MOST:
        raise _not_ours(_("This is not an export of agents."))
    if document.get("format_version") != FORMAT_VERSION:
        raise _not_ours(_("This export was made by another release, whose format is not known here."))
    if not all(isinstance(agent, dict) for agent in agents):
        raise _not_ours(_("An agent is an object."))
    found = [_read(agent, place) for place, agent in enumerate(agents)]
    if len({each.key for each in found}) < len(found):
        raise _not_ours(_("Two agents have the same key."))
    return found


def _read(agent: dict[str, Any], place: int) -> Imported:
    path = f"agents[{place}]"
    handoffs = agent.get("handoffs") or []
    if not isinstance(handoffs, list) or not all(isinstance(each, dict) and each.get("target") for each in handoffs):
        raise _not_ours(_("%(path)s: a handoff is an object with a target.") % {"path": path})
    fields = {name: value for name, value in agent.items() if name in _KNOWN}
    why = _("Nothing of this kind can be imported.")
    left_out = [{"path": f"{path}.{name}", "why": why} for name in sorted(agent.keys() - _KNOWN - _LABELS)]
    return Imported(str(agent.get("key") or place), path, fields, handoffs, left_out)


def _not_ours(why: str) -> InvalidInput:
    return InvalidInput(_("The document cannot be imported."), errors={"document": [why]})
