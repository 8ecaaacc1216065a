"""Where secrets stand in a tool's params: ``auth.token``, or ``auth.headers.*`` for every member. Pure.

A found place is written the same way, with the member's own name; a dot in a name is written ``~1`` (and ``~`` is ``~0``).
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

Params = dict[str, Any]


def found(params: Mapping[str, Any], pattern: str) -> dict[str, Any]:
    """What stands at ``pattern``, by place; a member that is not there is not in it."""
    at: dict[str, Any] = {"": params}
    for step in pattern.split("."):
        at = {
            f"{place}.{_escaped(name)}".lstrip("."): value
            for place, part in at.items()
            if isinstance(part, Mapping)
            for name, value in part.items()
            if step in ("*", name)
        }
    return at


def fits(place: str, pattern: str) -> bool:
    """Whether a place is one of those that ``pattern`` means."""
    steps, wanted = place.split("."), pattern.split(".")
    return len(steps) == len(wanted) and all(want in ("*", step) for step, want in zip(steps, wanted, strict=True))


def group(pattern: str) -> str:
    """What holds all the members that ``pattern`` means; empty where it means one."""
    return pattern.removesuffix(".*") if pattern.endswith(".*") else ""


def without(params: Mapping[str, Any], places: Iterable[str]) -> Params:
    """A copy with nothing at ``places``."""
    copy = deepcopy(dict(params))
    for place in places:
        *way, last = _steps(place)
        part: Any = copy
        for step in way:
            part = part.get(step) if isinstance(part, dict) else None
        if isinstance(part, dict):
            part.pop(last, None)
    return copy


def with_values(params: Mapping[str, Any], values: Mapping[str, Any]) -> Params:
    """A copy with ``values`` at their places; what leads there is made."""
    copy = deepcopy(dict(params))
    for place, value in values.items():
        *way, last = _steps(place)
        part: Any = copy
        for step in way:
            if not isinstance(part.get(step), dict):
                part[step] = {}
            part = part[step]
        part[last] = value
    return copy


def _steps(place: str) -> list[str]:
    return [step.replace("~1", ".").replace("~0", "~") for step in place.split(".")]


def _escaped(name: Any) -> str:
    return str(name).replace("~", "~0").replace(".", "~1")
