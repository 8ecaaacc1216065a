"""Output types: what an agent's answer must look like. A library of common ones, and people's own JSON Schemas.

An output type is stored as ``{"type_name": …, …options}``, as a bare JSON Schema, or as None (text). Pure: no models, no SDK.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import json_schemas
from agent_app.json_schemas import Schema

MAX_ANSWER = 256_000  # characters of a structured answer
WRAPPER = "response"  # providers want an object at the root; other values are sent inside this

OutputType = dict[str, Any]


class InvalidOutput(ValueError):
    """An answer that is not what the output type asks for. ``problems`` are sentences, the most telling first."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One entry of the library. ``options`` is the JSON Schema of what it is asked with, ``example`` a filled one."""

    name: str
    title: str | Promise
    description: str | Promise
    options: Schema
    example: dict[str, Any]
    answer: Any
    schema: Callable[[dict[str, Any]], Schema | None]


def _object(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _options(properties: dict[str, Schema], required: list[str]) -> Schema:
    return _object(properties) | {"required": required}


_REASON = {"type": "string", "description": "Why, in one or two sentences."}
_NAME = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,59}$"}
_FIELD_TYPES: dict[str, Schema] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "description": "A date: YYYY-MM-DD.", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "list": {"type": "array", "items": {"type": "string"}},
}
_FIELDS = {
    "type": "array",
    "minItems": 1,
    "maxItems": 50,
    "items": _options(
        {
            "name": _NAME,
            "type": {"enum": list(_FIELD_TYPES)},
            "description": {"type": "string", "maxLength": 300},
            "required": {"type": "boolean"},
        },
        ["name"],
    ),
}


def _field(field: dict[str, Any]) -> Schema:
    schema = dict(_FIELD_TYPES[field.get("type", "text")])
    if field.get("description"):
        schema["description"] = field["description"]
    if field.get("required", True):
        return schema
    return schema | {"type": [schema["type"], "null"]}


def _record(fields: list[dict[str, Any]]) -> Schema:
    return _object({field["name"]: _field(field) for field in fields})


def _classification(options: dict[str, Any]) -> Schema:
    label = {"type": "string", "enum": list(options["labels"])}
    chosen = {"labels": {"type": "array", "items": label}} if options.get("multiple") else {"label": label}
    return _object(chosen | ({"reason": _REASON} if options.get("reason") else {}))


def _list(options: dict[str, Any]) -> Schema:
    items: Schema = {"type": "array", "items": _FIELD_TYPES[options.get("items", "text")]}
    items |= {"maxItems": options["max_items"]} if "max_items" in options else {}
    return _object({"items": items})


def _score(options: dict[str, Any]) -> Schema:
    number: Schema = {"type": "number" if options.get("decimals") else "integer"}
    number |= {"minimum": options.get("minimum", 0), "maximum": options.get("maximum", 10)}
    return _object({"score": number} | ({"reason": _REASON} if options.get("reason", True) else {}))


_LIBRARY = (
    Kind(
        name="text", title=gettext_lazy("Text"), description=gettext_lazy("A free answer, as in a conversation."),
        options=_options({}, []), example={}, answer="Good morning!", schema=lambda options: None,
    ),
    Kind(
        name="classification", title=gettext_lazy("Classification"),
        description=gettext_lazy("One of your labels, or several of them."),
        options=_options(
            {
                "labels": {
                    "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 100},
                    "minItems": 2, "maxItems": 100, "uniqueItems": True,
                },
                "multiple": {"type": "boolean"},
                "reason": {"type": "boolean"},
            },
            ["labels"],
        ),
        example={"labels": ["question", "complaint", "praise"]}, answer={"label": "complaint"}, schema=_classification,
    ),
    Kind(
        name="extraction", title=gettext_lazy("Extraction"),
        description=gettext_lazy("Named fields, read out of a text. A field that is not required may be empty."),
        options=_options({"fields": _FIELDS}, ["fields"]),
        example={"fields": [{"name": "order", "type": "text"}, {"name": "sent", "type": "date", "required": False}]},
        answer={"order": "HO-48990", "sent": "2026-01-31"}, schema=lambda options: _record(options["fields"]),
    ),
    Kind(
        name="list", title=gettext_lazy("List"), description=gettext_lazy("A list of texts, numbers or dates."),
        options=_options(
            {
                "items": {"enum": ["text", "number", "integer", "boolean", "date"]},
                "max_items": {"type": "integer", "minimum": 1, "maximum": 1000},
            },
            [],
        ),
        example={"items": "text"}, answer={"items": ["milk", "bread"]}, schema=_list,
    ),
    Kind(
        name="score", title=gettext_lazy("Score"), description=gettext_lazy("A number between two bounds, with its reason."),
        options=_options(
            {
                "minimum": {"type": "number"}, "maximum": {"type": "number"}, "decimals": {"type": "boolean"},
                "reason": {"type": "boolean"},
            },
            [],
        ),
        example={"minimum": 0, "maximum": 10}, answer={"score": 7, "reason": "Clear, but too long."}, schema=_score,
    ),
    Kind(
        name="yes_no", title=gettext_lazy("Yes or no"), description=gettext_lazy("A decision and its reason."),
        options=_options({}, []), example={}, answer={"answer": True, "reason": "The invoice is paid."},
        schema=lambda options: _object({"answer": {"type": "boolean"}, "reason": _REASON}),
    ),
    Kind(
        name="table", title=gettext_lazy("Table"), description=gettext_lazy("Rows that all have your columns."),
        options=_options({"columns": _FIELDS}, ["columns"]),
        example={"columns": [{"name": "item", "type": "text"}, {"name": "price", "type": "number"}]},
        answer={"rows": [{"item": "tent", "price": 120}]},
        schema=lambda options: _object({"rows": {"type": "array", "items": _record(options["columns"])}}),
    ),
    Kind(
        name="json_schema", title=gettext_lazy("Own JSON Schema"),
        description=gettext_lazy("Whatever your schema says. Strict: the provider holds the model to it while it writes."),
        options=_options({"schema": {"type": "object"}, "strict": {"type": "boolean"}}, ["schema"]),
        example={"schema": _object({"title": {"type": "string"}}), "strict": True}, answer={"title": "Tents"},
        schema=lambda options: options["schema"],
    ),
)  # fmt: skip
_BY_NAME = {kind.name: kind for kind in _LIBRARY}


