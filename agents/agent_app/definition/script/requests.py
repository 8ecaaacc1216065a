"""Tools that are requests as source: of an address, and of the operations of an API."""

import re
from collections.abc import Mapping
from typing import Any

from agent_app.definition.bundle import is_secret
from agent_app.definition.script.auth import auth
from agent_app.definition.script.made import Made, Tool, patience
from agent_app.definition.script.scene import Scene
from agent_app.definition.script.source import call
from agent_app.definition.tool_parts import functions
from agent_app.tools import egress, http_params

# What can stand before a value in a header that is a template.
_ONLY_A_TEMPLATE = re.compile(r"(?:\w+ )?\{\{[\w\s.\[\]]*\}\}")
_IN_QUERY = re.compile(r"([?&])([^=&#{}?]+)=[^&#]*")


def http(tool: Tool, scene: Scene) -> Made:
    params, unsaid = tool["params"], list[str]()
    [said] = functions([tool])
    blanks: list[str] = []
    made = call(
        "http_tool", said.name, said.description, said.parameters, http_params.method_of(params),
        url_of(str(params["url"]), blanks),
        query=_plain(params.get("query"), blanks, "query") or None,
        headers=_plain(params.get("headers"), blanks, "headers") or None,
        body=_plain(params.get("body"), blanks, "body"), body_type=params.get("body_type"), named=_named(params),
        auth=auth(tool, scene, unsaid), response_path=_path(params), timeout=patience(tool),
    )  # fmt: skip
    unsaid += [f"{said.name}: {each}, which may be a secret" for each in blanks]
    unsaid += [f"{said.name}: the model {when} it ({step})" for step, when in _MODELS.items() if params.get(step)]
    return Made(tools=[made], unsaid=unsaid)


_MODELS = {"pre": "before", "post": "after"}


def openapi(tool: Tool, scene: Scene) -> Made:
    params, unsaid, blanks = tool["params"], list[str](), list[str]()
    base = url_of(str(params.get("base") or ""), blanks).rstrip("/")
    who = auth(tool, scene, unsaid)
    made = []
    for each in params.get("functions") or ():
        more = each["more"]
        places = [
            place for place in more["places"] if place["in"] != "header" or not egress.header_problem(place["name"])
        ]
        body = call("", more["body"]["key"], more["body"]["type"]) if more.get("body") else None
        made.append(
            call(
                "operation", each["name"], each["description"], each["parameters"], more["method"], base + more["path"], places,
                body=body, auth=who, timeout=patience(tool),
            )
        )  # fmt: skip
    return Made(tools=made, unsaid=unsaid + [f"{tool['name']}: {each}, which may be a secret" for each in blanks])


def url_of(url: str, blanks: list[str]) -> str:
    """An address without what stands under the name of a secret in its query."""

    def cleaned(found: re.Match[str]) -> str:
        if not is_secret(found[2]) or _ONLY_A_TEMPLATE.fullmatch(found[0].partition("=")[2]):
            return found[0]
        blanks.append(f"{found[2]} in its address")
        return f"{found[1]}{found[2]}="

    return _IN_QUERY.sub(cleaned, url.strip())


def _plain(value: Any, blanks: list[str], path: str) -> Any:
    """Templates without those that seem to be a secret: these belong into the tool's own ``auth``."""
    if isinstance(value, list):
        return [_plain(part, blanks, f"{path}[{place}]") for place, part in enumerate(value)]
    if not isinstance(value, dict):
        return value
    hidden = [name for name, part in value.items() if isinstance(part, str) and is_secret(name)]
    hidden = [name for name in hidden if not _ONLY_A_TEMPLATE.fullmatch(value[name])]
    blanks += [f"{path}.{name}" for name in hidden]
    return {name: _plain(part, blanks, f"{path}.{name}") for name, part in value.items() if name not in hidden}


def _named(params: Mapping[str, Any]) -> list[str] | None:
    """What templates name, where there may be arguments that none of them does: these are sent as well."""
    used, schema = http_params.named(params), http_params.parameters(params)
    closed = schema.get("additionalProperties") is False and set(schema.get("properties") or {}) <= used
    return None if closed or "arguments" in used else sorted(used)


def _path(params: Mapping[str, Any]) -> list[Any] | None:
    found = http_params.read_path(params["response_path"]) if params.get("response_path") else None
    return list(found) if found else None
