"""Instructions are templates: which variables there are, and what a run puts into them."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from agent_app.expressions import ExpressionError, check_template, paths_of, render

KNOWN = frozenset({"user", "context", "now"})
_OF_USER = frozenset({"name"})


def variables(*, user_name: str, now: datetime, context: Mapping[str, Any]) -> dict[str, Any]:
    return {"user": {"name": user_name}, "now": now.isoformat(sep=" ", timespec="minutes"), "context": dict(context)}


def problems(instructions: str, contexts: Iterable[Mapping[str, Any]]) -> list[str]:
    """What would go wrong when a run fills the instructions in; empty where nothing would.

    Each context must have what is used of it, for a run may choose any; without one nothing of a context can be used.
    """
    if found := check_template(instructions, KNOWN):
        return [_with_example(each) for each in found] if _misspelt(instructions) else found
    known = [(str(each["name"]), each["content"]) for each in contexts]
    messages: dict[str, None] = {}
    for path in sorted(paths_of(instructions), key=str):
        if path[0] == "user" and len(path) > 1 and (path[1] not in _OF_USER or len(path) > 2):
            messages[_("There is no “%(path)s”. Of the user there is: user.name.") % {"path": _dotted(path)}] = None
        elif path[0] == "now" and len(path) > 1:
            messages[_("“now” has no parts.")] = None
        elif path[0] == "context" and len(path) > 1:
            if not known:
                messages[_("“%(path)s” has no value: this agent has no context.") % {"path": _dotted(path)}] = None
            for name, content in known:
                if not _has(content, path[1:]):
                    messages[
                        _("The context “%(name)s” has no “%(path)s”.") % {"name": name, "path": _dotted(path[1:])}
                    ] = None
    return list(messages)


def _misspelt(instructions: str) -> bool:
    """Whether it is no template at all, rather than one that uses what there is not."""
    try:
        paths_of(instructions)
    except ExpressionError as error:
        return error.code == "syntax"
    return False


def _with_example(problem: str) -> str:
    text = _("%(problem)s. A variable is written %(example)s; braces that are meant as text are written %(braces)s.")
    return text % {"problem": problem.rstrip("."), "example": "{{ user.name }}", "braces": '{{ "{{" }}'}


def _dotted(path: Iterable[str | int]) -> str:
    return ".".join(map(str, path))


def _has(value: Any, path: Iterable[str | int]) -> bool:
    for step in path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return False
    return True


def filled(definition: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A definition with its instructions, and those of its targets, filled in. Raises ExpressionError, which names the agent."""
    result = deepcopy(dict(definition))
    for part in (result, *result.get("targets", {}).values()):
        try:
            part["instructions"] = render(part.get("instructions") or "", values)
        except ExpressionError as error:
            where = _("The instructions of %(agent)s cannot be filled in: %(why)s")
            raise ExpressionError(error.code, where % {"agent": part["name"], "why": error.message}) from error
    return result
