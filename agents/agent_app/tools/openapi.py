"""Tool type ``openapi``: an API that describes itself; each chosen operation is a function."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote, urlencode
from uuid import UUID

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import integrations
from agent_app.tools import egress, http, http_auth, http_params, openapi_document, openapi_spec, remote
from agent_app.tools.egress import Outgoing
from agent_app.tools.openapi_document import SpecRefused
from agent_app.tools.registry import (
    CallContext,
    Function,
    Params,
    Permission,
    Problems,
    ToolDefinition,
    ToolFailed,
    ToolResult,
)
from agent_app.tools.remote import Offer, RemoteType
from community.files import storage
from community.models import StoredFile
from config.lib import loop
from config.lib.errors import InvalidInput, Refused
from config.lib.ids import parse_uuid

_FETCH_TIME = 30.0


class OpenApiTool(RemoteType):
    name = "openapi"
    label = gettext_lazy("API from OpenAPI")
    summary = gettext_lazy("Imports an API that describes itself; each operation you choose is a function.")
    icon = "file-json"
    params_schema = {
        "type": "object",
        "properties": {
            "url": {"type": "string", "maxLength": 2000, "description": "Where the description is."},
            "file_id": {"type": "string", "maxLength": 60, "description": "Or the file that it was uploaded as."},
            "operations": {
                "type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 100,
                "description": "Operation ids, or “GET /path”. Left out: all.",
            },
            "server": {"type": "string", "maxLength": 2000, "description": "Where the API is, if not where it says."},
            "integration": http_params.INTEGRATION,
            "auth": http_params.AUTH_SCHEMA,
            "timeout_s": {"type": "integer", "minimum": 1, "maximum": 60},
            "retries": {"type": "integer", "minimum": 0, "maximum": http_params.MOST_RETRIES},
            **remote.WRITTEN_HERE,
        },
        "additionalProperties": False,
    }  # fmt: skip
    secrets: ClassVar[tuple[str, ...]] = http.HttpTool.secrets
    permissions = frozenset({Permission.READS_UNTRUSTED, Permission.SENDS_OUT, Permission.CHANGES_STATE})
    chosen_in = "operations"

    def secret_paths(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        return http_auth.secret_paths_of(params)

    def audience(self, params: Mapping[str, Any]) -> str:
        return http_auth.audience_of({**params, "url": params.get("base") or params.get("server") or ""})

    def credential_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return http_auth.oauth_config(params)

    def source(self, params: Mapping[str, Any]) -> Any:
        return params.get("url"), params.get("file_id"), params.get("server")

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        found: Problems = {"auth": http_params.auth_problems({**params, "url": params.get("base") or "https://"})}
        found |= integrations.problems(workspace_id, params, str(params.get("base") or params.get("server") or ""))
        if bool(params.get("url")) == bool(params.get("file_id")):
            found["url"] = [_("Say where the description is: a URL, or an uploaded file.")]
        elif params.get("url"):
            found["url"] = http_params.address_problems(params["url"])
        if params.get("server"):
            found["server"] = http_params.address_problems(params["server"])
        return {field: messages for field, messages in found.items() if messages}

    def look(self, workspace_id: UUID, params: Params, old: ToolDefinition | None) -> Offer:
        if problems := self.problems(workspace_id, params):
            raise InvalidInput(_("Some fields need another look."), errors=problems)
        data = _file(workspace_id, params["file_id"]) if params.get("file_id") else _fetched(params["url"])
        try:
            found = openapi_spec.offer(
                openapi_document.parse(data), url=params.get("url") or "", server=params.get("server") or ""
            )
        except SpecRefused as error:
            raise Refused(str(error), code="openapi") from error
        if refused := http_params.address_problems(found.server):
            raise Refused(": ".join((found.server, refused[0])), code="openapi")
        return found

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        more = self.kept(tool, function)["more"]
        base = tool.params["base"]
        called = replace(tool, params={**tool.params, "url": base})
        return await http.perform(called, context, lambda query: request(base, more, arguments, query))


def request(server: str, more: Mapping[str, Any], arguments: Mapping[str, Any], query: Mapping[str, str]) -> Outgoing:
    """The request that an operation makes of its arguments. Raises ToolFailed."""
    path, pairs, headers = str(more["path"]), list(query.items()), {"Accept": "application/json"}
    for place in more["places"]:
        if (value := arguments.get(place["key"])) is None:
            continue
        if place["in"] == "path":
            path = path.replace(f"{{{place['name']}}}", _in_path(value))
        elif place["in"] == "query":
            pairs += _in_query(place, value)
        elif not egress.header_problem(place["name"]):
            headers[place["name"]] = _joined(value)
    body, content_type = b"", ""
    if (described := more.get("body")) and (value := arguments.get(described["key"])) is not None:
        content_type = described["type"]
        body = _encoded(content_type, value)
        headers["Content-Type"] = content_type
    address = server.rstrip("/") + path + (f"?{urlencode(pairs)}" if pairs else "")
    return Outgoing(method=str(more["method"]), url=egress.check_address(address), headers=headers, body=body)


def _in_path(value: Any) -> str:
    text = _joined(value)
    if text in (".", ".."):
        raise ToolFailed("A part of the address must not be “.” or “..”.", code="invalid_arguments")
    return quote(text, safe=",")


def _in_query(place: Mapping[str, Any], value: Any) -> list[tuple[str, str]]:
    name, exploded = str(place["name"]), bool(place["explode"])
    if isinstance(value, dict):
        if place["style"] == "deepObject":
            return [(f"{name}[{key}]", http.as_text(part)) for key, part in value.items()]
        if exploded:
            return [(str(key), http.as_text(part)) for key, part in value.items()]
        return [(name, _joined(value))]
    if isinstance(value, list):
        separator = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(str(place["style"]), ",")
        return (
            [(name, http.as_text(part)) for part in value]
            if exploded
            else [(name, separator.join(map(http.as_text, value)))]
        )
    return [(name, http.as_text(value))]


def _joined(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key},{http.as_text(part)}" for key, part in value.items())
    return ",".join(map(http.as_text, value)) if isinstance(value, list) else http.as_text(value)


def _encoded(content_type: str, value: Any) -> bytes:
    if content_type == "application/x-www-form-urlencoded" and isinstance(value, dict):
        return urlencode(http.flat(value)).encode()
    return str(value).encode() if content_type == "text/plain" else orjson.dumps(value)


def _fetched(url: str) -> bytes:
    """The description at ``url``. Raises Refused with the reason."""
    asked = Outgoing(method="GET", url=url, headers={"Accept": "application/json, application/yaml, */*;q=0.5"})
    try:
        answer = loop.submit(egress.send(asked, budget=None, timeout_s=_FETCH_TIME)).result()
    except ToolFailed as error:
        raise Refused(error.message, code="openapi") from error
    if answer.status != 200:
        raise Refused(
            _("The server answered %(status)d instead of a description.") % {"status": answer.status}, code="openapi"
        )
    return answer.body


def _file(workspace_id: UUID, given: str) -> bytes:
    file_id = parse_uuid(given)
    rows = StoredFile.objects.in_workspace(workspace_id).kept()
    file = rows.filter(id=file_id).first() if file_id else None
    if file is None or not file.downloadable:
        raise InvalidInput(errors={"file_id": [_("There is no such file.")]})
    if file.size > openapi_document.MAX_BYTES:
        raise InvalidInput(errors={"file_id": [_("The description is larger than %(most)d MB.") % {"most": 4}]})
    with storage.read(file.key) as stream:
        return stream.read()
