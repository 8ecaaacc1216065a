"""Guardrails as source: which kinds a script can have, and how each looks for what. What differs stands in a comment."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from agent_app.definition.script.scene import Scene
from agent_app.definition.script.source import Code, call, listed, one_line, text_of
from agent_app.definition.tool_parts import enabled, functions
from agent_app.guardrails.personal import KINDS
from agent_app.guardrails.registry import BLOCK, INPUT, OUTPUT, PARALLEL, REPLACE, TOOL_INPUT, TOOL_OUTPUT, WARN
from agent_app.tools.registry import ToolFailed
from agent_app.tools.sandbox import source

Guardrail = Mapping[str, Any]
# What Rust's patterns say in a way that Python's do not, or mean otherwise.
_FOREIGN = re.compile(r"\[[^\]]*?(?:\[|&&|--|~~|\|\|)|\\[<>zpPxuUK]\{?|\\b\{|\(\?<\w|\(\?[a-zA-Z-]*[RU]")


def guardrails(name: str, content: Mapping[str, Any], scene: Scene) -> str:
    """The lists of an agent's guardrails, and those around its tools."""
    found: dict[str, list[Code]] = {stage: [] for stage in (INPUT, OUTPUT, TOOL_INPUT, TOOL_OUTPUT)}
    unsaid: list[str] = []
    for each in enabled(list(content.get("guardrails") or ())):
        unsaid += _unsaid(each)
        if check := _check(each, scene):
            found[each["type"]].append(_guard(each, check, content))
        else:
            unsaid.append(f"the guardrail {each['name']} ({each['implementation']})")
    around = found[TOOL_INPUT] + found[TOOL_OUTPUT]
    scene.guards = scene.guards or bool(found[INPUT] or found[OUTPUT])
    lists = [listed(f"{name}.{stage}_guardrails", found[stage]) for stage in (INPUT, OUTPUT)]
    tools = f"{call('guard_tools', Code(name), found[TOOL_INPUT], found[TOOL_OUTPUT])}\n" if around else ""
    return "".join([*(f"# Not in this script: {one_line(each)}.\n" for each in unsaid), *lists, tools])


def _guard(guardrail: Guardrail, check: Code, content: Mapping[str, Any]) -> Code:
    config, stage = guardrail["config"], guardrail["type"]
    made = call(
        "Guard", guardrail["name"], check, message=config.get("message") or None,
        instead=config.get("replacement") or None if _replaces(guardrail) else None,
        warns=True if guardrail["action"] == WARN else None, tools=_tools(set(config.get("tools") or ()), content),
    )  # fmt: skip
    if stage == INPUT:
        return call("input_guard", made, parallel=True if guardrail["mode"] == PARALLEL else None)
    return call("output_guard", made) if stage == OUTPUT else made


def _tools(wanted: set[str], content: Mapping[str, Any]) -> list[str] | None:
    """The functions' names of the tools that a guardrail is about; servers of others call theirs themselves."""
    found: list[str] = []
    for tool in enabled(list(content.get("tools") or ())) if wanted else ():
        with suppress(ToolFailed):  # its source is not allowed any more: then it is not in the script either
            named = {each.name: each.key if tool["type"] == "mcp" else each.name for each in functions([tool])}
            found += [free for name, free in named.items() if wanted.intersection((name, tool["name"]))]
    return found or sorted(wanted) or None


def _replaces(guardrail: Guardrail) -> bool:
    """Whether a script can put something else in the place of what a guardrail stops."""
    return guardrail["action"] == REPLACE and guardrail["type"] in (OUTPUT, TOOL_OUTPUT)


def _unsaid(guardrail: Guardrail) -> list[str]:
    if guardrail["action"] in (BLOCK, WARN) or _replaces(guardrail):
        return []
    return [f"the action {guardrail['action']} of the guardrail {guardrail['name']}. It stops the whole text"]


def _check(guardrail: Guardrail, scene: Scene) -> Code | None:
    write = _BY_KIND.get(guardrail["implementation"])
    return write(guardrail, scene) if write else None


def _pattern(guardrail: Guardrail, scene: Scene) -> Code | None:
    config = guardrail["config"]
    given = [each for each in [config.get("pattern"), *(config.get("patterns") or [])] if each]
    if not all(map(_known_to_python, given)):
        return None
    return call(
        "pattern", given, ignore_case=config.get("ignore_case") or None, must_match=config.get("must_match") or None
    )


def _known_to_python(pattern: str) -> bool:
    if _FOREIGN.search(pattern):
        return False
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _keywords(guardrail: Guardrail, scene: Scene) -> Code:
    config = guardrail["config"]
    return call(
        "keywords", config["keywords"], whole_words=None if config.get("whole_words", True) else False,
        case_sensitive=config.get("case_sensitive") or None,
    )  # fmt: skip


def _personal(guardrail: Guardrail, scene: Scene) -> Code:
    return call("personal_data", list(guardrail["config"].get("kinds") or KINDS))


def _secrets(guardrail: Guardrail, scene: Scene) -> Code:
    return call("keys_and_passwords")


def _links(guardrail: Guardrail, scene: Scene) -> Code:
    config = guardrail["config"]
    only = "allow" in config or not config.get("deny")  # no list at all: no link at all
    return call(
        "links", allow=config.get("allow") or [] if only else None, deny=config.get("deny") or None,
        schemes=config.get("schemes") or None,
    )  # fmt: skip


_LIMITS = ("max_characters", "max_words", "max_tokens", "min_characters")


def _length(guardrail: Guardrail, scene: Scene) -> Code:
    limits = {name: value for name, value in guardrail["config"].items() if name in _LIMITS and value}
    return call("length", **limits)


def _schema(guardrail: Guardrail, scene: Scene) -> Code:
    return call("json_form", guardrail["config"]["schema"])


def _function(guardrail: Guardrail, scene: Scene) -> Code | None:
    """None where rules have changed since its source was saved."""
    code = guardrail["config"]["code"]
    try:
        main = source.read(code, taken=("context",)).name
    except source.SourceProblem:
        return None
    return call("code", main, text_of(code), passes_on_error=_open(guardrail))


def _judge(guardrail: Guardrail, scene: Scene) -> Code | None:
    judge = scene.agents.get(str(guardrail["config"].get("agent_id")))
    return call("judge", Code(judge), guardrail["type"], passes_on_error=_open(guardrail)) if judge else None


def _open(guardrail: Guardrail) -> bool | None:
    return True if guardrail["config"].get("on_error") == "pass" else None


_BY_KIND: Mapping[str, Callable[[Guardrail, Scene], Code | None]] = {
    "agent": _judge,
    "function": _function,
    "keywords": _keywords,
    "length": _length,
    "pii": _personal,
    "regex": _pattern,
    "schema": _schema,
    "secrets": _secrets,
    "url": _links,
}
