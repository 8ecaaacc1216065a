"""What differs between two contents, field by field. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

Change = dict[str, Any]


def changes(before: Any, after: Any) -> list[Change]:
    """``path`` with ``from`` and ``to``. Objects are compared by key, parts of an agent by id, other lists as a whole."""
    return list(_changes("", before, after))


def _changes(path: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            yield from _changes(f"{path}.{key}" if path else key, before.get(key), after.get(key))
    elif _parts(before) and _parts(after) and (before or after):
        old, new = _by_id(before), _by_id(after)
        for part_id in dict.fromkeys([*old, *new]):
            yield from _changes(f"{path}[{part_id}]", old.get(part_id), new.get(part_id))
        kept = [part_id for part_id in new if part_id in old]
        if kept != [part_id for part_id in old if part_id in new]:
            yield {"path": f"{path}.order", "from": list(old), "to": list(new)}
    elif before != after:
        yield {"path": path, "from": before, "to": after}


def _parts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, Mapping) and "id" in part for part in value)


def _by_id(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {str(part["id"]): {name: value for name, value in part.items() if name != "id"} for part in parts}
