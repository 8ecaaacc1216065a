"""The operations of OpenAPI descriptions (3.0 and 3.1) that strangers wrote. Pure, and all that could grow has a limit.

An operation's schemas are written out whole (no reference leads anywhere else), within a budget: what refers to itself, or
grows beyond it, makes that operation unusable and no other.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from django.utils.translation import gettext as _

from agent_app import json_schemas, matching
from agent_app.json_schemas import Schema
from agent_app.tools.openapi_document import SpecRefused, as_dict, look_up, target
from agent_app.tools.remote import Offer, Offered, clean, function_name

MOST_OPERATIONS = 1000
_MOST_SCHEMA_NODES = 4000
_MOST_SCHEMA_DEPTH = 18
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_READING = frozenset({"get", "head", "options"})
_BODIES = ("application/json", "application/x-www-form-urlencoded", "text/plain")
_DROPPED = frozenset(
    [
        "example",
        "examples",
        "xml",
        "discriminator",
        "externalDocs",
        "deprecated",
        "readOnly",
        "writeOnly",
        "nullable",
        "patternProperties",
        "$id",
        "$schema",
        "$anchor",
        "$dynamicAnchor",
        "$comment",
        "contentMediaType",
        "contentEncoding",
    ]
)
_MAPS = frozenset({"properties", "$defs", "definitions", "dependentSchemas"})
_VERBATIM = frozenset({"enum", "const", "default", "required"})


def offer(spec: Mapping[str, Any], *, url: str = "", server: str = "") -> Offer:
    """What the API offers. ``server`` beats the description's own. Raises SpecRefused where nobody says where it is."""
    info = as_dict(spec.get("info"))
    base = server or _server(spec, url)
    if not base:
        raise SpecRefused(_("The description does not say where the API is. Say it: server."))
    return Offer(title=clean(info.get("title"), 200), server=base.rstrip("/"), functions=list(_operations(spec)))


def _server(spec: Mapping[str, Any], url: str) -> str:
    servers = spec.get("servers")
    first = as_dict(servers[0]) if isinstance(servers, list) and servers else {"url": "/"}
    found = str(first.get("url") or "/")
    for name, variable in as_dict(first.get("variables")).items():
        found = found.replace(f"{{{name}}}", str(as_dict(variable).get("default", "")))
    joined = urljoin(url, found) if url else found
    return joined if joined.startswith(("http://", "https://")) and "{" not in joined else ""


def _operations(spec: Mapping[str, Any]) -> Iterator[Offered]:
    paths = as_dict(spec.get("paths"))
    keys: set[str] = set()
    names: set[str] = set()
    for path, item in paths.items():
        item = target(spec, item)
        for method in _METHODS:
            operation = item.get(method)
            if not isinstance(operation, dict):
                continue
            if len(keys) >= MOST_OPERATIONS:
                raise SpecRefused(_("There are more than %(most)d operations.") % {"most": MOST_OPERATIONS})
            key = str(operation.get("operationId") or f"{method.upper()} {path}")[:200]
            if key in keys:
                key = f"{method.upper()} {path}"[:200]
            keys.add(key)
            yield _offered(spec, key, function_name(key, names), method, str(path), item, operation)


def _offered(
    spec: Mapping[str, Any],
    key: str,
    name: str,
    method: str,
    path: str,
    item: dict[str, Any],
    operation: dict[str, Any],
) -> Offered:
    said = [operation.get("summary"), operation.get("description")]
    description = clean("\n".join(dict.fromkeys(str(each).strip() for each in said if each)), 1000)
    problem = ""
    parameters: Schema = {}
    more: dict[str, Any] = {}
    try:
        parameters, more = _Reader(spec).read(path, item, operation)
        problem = "; ".join(json_schemas.problems_of(parameters))
    except SpecRefused as error:
        problem = str(error)
    return Offered(
        key=key, name=name, description=description or f"{method.upper()} {path}", parameters=parameters,
        changes_state=method not in _READING, idempotent=method in _READING or method in ("put", "delete"), problem=problem,
        more={"method": method.upper(), "path": path, **more},
    )  # fmt: skip


