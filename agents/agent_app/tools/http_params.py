"""What an HTTP tool is made of: its params, what is wrong with them, and which parameters the model fills in."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from agent_app import json_schemas
from agent_app.expressions import ExpressionError, check_template, paths_of
from agent_app.expressions.syntax import as_path, read_expression
from agent_app.json_schemas import Schema
from agent_app.tools import egress, processing
from agent_app.tools.registry import Params, Problems
from config.lib import outbound
from config.lib.errors import InvalidInput

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What templates may name beside the tool's own parameters.
GIVEN = frozenset({"context", "user", "message", "arguments"})
MOST_RETRIES = 3
_MOST_TEMPLATES = 100

_SECRET: Schema = {"type": ["string", "object", "null"], "writeOnly": True, "format": "password"}
_SHORT: Schema = {"type": "string", "maxLength": 2000}
AUTH_SCHEMA: Schema = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"enum": ["none", "api_key", "bearer", "basic", "oauth2", "headers"]},
        "in": {"enum": ["header", "query"], "description": "Where the key is sent (api_key)."},
        "name": {**_SHORT, "maxLength": 100, "description": "The name of the header or query parameter (api_key)."},
        "value": {**_SECRET, "description": "The key (api_key)."},
        "token": {**_SECRET, "description": "The token (bearer)."},
        "username": {**_SHORT, "description": "The user's name (basic)."},
        "password": {**_SECRET, "description": "The password (basic)."},
        "headers": {
            "type": ["object", "null"], "additionalProperties": _SECRET, "maxProperties": 10,
            "description": "Secret headers by name (headers).",
        },
        "grant": {"enum": ["client_credentials", "authorization_code"], "description": "How tokens are got (oauth2)."},
        "token_url": {**_SHORT, "description": "Where tokens are given (oauth2)."},
        "authorize_url": {**_SHORT, "description": "Where the person agrees (oauth2, authorization_code)."},
        "client_id": _SHORT,
        "client_secret": _SECRET,
        "client_auth": {"enum": ["basic", "body"], "description": "How the client names itself. Default: basic (oauth2)."},
        "scope": _SHORT,
        "audience": _SHORT,
    },
    "additionalProperties": False,
}  # fmt: skip
INTEGRATION: Schema = {
    "type": "string", "maxLength": 60, "description": "Whose secrets are used instead of its own: an integration for the same host.",
}  # fmt: skip
AUTH_SECRETS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "api_key": ("auth.value",),
    "bearer": ("auth.token",),
    "basic": ("auth.password",),
    "oauth2": ("auth.client_secret",),
    "headers": ("auth.headers.*",),
}
SCHEMA: Schema = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "method": {"enum": list(METHODS), "default": "GET"},
        "url": {"type": "string", "minLength": 1, "maxLength": 4000, "description": "A template; values are escaped."},
        "query": {"type": "object", "maxProperties": 50, "description": "Templates by name; what has no value is left out."},
        "headers": {"type": "object", "maxProperties": 30, "additionalProperties": {"type": ["string", "number", "boolean"]}},
        "body": {"description": "A template, or JSON with templates in its texts."},
        "body_type": {"enum": ["json", "form", "text"], "default": "json"},
        "integration": INTEGRATION,
        "auth": AUTH_SCHEMA,
        "parameters": {
            "type": ["object", "array"],
            "description": "JSON Schema of what the model fills in, or a list of name, type and default. Left out: the templates' names.",
        },
        "response_path": {"type": "string", "maxLength": 500, "description": "Which part of a JSON answer counts: data.items[0]."},
        "timeout_s": {"type": "integer", "minimum": 1, "maximum": 60},
        "retries": {"type": "integer", "minimum": 0, "maximum": MOST_RETRIES, "description": "For methods that may be repeated."},
        **processing.SCHEMA,
    },
    "additionalProperties": False,
}  # fmt: skip


def auth_of(params: Mapping[str, Any]) -> dict[str, Any]:
    auth = params.get("auth")
    return auth if isinstance(auth, dict) else {"type": "none"}


def method_of(params: Mapping[str, Any]) -> str:
    return str(params.get("method") or "GET")


def any_address(url: str) -> bool:
    """Whether the whole address is for the model to say."""
    return re.fullmatch(r"\{\{[^{}]*\}\}", url.strip()) is not None


def templates(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every template with the field that it stands in."""
    yield "url", str(params.get("url") or "")
    for field in ("query", "headers", "body"):
        for text in _texts(params.get(field)):
            yield field, text


def parameters(params: Mapping[str, Any]) -> Schema:
    """What the model fills in: as it was said, else the names that the templates use, each a text."""
    said = params.get("parameters")
    if isinstance(said, list) and said:
        return _listed(said)
    if isinstance(said, dict) and said:
        return {"type": "object", **said}
    names: dict[str, None] = {}
    for _field, text in templates(params):
        for path in _paths(text):
            if path[0] not in GIVEN:
                names[str(path[0])] = None
    properties = {name: {"type": "string"} for name in names}
    return {"type": "object", "properties": properties, "required": list(names), "additionalProperties": False}