# The library


def available() -> list[dict[str, Any]]:
    """All entries of the library as the API answers them."""
    return [_described(kind) for kind in _LIBRARY]


def describe(type_name: str) -> dict[str, Any] | None:
    kind = _BY_NAME.get(type_name)
    return _described(kind) if kind else None


def _described(kind: Kind) -> dict[str, Any]:
    return {
        "type_name": kind.name, "title": str(kind.title), "description": str(kind.description), "options": kind.options,
        "example": {"type_name": kind.name, **kind.example}, "schema": kind.schema(kind.example), "answer": kind.answer,
    }  # fmt: skip


def check(output_type: object) -> list[str]:
    """Why ``output_type`` cannot be saved, in words; nothing where it can."""
    if output_type is None:
        return []
    if not isinstance(output_type, dict):
        return [_('An output type is an object: {"type_name": …}, or a JSON Schema.')]
    if "type_name" not in output_type:
        return json_schemas.problems_of(output_type) or _without_meaning(output_type)
    kind = _BY_NAME.get(output_type["type_name"]) if isinstance(output_type["type_name"], str) else None
    if kind is None:
        return [_("There is no such output type. Choose one of: %(names)s.") % {"names": ", ".join(_BY_NAME)}]
    options = _options_of(output_type)
    problems = json_schemas.errors_in(kind.options, options)
    return problems or _contradictions(kind, options)


def _without_meaning(schema: Schema) -> list[str]:
    known = {"type", "properties", "anyOf", "oneOf", "allOf", "enum", "const", "$ref", "items"}
    return [] if known & schema.keys() else [_("The schema says nothing: give it a “type”.")]


def _contradictions(kind: Kind, options: dict[str, Any]) -> list[str]:
    fields = options.get("fields") or options.get("columns") or []
    names = [field["name"] for field in fields]
    if len(set(names)) != len(names):
        return [_("Two fields have the same name.")]
    if kind.name == "score" and options.get("minimum", 0) >= options.get("maximum", 10):
        return [_("The lowest score must be below the highest.")]
    if kind.name == "json_schema":
        problems = json_schemas.problems_of(options["schema"]) or _without_meaning(options["schema"])
        if not problems and options.get("strict"):
            problems = json_schemas.loose_parts(options["schema"])
        return problems
    return []


def _options_of(output_type: OutputType) -> dict[str, Any]:
    return {name: value for name, value in output_type.items() if name != "type_name"}


# What is asked of the model, and what is made of its answer


def schema_for(output_type: OutputType | None) -> Schema | None:
    """The JSON Schema of the answer's value; None for text. The output type has been checked."""
    if not output_type:
        return None
    if "type_name" not in output_type:
        return output_type
    return _BY_NAME[output_type["type_name"]].schema(_options_of(output_type))


def is_strict(output_type: OutputType) -> bool:
    """Whether the provider shall hold the model to the schema: as it was asked, else where the schema allows it."""
    asked = output_type.get("strict") if output_type.get("type_name") == "json_schema" else None
    schema = schema_for(output_type)
    return bool(asked) if asked is not None else schema is not None and not json_schemas.loose_parts(schema)


def _wrapped(schema: Schema) -> bool:
    return schema.get("type") != "object" and "properties" not in schema


def wire_schema(output_type: OutputType) -> Schema | None:
    """The schema as it is sent: an object at the root, whatever the value is."""
    schema = schema_for(output_type)
    if schema is None or not _wrapped(schema):
        return schema
    inner = {name: part for name, part in schema.items() if name not in ("$defs", "definitions")}
    shared = {name: schema[name] for name in ("$defs", "definitions") if name in schema}
    return _object({WRAPPER: inner}) | shared


def parse(output_type: OutputType, text: str) -> Any:
    """The value of an answer. Raises InvalidOutput."""
    schema = schema_for(output_type)
    if schema is None:
        return text
    if len(text) > MAX_ANSWER:
        raise InvalidOutput([_("The answer is longer than %(most)d characters.") % {"most": MAX_ANSWER}])
    try:
        value = orjson.loads(_without_fence(text))
    except orjson.JSONDecodeError as error:
        raise InvalidOutput([_("The answer is not JSON: %(why)s") % {"why": error}]) from error
    if _wrapped(schema) and isinstance(value, dict) and value.keys() == {WRAPPER}:
        value = value[WRAPPER]
    problems = json_schemas.errors_in(schema, value)
    if problems:
        raise InvalidOutput(problems)
    return _storable(value) if "\\u0000" in text else value


def _storable(value: Any) -> Any:
    """Without the one character that the database cannot keep."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_storable(part) for part in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(part) for name, part in value.items()}
    return value


def _without_fence(text: str) -> str:
    """Weak models put JSON into a Markdown code block."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].strip()
        text = text.removeprefix("json").strip()
    return text