@dataclass
class _Reader:
    """Reads one operation, within its own budget."""

    spec: Mapping[str, Any]
    nodes: int = 0

    def read(self, path: str, item: dict[str, Any], operation: dict[str, Any]) -> tuple[Schema, dict[str, Any]]:
        places = []
        properties: dict[str, Schema] = {}
        required = []
        for parameter in self._parameters(item, operation):
            where, name = str(parameter["in"]), str(parameter["name"])
            if where == "cookie":
                continue
            key = _property(name, properties)
            properties[key] = self._described(parameter)
            if parameter.get("required") or where == "path":
                required.append(key)
            places.append({"in": where, "name": name, "key": key} | _style(parameter, where))
        named = {place["name"] for place in places if place["in"] == "path"}
        for name in re.findall(r"\{([^{}]+)\}", path):
            if name not in named:
                raise SpecRefused(_("Its path has “%(name)s”, which is not described.") % {"name": name[:60]})
        more: dict[str, Any] = {"places": places}
        if body := target(self.spec, operation.get("requestBody")):
            key, content_type = _property("body", properties), self._content_type(body)
            schema = self._schema(as_dict(as_dict(body.get("content")).get(content_type)).get("schema") or {})
            properties[key] = schema if content_type != "text/plain" else {"type": "string"}
            required += [key] if body.get("required") else []
            more["body"] = {"key": key, "type": content_type.partition(";")[0].strip()}
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}, more

    def _parameters(self, item: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
        """Those of the operation beat those of its path."""
        found: dict[tuple[Any, Any], dict[str, Any]] = {}
        for listed in (item.get("parameters"), operation.get("parameters")):
            for each in listed if isinstance(listed, list) else []:
                parameter = target(self.spec, each)
                if not isinstance(parameter.get("name"), str) or parameter.get("in") not in (
                    "path",
                    "query",
                    "header",
                    "cookie",
                ):
                    raise SpecRefused(_("One of its parameters has no name or place."))
                found[parameter["in"], parameter["name"]] = parameter
        return list(found.values())[:100]

    def _described(self, parameter: dict[str, Any]) -> Schema:
        content = as_dict(parameter.get("content"))
        given = parameter.get("schema") or next((as_dict(each).get("schema") for each in content.values()), None)
        schema: Schema = self._schema(given or {"type": "string"})
        if parameter.get("description") and "description" not in schema:
            schema["description"] = str(parameter["description"])[:500]
        return schema

    def _content_type(self, body: dict[str, Any]) -> str:
        content = as_dict(body.get("content"))
        for wanted in _BODIES:
            for name in content:
                plain = str(name).partition(";")[0].strip().lower()
                if plain == wanted or (wanted == "application/json" and plain.endswith("+json")) or plain == "*/*":
                    return str(name)
        raise SpecRefused(
            _("Its body is of a kind that cannot be sent: %(kinds)s.") % {"kinds": ", ".join(map(str, content))[:200]}
        )

    def _schema(self, given: Any, depth: int = 0, within: tuple[str, ...] = ()) -> Any:
        """A schema of OpenAPI as a JSON Schema that stands alone."""
        self.nodes += 1
        if self.nodes > _MOST_SCHEMA_NODES or depth > _MOST_SCHEMA_DEPTH:
            raise SpecRefused(_("Its schema is too large."))
        if not isinstance(given, dict):
            return given if isinstance(given, bool) else {}
        ref = given.get("$ref")
        if isinstance(ref, str):
            if ref in within:
                return {}  # it holds itself: anything may stand there
            return self._schema(look_up(self.spec, ref), depth, (*within, ref))
        found: Schema = {}
        for name, value in given.items():
            if name in _DROPPED or str(name).startswith("x-"):
                continue
            found[str(name)] = self._part(str(name), value, depth, within)
        pattern = found.get("pattern", "")
        if not isinstance(pattern, str) or not matching.usable(pattern):
            del found["pattern"]
        return _as_31(found, nullable=given.get("nullable") is True)

    def _part(self, name: str, value: Any, depth: int, within: tuple[str, ...]) -> Any:
        if name in _VERBATIM:
            self.nodes += _size(value)
            return value
        if name in _MAPS and isinstance(value, dict):
            wanted = {
                key: part
                for key, part in value.items()
                if not (isinstance(part, dict) and part.get("readOnly") is True)
            }
            return {str(key): self._schema(part, depth + 1, within) for key, part in wanted.items()}
        if isinstance(value, dict):
            return self._schema(value, depth + 1, within)
        if isinstance(value, list):
            return [self._schema(part, depth + 1, within) if isinstance(part, dict) else part for part in value]
        return value[:1000] if isinstance(value, str) else value


def _as_31(schema: Schema, *, nullable: bool) -> Schema:
    """What 3.0 says in its own way."""
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(flag := schema.get(exclusive), bool):
            del schema[exclusive]
            if flag and bound in schema:
                schema[exclusive] = schema.pop(bound)
    if nullable and isinstance(kind := schema.get("type"), str):
        schema["type"] = [kind, "null"]
    if nullable and isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    properties = schema.get("properties")
    if isinstance(schema.get("required"), list):
        known = properties if isinstance(properties, dict) else {}
        schema["required"] = [name for name in schema["required"] if name in known] if known else schema["required"]
    elif "required" in schema:
        del schema["required"]
    return schema


def _style(parameter: Mapping[str, Any], where: str) -> dict[str, Any]:
    style = parameter.get("style") or ("form" if where in ("query", "cookie") else "simple")
    explode = parameter.get("explode")
    return {
        "style": str(style),
        "explode": bool(explode) if isinstance(explode, bool) else style in ("form", "deepObject"),
    }


def _property(name: str, taken: Mapping[str, Any]) -> str:
    """A name that every provider takes for a parameter."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:50] or "value"
    found, number = plain, 2
    while found in taken:
        found, number = f"{plain}_{number}", number + 1
    return found


def _size(value: Any) -> int:
    if isinstance(value, dict | list):
        return 1 + sum(_size(part) for part in (value.values() if isinstance(value, dict) else value))
    return 1