def _listed(parameters: list[Any]) -> Schema:
    """Parameters as a list (name, type, default) as a schema; one without a default is required."""
    rows = [each for each in parameters if isinstance(each, dict) and isinstance(each.get("name"), str)]
    properties = {
        each["name"]: {name: each[name] for name in ("type", "description", "default", "enum") if name in each} for each in rows
    }  # fmt: skip
    required = [each["name"] for each in rows if "default" not in each and each.get("required", True)]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def named(params: Mapping[str, Any]) -> set[str]:
    """What the templates name."""
    return {str(path[0]) for _field, text in templates(params) for path in _paths(text)}


def unused(params: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that no template names: what they are for is left to the request's method."""
    used = named(params)
    return {} if "arguments" in used else {name: value for name, value in arguments.items() if name not in used}


def problems(params: Params) -> Problems:
    found: dict[str, list[str]] = {"url": url_problems(params), "auth": auth_problems(params)}
    if params.get("parameters"):
        schema = parameters(params)
        found["parameters"] = json_schemas.problems_of(schema)
        if schema["type"] != "object":
            found["parameters"].append(_('The parameters are an object: the schema has "type": "object".'))
    listed = list(templates(params))
    if len(listed) > _MOST_TEMPLATES:
        found["body"] = [_("At most %(most)d templates in one request.") % {"most": _MOST_TEMPLATES}]
    elif not found.get("parameters"):
        known = GIVEN | set(parameters(params).get("properties") or {}) if params.get("parameters") else None
        for field, text in listed:
            found.setdefault(field, []).extend(_template_problems(text, known))
    for name in params.get("headers") or {}:
        if problem := egress.header_problem(name):
            found.setdefault("headers", []).append(problem)
    if params.get("response_path") and read_path(params["response_path"]) is None:
        found["response_path"] = [_("This is no path. It looks like data.items[0].name.")]
    return {field: list(dict.fromkeys(messages)) for field, messages in found.items() if messages}


def url_problems(params: Mapping[str, Any]) -> list[str]:
    """A host is written out, so that secrets go where somebody has said; without any, the model may say the whole address."""
    url = str(params["url"]).strip()
    if any_address(url):
        if auth_of(params)["type"] != "none":
            return [_("Where the model says the address, nothing secret can be sent along.")]
        return []
    scheme, _sep, rest = url.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "{" in scheme or "{" in host:
        return [_("Write out the host: only what follows it can be a template.")]
    return address_problems(re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "x", url))


def address_problems(url: str) -> list[str]:
    try:
        outbound.check_url(url)
    except InvalidInput as error:
        return [error.detail]
    return []


def auth_problems(params: Mapping[str, Any]) -> list[str]:
    auth = auth_of(params)
    kind = auth["type"]
    found = []
    if kind == "api_key":
        found += [_("Say under which name the key is sent.")] if not auth.get("name") else []
        if auth.get("in", "header") == "header" and auth.get("name"):
            found += [problem] if (problem := egress.header_problem(auth["name"])) else []
    if kind == "basic" and not auth.get("username"):
        found.append(_("Say the user's name."))
    if kind == "headers":
        found += [problem for name in auth.get("headers") or {} if (problem := egress.header_problem(name))]
    if kind == "oauth2":
        needed = ["client_id", "token_url"] + (["authorize_url"] if auth.get("grant") == "authorization_code" else [])
        found += [_("“%(name)s” is missing.") % {"name": name} for name in needed if not auth.get(name)]
        for name in ("token_url", "authorize_url"):
            if auth.get(name):
                found += address_problems(auth[name])
    if kind != "none" and urlsplit(str(params.get("url"))).scheme == "http" and _is_public(str(params.get("url"))):
        found.append(_("Secrets are sent over https only."))
    return found


def read_path(text: str) -> tuple[str | int, ...] | None:
    """A path into an answer; None where it is none."""
    try:
        path = as_path(read_expression(f"answer{text}" if text.startswith("[") else f"answer.{text}"))
    except ExpressionError:
        return None
    return path[1:] if path else None


def _is_public(url: str) -> bool:
    """Whether the address lies outside of what the operator has opened by name."""
    return urlsplit(url).hostname not in settings.OUTBOUND_ALLOWED_HOSTS


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _paths(text: str) -> list[tuple[str | int, ...]]:
    """In the order of their names: sets have none."""
    try:
        return sorted(paths_of(text), key=str)
    except ExpressionError:
        return []


def _template_problems(text: str, known: set[str] | frozenset[str] | None) -> list[str]:
    if known is not None:
        return check_template(text, known)
    try:
        paths_of(text)
    except ExpressionError as error:
        return [error.message]
    return []
