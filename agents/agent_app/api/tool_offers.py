"""What servers offer to tools: looked at before a tool is saved, and again to see and confirm what has changed."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access
from agent_app.api.views import valid
from agent_app.services import tool_offers
from agent_app.tools.remote import Change
from community.api.authentication import identify
from config.lib.serializers import Strict


class LookInput(Strict):
    type = serializers.CharField(max_length=24, help_text="openapi or mcp.")
    params = serializers.DictField(help_text="As of the tool that is to be saved.")


class OfferedOutput(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="For operations or allowed_tools.")
    name = serializers.CharField(help_text="What models call it.")
    description = serializers.CharField(allow_blank=True)
    parameters = serializers.DictField()
    changes_state = serializers.BooleanField()
    problem = serializers.CharField(allow_blank=True, help_text="Why it cannot be used; empty where it can.")


class OfferOutput(serializers.Serializer[Any]):
    title = serializers.CharField(allow_blank=True)
    server = serializers.CharField(help_text="Where calls, and secrets, go.")
    functions = OfferedOutput(many=True)


class SyncInput(Strict):
    confirm = serializers.CharField(
        max_length=64, required=False, help_text="The digest of what was looked at; without it nothing is saved."
    )


class OfferChangeOutput(serializers.Serializer[Any]):
    key = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(["added", "removed", "changed", "server"])
    parts = serializers.ListField(child=serializers.CharField(), help_text="What of it changed.")
    before = serializers.DictField(
        allow_null=True, help_text="What the function says of itself in the tool as it is saved."
    )
    after = serializers.DictField(allow_null=True, help_text="What it says now.")


class SyncOutput(serializers.Serializer[Any]):
    changes = OfferChangeOutput(many=True)
    digest = serializers.CharField()
    saved = serializers.BooleanField()


class LookView(APIView):
    @extend_schema(operation_id="tools_look", request=LookInput, responses=OfferOutput)
    def post(self, request: Request) -> Response:
        """What an API or an MCP server offers. Nothing is saved; 422 with the reason where it cannot be told."""
        actor = identify(request)
        asked = valid(LookInput(data=request.data))
        return Response(OfferOutput(tool_offers.tool_look(actor=actor, **asked)).data)


class SyncView(APIView):
    @extend_schema(operation_id="tools_sync", request=SyncInput, responses=SyncOutput)
    def post(self, request: Request, tool_id: UUID) -> Response:
        """Look again how the tool's functions differ now; with `confirm` that is saved. 409 where it has changed meanwhile."""
        actor = identify(request)
        tool = access.get_tool(actor, tool_id, "tool.write")
        confirm = valid(SyncInput(data=request.data)).get("confirm", "")
        _tool, changes, digest = tool_offers.tool_sync(actor=actor, tool=tool, confirm=confirm)
        return _synced(changes, digest, confirm)


class AgentToolSyncView(APIView):
    @extend_schema(operation_id="agent_tools_sync", request=SyncInput, responses=SyncOutput)
    def post(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        """The same for a tool of the agent's own."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        part = access.get_part(agent, "tools", item_id)
        confirm = valid(SyncInput(data=request.data)).get("confirm", "")
        _part, changes, digest = tool_offers.agent_tool_sync(actor=actor, agent=agent, part=part, confirm=confirm)
        return _synced(changes, digest, confirm)


def _synced(changes: list[Change], digest: str, confirm: str) -> Response:
    return Response(SyncOutput({"changes": changes, "digest": digest, "saved": bool(confirm and changes)}).data)
