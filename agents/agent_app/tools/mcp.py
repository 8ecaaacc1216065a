"""Tool type ``mcp``: the tools of an MCP server, over HTTP only. Each one that is allowed is a function."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from mcp_types import AudioContent, CallToolResult, EmbeddedResource, ImageContent, ResourceLink, TextContent, Tool

from agent_app import json_schemas
from agent_app.tools import egress, http, http_auth, http_params, mcp_client, remote
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
            "auth": http_params.AUTH_SCHEMA,
            "allowed_tools": {
                "type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 100,
                "description": "Which of its tools may be called. Left out: all that it has now.",
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
        found = {"url": http_params.address_problems(url), "auth": http_params.auth_problems(params)}
        return {field: messages for field, messages in found.items() if messages}

    def prepare(self, *, workspace_id: UUID, params: Params, old: ToolDefinition | None = None) -> Params:
        """A server that a person has to agree with first can be asked only once they have: until then it has no functions."""
        connects = http_auth.oauth_config(params).get("grant") == "authorization_code"
        if connects and not (old is not None and old.credential_id):
            given = {name: value for name, value in params.items() if name not in remote.WRITTEN_HERE}
            return {**given, "functions": [], "base": egress.origin(str(given.get("url"))), "title": "", "digest": ""}
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
                found = await mcp_client.call(tool.params["url"], identity, function.key, arguments, timeout_s=limit)
            except mcp_client.Unauthorized:
                if not identity.renewable:
                    raise
                identity = await http_auth.identity(tool, context.workspace_id, renew=True)
                found = await mcp_client.call(tool.params["url"], identity, function.key, arguments, timeout_s=limit)
            return _result(found, identity)
        except ToolFailed as error:
            raise ToolFailed(egress.scrub(error.message, identity.secret), code=error.code) from None


async def _look(workspace_id: UUID, params: Params, old: ToolDefinition | None) -> Offer:
    identity = await http_auth.identity_of(workspace_id, params, old)
    try:
        title, tools = await mcp_client.tools(params["url"], identity, timeout_s=_LOOK_TIME)
    except ToolFailed as error:
        raise ToolFailed(egress.scrub(error.message, identity.secret), code=error.code) from None
    names: set[str] = set()
    offered = [
        _offered(tool, remote.function_name(tool.name, names)) for tool in {each.name: each for each in tools}.values()
    ]
    return Offer(title=remote.clean(title, 200), server=egress.origin(params["url"]), functions=offered)


def _offered(tool: Tool, name: str) -> Offered:
    """Its hints are not believed: whoever says of itself that it only reads may be lying."""
    schema = {**tool.input_schema, "type": "object"}
    problem = "; ".join(json_schemas.problems_of(schema))
    return Offered(
        key=tool.name[:200], name=name, description=remote.clean(tool.description or tool.title, 2000),
        parameters={} if problem else schema, problem=problem,
    )  # fmt: skip


def _result(found: CallToolResult, identity: Identity) -> ToolResult:
    parts = [_part(each) for each in found.content]
    if found.is_error:
        text = "\n".join(part for part in parts if isinstance(part, str))
        raise ToolFailed(f"The tool answered with an error: {text[:1000]}", code="tool_error")
    value: Any = found.structured_content
    if value is None:
        value = "\n".join(parts) if all(isinstance(part, str) for part in parts) else parts  # type: ignore[arg-type]
    return ToolResult(value=egress.scrubbed(value, identity.secret))


def _part(content: Any) -> str | dict[str, Any]:
    """Text as it is; of the rest what it is, not the bytes."""
    if isinstance(content, TextContent):
        return content.text
    if isinstance(content, ImageContent | AudioContent):
        return {"type": content.type, "mime_type": content.mime_type, "bytes": len(content.data) * 3 // 4}
    if isinstance(content, ResourceLink):
        return {"type": "resource_link", "uri": str(content.uri), "name": content.name}
    if isinstance(content, EmbeddedResource) and isinstance(text := getattr(content.resource, "text", None), str):
        return text
    return {"type": str(getattr(content, "type", "unknown"))}
