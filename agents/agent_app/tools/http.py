"""Tool type ``http``: an endpoint that a person has described, called with what the model fills in."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote, urlencode
from uuid import UUID

import orjson
from django.utils.translation import gettext_lazy as _
from yarl import URL

from agent_app import integrations
from agent_app.expressions import ExpressionError, render, render_value
from agent_app.expressions.pool import look_up
from agent_app.tools import egress, http_auth, http_params, processing
from agent_app.tools.egress import Answer, Outgoing
from agent_app.tools.http_auth import Identity
from agent_app.tools.registry import (
    CallContext,
    Function,
    Params,
    Permission,
    Problems,
    ToolDefinition,
    ToolFailed,
    ToolResult,
    ToolType,
)

_AGAIN = frozenset({429, 502, 503, 504})
_PAUSE, _MOST_WAIT = 0.3, 5.0  # seconds before a repetition
_QUOTED = 600  # characters of an answer that says no
_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded", "text": "text/plain; charset=utf-8"}


class HttpTool(ToolType):
    name = "http"
    label = _("HTTP request")
    summary = _("Calls an address of yours with what the model fills in.")
    icon = "globe"
    params_schema = http_params.SCHEMA
    secrets: ClassVar[tuple[str, ...]] = tuple(path for paths in http_params.AUTH_SECRETS.values() for path in paths)
    permissions = frozenset({Permission.READS_UNTRUSTED, Permission.SENDS_OUT, Permission.CHANGES_STATE})

    def secret_paths(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        return http_auth.secret_paths_of(params)

    def audience(self, params: Mapping[str, Any]) -> str:
        return http_auth.audience_of(params)

    def credential_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return http_auth.oauth_config(params)

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        found = http_params.problems(params) | processing.problems(workspace_id, params)
        return found | integrations.problems(workspace_id, params, str(params["url"]))

    def functions(self, tool: ToolDefinition) -> list[Function]:
        method = http_params.method_of(tool.params)
        return [
            Function(
                name=tool.name, description=tool.description, parameters=http_params.parameters(tool.params),
                permissions=permissions_of(method), idempotent=method in http_params.IDEMPOTENT,
            )
        ]  # fmt: skip

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        made = await processing.before(tool.params, function.parameters, arguments, context)
        params = with_unused(tool.params, made)
        values = variables(params, made, context)
        result = await perform(tool, context, lambda query: build(params, values, query))
        if made is not arguments:
            result = replace(result, details={**result.details, "arguments": made})
        return await processing.after(tool.params, result, made, context)


def permissions_of(method: str) -> frozenset[Permission]:
    reading = frozenset({Permission.READS_UNTRUSTED, Permission.SENDS_OUT})
    return reading if method in http_params.READING else reading | {Permission.CHANGES_STATE}


async def perform(
    tool: ToolDefinition, context: CallContext, make: Callable[[Mapping[str, str]], Outgoing]
) -> ToolResult:
    """Send the request that ``make`` makes (it is given what belongs into the query) and read the answer. No secret is in it."""
    identity = await http_auth.identity(tool, context.workspace_id)
    try:
        answer = await _asked(tool.params, context, identity, make)
        if answer.status == 401 and identity.renewable:
            identity = await http_auth.identity(tool, context.workspace_id, renew=True)
            answer = await _asked(tool.params, context, identity, make)
        return result_of(tool.params, answer, identity.secret)
    except ToolFailed as error:
        said = egress.scrub(error.message, identity.secret)
        details = egress.scrubbed(error.details, identity.secret)
        raise ToolFailed(said, code=error.code, details=details) from None


async def _asked(
    params: Params, context: CallContext, identity: Identity, make: Callable[[Mapping[str, str]], Outgoing]
) -> Answer:
    # Templates may be evaluated in other processes, which blocks.
    request = identity.on(await asyncio.to_thread(make, identity.query))
    patience = float(min(params.get("timeout_s") or egress.MAX_SECONDS, context.timeout_s))
    repeats = int(params.get("retries", 1)) if request.method in http_params.IDEMPOTENT else 0
    until = time.monotonic() + patience
    while True:
        wait = _PAUSE
        left = until - time.monotonic()
        try:
            answer = await egress.send(request, budget=context.outbound, timeout_s=left)
            if answer.status not in _AGAIN or repeats < 1:
                return answer
            wait = max(_PAUSE, _asked_to_wait(answer))
            if wait > min(_MOST_WAIT, until - time.monotonic()):
                return answer
        except ToolFailed as error:
            if error.code not in ("unreachable", "cut") or repeats < 1 or left < wait:
                raise
        repeats -= 1
        await asyncio.sleep(wait)


def variables(params: Params, arguments: Mapping[str, Any], context: CallContext) -> dict[str, Any]:
    """What the templates may name. A declared parameter wins over what the run brings of the same name, an invented one does not."""
    declared = http_params.parameters(params).get("properties") or {}
    own = {name: value for name, value in arguments.items() if name in declared}
    return {**arguments, **context.values, **own, "arguments": dict(arguments)}


def _asked_to_wait(answer: Answer) -> float:
    said = answer.headers.get("Retry-After", "")
    return float(said[:9]) if said.isdigit() else 0.0


# Building the request


def with_unused(params: Params, arguments: Mapping[str, Any]) -> Params:
    """``params`` that send what no template names: in the body where the method has one, else in the query."""
    if not (left := http_params.unused(params, arguments)):
        return params
    templates = {name: f"{{{{ arguments[{orjson.dumps(name).decode()}] }}}}" for name in left}
    if http_params.method_of(params) in ("POST", "PUT", "PATCH"):
        return params if "body" in params else {**params, "body": templates}
    return {**params, "query": {**templates, **(params.get("query") or {})}}


def build(params: Params, values: Mapping[str, Any], query: Mapping[str, str] | None = None) -> Outgoing:
    """The request that the templates make of ``values``. Raises ToolFailed, which names the template. Blocks."""
    method = http_params.method_of(params)
    url = _url(str(params["url"]).strip(), values)
    pairs = [*_pairs(params.get("query") or {}, values), *(query or {}).items()]
    if pairs:
        url = str(URL(url).with_query([*URL(url).query.items(), *pairs]))
    headers = dict(_pairs(params.get("headers") or {}, values, "headers"))
    body, content_type = _body(params, values) if "body" in params and method not in http_params.READING else (b"", "")
    if content_type and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    return Outgoing(method=method, url=egress.check_address(url), headers=headers, body=body)


def _url(template: str, values: Mapping[str, Any]) -> str:
    if http_params.any_address(template):
        return str(_filled("url", template, values)).strip()
    url = str(_filled("url", template, _escaped(values)))
    path = url.partition("://")[2].partition("?")[0].partition("#")[0]
    if any(part.lower().replace("%2e", ".") in (".", "..") for part in path.split("/")):
        raise ToolFailed("A part of the address must not be “.” or “..”.", code="invalid_arguments")
    return url


def _escaped(value: Any) -> Any:
    """Values as parts of an address: none can begin another part of it."""
    if isinstance(value, str):
        return quote(value, safe="")
    if isinstance(value, Mapping):
        return {name: _escaped(part) for name, part in value.items()}
    return [_escaped(part) for part in value] if isinstance(value, list) else value


def _pairs(templates: Mapping[str, Any], values: Mapping[str, Any], field: str = "query") -> list[tuple[str, str]]:
    """Names with their values as text. What has no value is left out."""
    return flat({name: _filled(field, template, values, optional=True) for name, template in templates.items()})


def flat(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Values as pairs of text: a list is repeated, what is None left out."""
    found: list[tuple[str, str]] = []
    for name, value in given.items():
        each = value if isinstance(value, list) else [value]
        found += [(name, as_text(one)) for one in each if one is not None]
    return found


