"""The workspace's library of tools, and what types there are."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, selectors
from agent_app.api import tool_serializers as serializers
from agent_app.api.views import valid
from agent_app.services import tools
from community.api.authentication import identify
from config.lib import lists

_ORDERINGS = ("name", "updated_at", "created_at")


class ToolsView(APIView):
    @lists.describe(
        "tools_list", serializers.ToolOutput, search=True, orderings=_ORDERINGS, filters=[lists.parameter("type")]
    )
    def get(self, request: Request) -> Response:
        rows = selectors.tool_rows(
            identify(request),
            search=lists.text(request),
            kind=lists.text(request, "type"),
            ordering=lists.ordering(request, _ORDERINGS, "name"),
        )
        return lists.answer(request, rows, serializers.ToolOutput)

    @extend_schema(operation_id="tools_create", request=serializers.ToolInput, responses={201: serializers.ToolOutput})
    def post(self, request: Request) -> Response:
        actor = identify(request, "tool.write")
        tool = tools.tool_create(actor=actor, fields=valid(serializers.ToolInput(data=request.data)))
        return Response(serializers.ToolOutput(tool).data, status=201)


class ToolView(APIView):
    @extend_schema(operation_id="tools_retrieve", responses=serializers.ToolOutput)
    def get(self, request: Request, tool_id: UUID) -> Response:
        return Response(serializers.ToolOutput(access.get_tool(identify(request), tool_id)).data)

    @extend_schema(operation_id="tools_replace", request=serializers.ToolReplace, responses=serializers.ToolOutput)
    def put(self, request: Request, tool_id: UUID) -> Response:
        return self._update(request, tool_id, serializers.ToolReplace)

    @extend_schema(operation_id="tools_update", request=serializers.ToolUpdate, responses=serializers.ToolOutput)
    def patch(self, request: Request, tool_id: UUID) -> Response:
        return self._update(request, tool_id, serializers.ToolUpdate)

    @extend_schema(operation_id="tools_delete", responses={204: None})
    def delete(self, request: Request, tool_id: UUID) -> Response:
        """Agents that use it lose it; their published versions keep it."""
        actor = identify(request)
        tools.tool_delete(actor=actor, tool=access.get_tool(actor, tool_id, "tool.write"))
        return Response(status=204)

    @staticmethod
    def _update(request: Request, tool_id: UUID, serializer: Any) -> Response:
        actor = identify(request)
        tool = access.get_tool(actor, tool_id, "tool.write")
        changes = valid(serializer(data=request.data))
        revision = changes.pop("revision", None)
        if request.method == "PUT":
            changes = _EMPTY | changes
        saved = tools.tool_update(actor=actor, tool=tool, changes=changes, revision=revision)
        return Response(serializers.ToolOutput(saved).data)


# What PUT means where it leaves something out.
_EMPTY: dict[str, Any] = {
    "description": "", "params": {}, "approval": "never", "max_calls": None, "timeout_s": None, "enabled": True,
}  # fmt: skip


class ToolTypesView(APIView):
    @lists.describe("agents_tools_available", serializers.ToolTypeOutput)
    def get(self, request: Request) -> Response:
        """The types of tools, with what each may do and costs."""
        identify(request, "tool.read")
        return lists.answer(request, serializers.available(), serializers.ToolTypeOutput)
