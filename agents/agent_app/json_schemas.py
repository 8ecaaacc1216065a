"""JSON Schemas that people write: checked when they are saved, and validated against without trusting them.

A schema may not fetch anything (``$ref`` stays inside it), and its patterns are matched by an engine that needs linear time:
whatever stands in it, validating an answer ends. That takes a bounded number of steps: references that double with every level
would never be through.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import orjson
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from agent_app import matching

MAX_SIZE = 32_000  # bytes of JSON
MAX_DEPTH = 20
_MOST_SHOWN = 5
_MOST_STEPS = 200_000  # keywords looked at for one value
_DEEPEST = 150  # keywords looked at within each other: well before Python's own limit, which the registry's code does not survive

Schema = dict[str, Any]


def _check_pattern(validator: Any, pattern: str, instance: Any, schema: Schema) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "string"):
        return
    _spend(len(instance) // 2)
    try:
        [matched] = matching.matches([pattern], instance)
    except matching.TooSlow as error:
        raise _TooManySteps from error
    if not matched:
        yield ValidationError(f"{instance[:80]!r} does not match {pattern!r}")


class _TooManySteps(Exception):
    """Validating takes too long."""


_OF_EACH_TYPE: tuple[Any, ...] = ({}, [], "", 0, True, None)
_steps: ContextVar[int] = ContextVar("steps", default=0)
_depth: ContextVar[int] = ContextVar("depth", default=0)
_Keyword = Callable[[Any, Any, Any, Schema], "Iterator[ValidationError] | None"]


def _spend(steps: int) -> None:
    _steps.set(_steps.get() + steps)
    if _steps.get() > _MOST_STEPS:
        raise _TooManySteps


def _counted(name: str, keyword: _Keyword) -> _Keyword:
    """A keyword that counts how often it is looked at, and how deep."""

    def check(checker: Any, value: Any, instance: Any, schema: Schema) -> Iterator[ValidationError]:
        compares = name == "uniqueItems" and isinstance(instance, list)  # each with each, where they have no order
        _spend(1 + (len(instance) ** 2 // 100 if compares else 0))
        if _depth.get() >= _DEEPEST:
            raise RecursionError
        _depth.set(_depth.get() + 1)
        try:
            yield from keyword(checker, value, instance, schema) or ()
        finally:
            _depth.set(_depth.get() - 1)

    return check


_KEYWORDS = {**Draft202012Validator.VALIDATORS, "pattern": _check_pattern}
_Validator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {name: _counted(name, keyword) for name, keyword in _KEYWORDS.items()}
)


def problems_of(schema: object) -> list[str]:
    """Why ``schema`` cannot be used, in words; nothing where it can."""
    if not isinstance(schema, dict):
        return [_("A JSON Schema is an object.")]
    try:
        size = len(orjson.dumps(schema))
    except (orjson.JSONEncodeError, RecursionError):
        return [_("This is not JSON.")]
    if size > MAX_SIZE:
        return [_("The schema has %(size)d bytes; at most %(most)d are allowed.") % {"size": size, "most": MAX_SIZE}]
    found = list(dict.fromkeys(_refused(schema)))
    if found:
        return found
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path)
        return [_("The schema is not valid at “%(place)s”: %(why)s") % {"place": place, "why": error.message[:200]}]
    try:
        for value in _OF_EACH_TYPE:
            _errors(schema, value)
    except (RecursionError, Unresolvable):
        return [_("A $ref of the schema leads nowhere, or only to itself.")]
    except _TooManySteps:
        return [_("The schema is too large: its references multiply.")]
    return []


def _refused(part: Any, depth: int = 0) -> Iterator[str]:
    if depth > MAX_DEPTH:
        yield _("The schema is nested deeper than %(most)d levels.") % {"most": MAX_DEPTH}
        return
    if isinstance(part, list):
        for each in part:
            yield from _refused(each, depth + 1)
    if not isinstance(part, dict):
        return
    for name in ("$ref", "$dynamicRef"):
        target = part.get(name)
        if isinstance(target, str) and not target.startswith("#"):
            yield _("“%(name)s” may only point into the schema itself (#/$defs/…).") % {"name": name}
    for name in ("patternProperties", "$id", "$schema"):
        if isinstance(part.get(name), dict) or (name == "$id" and isinstance(part.get(name), str) and depth):
            yield _("“%(name)s” cannot be used here.") % {"name": name}
    pattern = part.get("pattern")
    if isinstance(pattern, str) and not matching.usable(pattern):
        yield _("The pattern “%(pattern)s” cannot be used: write it without look-around and references.") % {
            "pattern": pattern[:80]
        }
    for each in part.values():
        yield from _refused(each, depth + 1)


def validator(schema: Schema) -> Any:
    """A validator that fetches nothing."""
    return _Validator(schema, registry=Registry())


def _errors(schema: Schema, value: Any) -> list[ValidationError]:
    token = _steps.set(0)
    try:
        return list(validator(schema).iter_errors(value))
    finally:
        _steps.reset(token)


def errors_in(schema: Schema, value: Any) -> list[str]:
    """What is wrong with ``value``, the most telling first; nothing where it fits."""
    try:
        errors = _errors(schema, value)
    except (RecursionError, Unresolvable, _TooManySteps):
        return [_("The value is nested too deeply.")]
    best = best_match(errors)
    ordered = [best] + [error for error in errors if error is not best] if best is not None else []
    return [_sentence(error) for error in ordered[:_MOST_SHOWN]]


def _sentence(error: ValidationError) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    return f"{place.lstrip('.')}: {error.message[:300]}" if place else error.message[:300]


# Strict: what providers can hold a model to while it writes


_NOT_STRICT = ("oneOf", "allOf", "not", "patternProperties", "if", "dependentSchemas", "unevaluatedProperties")


def loose_parts(schema: Schema, place: str = "") -> list[str]:
    """Why a provider could not enforce ``schema`` strictly: open objects, optional properties, keywords beyond it."""
    found: list[str] = []
    here = place or "/"
    found += [
        _("%(place)s: “%(name)s” is not possible.") % {"place": here, "name": n} for n in _NOT_STRICT if n in schema
    ]
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        names = properties if isinstance(properties, dict) else {}
        if schema.get("additionalProperties") is not False:
            found.append(_("%(place)s: “additionalProperties” must be false.") % {"place": here})
        missing = [name for name in names if name not in (schema.get("required") or [])]
        if missing:
            found.append(
                _("%(place)s: all properties must be required; missing: %(names)s. Let optional ones be null.")
                % {"place": here, "names": ", ".join(missing)}
            )
    for key in ("properties", "$defs", "definitions"):
        for name, part in (schema.get(key) or {}).items():
            found += loose_parts(part, f"{place}/{key}/{name}") if isinstance(part, dict) else []
    for key in ("items", "anyOf", "prefixItems"):
        parts = schema.get(key)
        for number, part in enumerate(parts if isinstance(parts, list) else [parts]):
            found += loose_parts(part, f"{place}/{key}/{number}") if isinstance(part, dict) else []
    return found
