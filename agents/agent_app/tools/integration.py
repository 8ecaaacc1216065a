"""What an integration is made of: the host that it is for, and how tools say there who they are. No model calls one."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.tools import http_auth, http_params
from agent_app.tools.http import HttpTool
from agent_app.tools.registry import (
    CallContext,
    Function,
    Params,
    Problems,
    ToolDefinition,
    ToolFailed,
    ToolResult,
    ToolType,
)


class IntegrationParams(ToolType):
    """Its params, secrets and form are like those of a type of tool; it is not among the types."""

    name = "integration"
    label = gettext_lazy("Integration")
    summary = gettext_lazy("One credential for a group of tools.")
    icon = "plug"
    params_schema = {
        "type": "object",
        "required": ["url", "auth"],
        "properties": {
            "url": {
                "type": "string", "minLength": 8, "maxLength": 2000,
                "description": "The host that it is for. Tools that use it call no other.",
            },
            "auth": http_params.AUTH_SCHEMA,
        },
        "additionalProperties": False,
    }  # fmt: skip
    secrets: ClassVar[tuple[str, ...]] = HttpTool.secrets
    permissions = frozenset()

    def secret_paths(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        return http_auth.secret_paths_of(params)

    def audience(self, params: Mapping[str, Any]) -> str:
        return http_auth.audience_of(params)

    def credential_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return http_auth.oauth_config(params)

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        found = {"url": http_params.address_problems(params["url"]), "auth": http_params.auth_problems(params)}
        if params["auth"]["type"] == "none":
            found["auth"] = [_("Say how tools say who they are.")]
        return {field: messages for field, messages in found.items() if messages}

    def functions(self, tool: ToolDefinition) -> list[Function]:
        return []

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        raise ToolFailed("An integration is no tool.", code="unknown_function")


INTEGRATION = IntegrationParams()
