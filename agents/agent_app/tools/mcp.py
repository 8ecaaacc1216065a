"""Tool type ``mcp``: the tools of an MCP server, over HTTP only. Each one that is allowed is a function."""

import importlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache as once
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import integrations, json_schemas
from agent_app.expressions import check_expression
from agent_app.tools import egress, http, http_auth, http_params, remote
from agent_app.tools.registry import (
    WHEN_NAMES,
    CallContext,
    Function,
    Params,
    Permission,
    Problems,
    ToolDefinition,
    ToolFailed,
    ToolResult,
)
from agent_app.tools.remote import Offer, Offered, RemoteType
from config.lib import loop
from config.lib.errors import InvalidInput, Refused

_LOOK_TIME = 30.0


class McpTool(RemoteType):
    name = "mcp"
    label = gettext_lazy("MCP server")
    summary = gettext_lazy("Offers the tools of a server that speaks the Model Context Protocol over HTTP.")
    icon = "plug"
    params_schema = {
        "type": "object",
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "The server's address (streamable HTTP)."},
            "integration": http_params.INTEGRATION,
            "auth": http_params.AUTH_SCHEMA,
            "allowed_tools": {
                "type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 100,
                "description": "Which of its tools may be called. Left out: all that it has now.",
            },
            "approvals": {
                "type": "object", "maxProperties": 100,
                "additionalProperties": {
                    "anyOf": [
                        {"enum": ["never", "always"]},
                        {"type": "object", "required": ["when"], "properties": {"when": {"type": "string"}}, "additionalProperties": False},
                    ],
                },
                "description": "By the names of its tools: which need an approval, where that is otherwise than the whole tool's.",
            },
            "timeout_s": {"type": "integer", "minimum": 1, "maximum": 60},
            **remote.WRITTEN_HERE,
        },
        "additionalProperties": False,
    }  # fmt: skip
    secrets: ClassVar[tuple[str, ...]] = http.HttpTool.secrets
    permissions = frozenset({Permission.READS_UNTRUSTED, Permission.SENDS_OUT, Permission.CHANGES_STATE})
    chosen_in = "allowed_tools"

    def secret_paths(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        return http_auth.secret_paths_of(params)

    def audience(self, params: Mapping[str, Any]) -> str:
        return http_auth.audience_of(params)

    def credential_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return http_auth.oauth_config(params)

    def source(self, params: Mapping[str, Any]) -> Any:
        return params.get("url")

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        url = str(params["url"]).strip()
        found = {
            "url": http_params.address_problems(url), "auth": http_params.auth_problems(params),
            "approvals": approval_problems(params.get("approvals") or {}),
        }  # fmt: skip
        found |= integrations.problems(workspace_id, params, url)
        return {field: messages for field, messages in found.items() if messages}

    def functions(self, tool: ToolDefinition) -> list[Function]:
        """Each with its own approval, where there is one."""
        own: Mapping[str, Any] = tool.params.get("approvals") or {}
        return [replace(function, approval=own.get(function.key)) for function in super().functions(tool)]

    def prepare(self, *, workspace_id: UUID, params: Params, old: ToolDefinition | None = None) -> Params:
        """A server that a person has to agree with first can be asked only once they have: until then it has no functions."""
        if remote.is_sealed(params):
            return params
        connects = http_auth.oauth_config(params).get("grant") == "authorization_code"
        if connects and not (old is not None and old.credential_id):
            given = {name: value for name, value in params.items() if name not in remote.WRITTEN_HERE}
            base = egress.origin(str(given.get("url")))
            return self.sealed({**given, "functions": [], "base": base, "title": "", "digest": ""})
        return super().prepare(workspace_id=workspace_id, params=params, old=old)

    def look(self, workspace_id: UUID, params: Params, old: ToolDefinition | None) -> Offer:
        if problems := self.problems(workspace_id, params):
            raise InvalidInput(_("Some fields need another look."), errors=problems)
        try:
            return loop.submit(_look(workspace_id, params, old)).result()
        except ToolFailed as error:
            raise Refused(error.message, code="mcp") from error

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        self.kept(tool, function)
        context.outbound.spend()
        limit = float(min(tool.params.get("timeout_s") or egress.MAX_SECONDS, context.timeout_s))
        identity = await http_auth.identity(tool, context.workspace_id)
        try:
            try:
                reply = await _client().call(tool.params["url"], identity, function.key, arguments, timeout_s=limit)
            except ToolFailed as error:
                if error.code != "unauthorized" or not identity.renewable:
                    raise
                identity = await http_auth.identity(tool, context.workspace_id, renew=True)
                reply = await _client().call(tool.params["url"], identity, function.key, arguments, timeout_s=limit)
            if reply.error:
                raise ToolFailed(f"The tool answered with an error: {reply.error[:1000]}", code="tool_error")
        except ToolFailed as error:
            raise ToolFailed(egress.scrub(error.message, identity.secret), code=error.code) from None
        return ToolResult(value=egress.scrubbed(reply.value, identity.secret))


def approval_problems(approvals: Mapping[str, Any]) -> list[str]:
    """What is wrong with the conditions under which single tools need an approval."""
    conditions = {name: each["when"] for name, each in approvals.items() if isinstance(each, dict)}
    return [f"{name}: {why}" for name, when in conditions.items() for why in check_expression(when, WHEN_NAMES)]


@once
def _client() -> Any:
    """``mcp_client``, which is imported by those processes only that call a server."""
    return importlib.import_module("agent_app.tools.mcp_client")


async def _look(workspace_id: UUID, params: Params, old: ToolDefinition | None) -> Offer:
    identity = await http_auth.identity_of(workspace_id, params, old)
    try:
        title, tools = await _client().tools(params["url"], identity, timeout_s=_LOOK_TIME)
    except ToolFailed as error:
        raise ToolFailed(egress.scrub(error.message, identity.secret), code=error.code) from None
    names: set[str] = set()
    offered = [
        _offered(tool, remote.function_name(tool.name, names)) for tool in {each.name: each for each in tools}.values()
    ]
    return Offer(title=remote.clean(title, 200), server=egress.origin(params["url"]), functions=offered)


def _offered(tool: Any, name: str) -> Offered:
    """Its hints are not believed: whoever says of itself that it only reads may be lying."""
    schema = {**tool.schema, "type": "object"}
    problem = "; ".join(json_schemas.problems_of(schema))
    return Offered(
        key=tool.name[:200], name=name, description=remote.clean(tool.description, 2000),
        parameters={} if problem else schema, problem=problem,
    )  # fmt: skip
