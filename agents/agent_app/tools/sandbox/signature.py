"""What a function of somebody's source takes: a JSON Schema from its annotations and its docstring. Read, never executed. Pure."""

import ast
import math
import re
from dataclasses import dataclass
from typing import Any

from agent_app.json_schemas import Schema

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_SIMPLE: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "list": {"type": "array"},
    "tuple": {"type": "array"},
    "set": {"type": "array"},
    "frozenset": {"type": "array"},
    "dict": {"type": "object"},
    "None": {"type": "null"},
}
_LISTS = frozenset({"list", "set", "frozenset", "List", "Set", "Sequence", "Iterable", "Collection"})
_DICTS = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
_SECTION = re.compile(r"^\s*(args|arguments|parameters|params)\s*:\s*$", re.IGNORECASE)
_OTHER_SECTION = re.compile(r"^\s*(returns?|raises?|yields?|examples?|notes?)\s*:\s*", re.IGNORECASE)
_ENTRY = re.compile(r"^(?P<indent>\s+)\*{0,2}(?P<name>\w+)\s*(?:\([^)]*\))?\s*:\s*(?P<text>.*)$")
_FIELD = re.compile(r"^\s*:param\s+(?:[\w\[\], |]+\s+)?(?P<name>\w+)\s*:\s*(?P<text>.*)$")


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A function as a caller sees it. ``takes_any`` where it has ``**keywords``."""

    name: str
    line: int
    description: str
    parameters: Schema
    is_async: bool = False
    takes_any: bool = False


def signature_of(function: FunctionNode) -> Signature:
    description, about = _docstring(ast.get_docstring(function) or "")
    given = function.args
    properties: Schema = {}
    required: list[str] = []
    positional = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults))
    for parameter, default in [
        *zip(positional, [*defaults, *given.defaults], strict=True),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ]:
        schema = dict(_schema_of(parameter.annotation))
        if parameter.arg in about:
            schema["description"] = about[parameter.arg]
        if default is None:
            required.append(parameter.arg)
        else:
            schema = _with_default(schema, default)
        properties[parameter.arg] = schema
    parameters: Schema = {"type": "object", "properties": properties, "required": required}
    parameters["additionalProperties"] = given.kwarg is not None
    return Signature(
        name=function.name, line=function.lineno, description=description, parameters=parameters,
        is_async=isinstance(function, ast.AsyncFunctionDef), takes_any=given.kwarg is not None,
    )  # fmt: skip


def _with_default(schema: Schema, default: ast.expr) -> Schema:
    try:
        value = ast.literal_eval(default)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return schema  # computed when the function is called
    if value is None:
        return _or_null(schema)
    return {**schema, "default": value} if _is_json(value) else schema


def _is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(each) for key, each in value.items())
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | bool) or (isinstance(value, int) and abs(value) < 2**53)


def _or_null(schema: Schema) -> Schema:
    about = {name: schema[name] for name in ("description",) if name in schema}
    bare = {name: value for name, value in schema.items() if name not in about}
    if not bare:
        return schema
    kind = bare.get("type")
    if isinstance(kind, str) and "enum" not in bare:
        return {**bare, "type": [kind, "null"] if kind != "null" else kind, **about}
    options = bare["anyOf"] if set(bare) == {"anyOf"} else [bare]
    return {"anyOf": [*options, *([] if {"type": "null"} in options else [{"type": "null"}])], **about}


def _schema_of(annotation: ast.expr | None) -> Schema:
    """The schema of an annotation; what says nothing to JSON is anything."""
    match annotation:
        case ast.Constant(value=None):
            return _SIMPLE["None"]
        case ast.Constant(value=str(text)):
            return _schema_of_text(text)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if name in _LISTS:
                name = "list"
            return _SIMPLE.get("dict" if name in _DICTS else name, {})
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _any_of([left, right])
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            return _generic(name, inner.elts if isinstance(inner, ast.Tuple) else [inner])
    return {}


def _schema_of_text(text: str) -> Schema:
    try:
        return _schema_of(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def _generic(name: str, inner: list[ast.expr]) -> Schema:
    if name in _LISTS:
        items = _schema_of(inner[0])
        return {"type": "array", **({"items": items} if items else {})}
    if name in _DICTS:
        values = _schema_of(inner[1]) if len(inner) > 1 else {}
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    if name in ("tuple", "Tuple"):
        return _SIMPLE["tuple"]
    if name == "Optional":
        return _or_null(_schema_of(inner[0]))
    if name == "Union":
        return _any_of(inner)
    if name == "Annotated":
        schema = dict(_schema_of(inner[0]))
        words = [each.value for each in inner[1:] if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        return {**schema, "description": words[0]} if words else schema
    if name == "Literal":
        options = [each.value for each in inner if isinstance(each, ast.Constant)]
        return {"enum": options} if len(options) == len(inner) and all(map(_is_json, options)) else {}
    return {}


def _any_of(parts: list[ast.expr]) -> Schema:
    schemas = [_schema_of(part) for part in parts]
    if not all(schemas):
        return {}
    flat: list[Schema] = []
    for schema in schemas:
        flat += schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
    kinds = [schema["type"] for schema in flat if set(schema) == {"type"} and isinstance(schema["type"], str)]
    if len(kinds) == len(flat):
        return {"type": list(dict.fromkeys(kinds))}
    return {"anyOf": flat}


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """The description, and what is said of each parameter (Google's way, or ``:param name:``)."""
    said: list[str] = []
    about: dict[str, str] = {}
    inside, current, indent = False, "", 0
    for line in text.splitlines():
        field, entry = _FIELD.match(line), _ENTRY.match(line) if inside else None
        if _SECTION.match(line):
            inside, current = True, ""
        elif field:
            inside, current, indent = False, field["name"], -1
            about[current] = field["text"].strip()
        elif _OTHER_SECTION.match(line) or line.lstrip().startswith((":return", ":raise", ":rtype")):
            inside, current = False, ""
            said.append("\0")  # what follows is about something else
        elif entry and (not current or len(entry["indent"]) <= indent):
            current, indent = entry["name"], len(entry["indent"])
            about[current] = entry["text"].strip()
        elif current and line.strip():
            about[current] = f"{about[current]} {line.strip()}".strip()
        elif inside or current:
            current = "" if not inside else current
        else:
            said.append(line)
    description = "\n".join(said).split("\0")[0].strip()
    return description[:2000], {name: words[:500] for name, words in about.items() if words}
