"""Who can hand over to whom."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access
from agent_app.api.definition import InputFilterField
from agent_app.definition.choice import DRAFT
from agent_app.handoff_map import handoff_graph
from community.api.authentication import identify
from config.lib import lists


class ReachedOutput(serializers.Serializer[Any]):
    agent_id = serializers.UUIDField()
    name = serializers.CharField()
    distance = serializers.IntegerField(help_text="How many handoffs away it is; 0: the agent itself.")


class MappedHandoffOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    from_agent_id = serializers.UUIDField()
    target_agent_id = serializers.UUIDField()
    tool_name = serializers.CharField(help_text="What the model calls, as it is sent.")
    input_filter = InputFilterField()
    enabled_when = serializers.CharField(allow_blank=True)


class HandoffMapOutput(serializers.Serializer[Any]):
    agents = ReachedOutput(many=True, help_text="All that handoffs reach, the nearest first.")
    handoffs = MappedHandoffOutput(many=True)


class HandoffMapView(APIView):
    @extend_schema(
        operation_id="agent_handoffs_map",
        parameters=[lists.parameter("version", str, "A published number, or `draft` where it is left out.")],
        responses=HandoffMapOutput,
    )
    def get(self, request: Request, agent_id: UUID) -> Response:
        """Who can hand over to whom from this agent on: between the drafts, or between the versions that a version pins."""
        agent = access.get_agent(identify(request), agent_id)
        graph = handoff_graph(agent, lists.text(request, "version") or DRAFT)
        return Response(HandoffMapOutput(graph).data)
