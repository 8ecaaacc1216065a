"""Publishing agents, and their versions."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers as rest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, selectors
from agent_app.api import definition
from agent_app.api.serializers_agents import AgentOutput
from agent_app.api.views import valid
from agent_app.definition.diff import changes
from agent_app.services import versions
from community.api.authentication import identify
from config.lib import lists


class PublishView(APIView):
    @extend_schema(
        operation_id="agents_publish",
        request=definition.PublishInput,
        responses={201: definition.PublishOutput, 200: definition.PublishOutput},
    )
    def post(self, request: Request, agent_id: UUID) -> Response:
        """Make the draft a version. A draft that has not changed since answers its latest version (200)."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.publish")
        asked = valid(definition.PublishInput(data=request.data))
        published = versions.agent_publish(actor=actor, agent=agent, **asked)
        body: dict[str, Any] = {
            **definition.VersionRowOutput(published.version).data,
            "published": definition.MadeOutput(published.made, many=True).data,
        }
        return Response(body, status=201 if published.made else 200)


class VersionsView(APIView):
    @lists.describe("agent_versions_list", definition.VersionRowOutput)
    def get(self, request: Request, agent_id: UUID) -> Response:
        """The latest first."""
        agent = access.get_agent(identify(request), agent_id)
        return lists.answer(request, selectors.version_rows(agent), definition.VersionRowOutput)


class VersionView(APIView):
    @extend_schema(operation_id="agent_versions_retrieve", responses=definition.VersionOutput)
    def get(self, request: Request, agent_id: UUID, number: int) -> Response:
        version = access.get_version(access.get_agent(identify(request), agent_id), number)
        return Response(definition.VersionOutput(version).data)


class RestoreView(APIView):
    @extend_schema(
        operation_id="agent_versions_restore",
        request=None,
        responses=inline_serializer(
            "RestoreOutput",
            {
                "agent": AgentOutput(),
                "left_out": rest.ListField(child=rest.CharField(), help_text="What could not be brought back."),
            },
        ),
    )
    def post(self, request: Request, agent_id: UUID, number: int) -> Response:
        """Bring a version's content back into the draft."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        restored, left_out = versions.version_restore(
            actor=actor, agent=agent, version=access.get_version(agent, number)
        )
        return Response({"agent": AgentOutput(restored).data, "left_out": left_out})


class DiffView(APIView):
    @extend_schema(operation_id="agent_versions_diff", responses=definition.DiffOutput)
    def get(self, request: Request, agent_id: UUID, before: str, after: str) -> Response:
        """What changed from one version to another; either may be `draft`."""
        agent = access.get_agent(identify(request), agent_id)
        pinned = "draft" not in (before, after)
        contents = [selectors.content_of(agent, which, pinned=pinned) for which in (before, after)]
        return Response({"changes": changes(*contents)})