def _body(params: Params, values: Mapping[str, Any]) -> tuple[bytes, str]:
    template = params["body"]
    kind = params.get("body_type") or "json"
    value = _filled_all(template, values)
    if kind == "form":
        return (urlencode(flat(value)) if isinstance(value, dict) else as_text(value)).encode(), _TYPES["form"]
    if kind == "text" or (isinstance(template, str) and isinstance(value, str)):
        text = as_text(value)
        return text.encode(), _TYPES["json" if kind == "json" and _is_json(text) else "text"]
    return orjson.dumps(value), _TYPES["json"]


def _filled_all(template: Any, values: Mapping[str, Any]) -> Any:
    """JSON with its texts filled in; a member whose value is not there is left out."""
    if isinstance(template, str):
        return _filled("body", template, values)
    if isinstance(template, dict):
        found = {
            name: _filled_all(part, values)
            if not isinstance(part, str)
            else _filled("body", part, values, optional=True)
            for name, part in template.items()
        }
        return {name: part for name, part in found.items() if part is not None or template[name] is None}
    return [_filled_all(part, values) for part in template] if isinstance(template, list) else template


def _filled(field: str, template: Any, values: Mapping[str, Any], *, optional: bool = False) -> Any:
    if not isinstance(template, str):
        return template
    try:
        return render(template, values) if field == "url" else render_value(template, values)
    except ExpressionError as error:
        if optional and error.code == "undefined":
            return None
        raise ToolFailed(f"The {field} of the request could not be made: {error.message}", code="template") from error


def as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


# Reading the answer


def result_of(params: Params, answer: Answer, secret: Mapping[str, str]) -> ToolResult:
    """What the model is given. Raises ToolFailed for an answer that says no."""
    details = {
        "status": answer.status, "url": egress.scrub(answer.url, secret), "content_type": answer.content_type,
        "bytes": len(answer.body),
    }  # fmt: skip
    if answer.status >= 400:
        said = egress.scrub(answer.text()[: _QUOTED * 2], secret)[:_QUOTED].strip()
        raise ToolFailed(f"The server answered {answer.status}: {said}", code="http_status", details=details)
    value = _value(answer)
    if path := params.get("response_path"):
        try:
            value = look_up(("answer", *(http_params.read_path(path) or ())), {"answer": value})
        except ExpressionError as error:
            text = f"The answer has no “{path}”."
            raise ToolFailed(text, code="response_path", details=details) from error
    return ToolResult(value=egress.scrubbed(value, secret), details=details)


def _value(answer: Answer) -> Any:
    kind = answer.content_type
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return answer.json()
        except ValueError:
            return answer.text()
    if (
        kind.startswith(("text/", "application/xml", "application/javascript"))
        or kind.endswith("+xml")
        or not answer.body
    ):
        return answer.text()
    if _is_json(text := answer.text()):
        return answer.json()
    if "\0" in text or "\N{REPLACEMENT CHARACTER}" in text:
        return {"content_type": kind, "bytes": len(answer.body), "note": "This is not text, so it is not shown."}
    return text
