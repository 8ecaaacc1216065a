"""The files of an agent."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers as rest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, selectors
from agent_app.api.views import valid
from agent_app.models import AgentFile
from agent_app.services import agent_files
from community.access import Actor, get_file
from community.api.authentication import identify
from config.lib import lists
from config.lib.serializers import Strict


class AgentFileUpdate(Strict):
    file_id = rest.UUIDField(required=False)
    description = rest.CharField(max_length=500, required=False, allow_blank=True)


class AgentFileInput(AgentFileUpdate):
    file_id = rest.UUIDField()


class AgentFileOutput(rest.ModelSerializer[AgentFile]):
    name = rest.CharField(source="file.name")
    size = rest.IntegerField(source="file.size")
    mime = rest.CharField(source="file.mime")
    status = rest.CharField(source="file.status")

    class Meta:
        model = AgentFile
        fields = ("id", "file_id", "name", "size", "mime", "status", "description", "created_at")
        read_only_fields = fields


class AgentFilesView(APIView):
    @lists.describe("agent_files_list", AgentFileOutput)
    def get(self, request: Request, agent_id: UUID) -> Response:
        rows = selectors.agent_file_rows(access.get_agent(identify(request), agent_id))
        return lists.answer(request, rows, AgentFileOutput)

    @extend_schema(operation_id="agent_files_create", request=AgentFileInput, responses={201: AgentFileOutput})
    def post(self, request: Request, agent_id: UUID) -> Response:
        """Give the agent a file of the workspace. It stays live under published versions.

        Its model is given images, PDFs and text files as far as it takes them: `GET /agents/{id}/preview/` says which, and why
        not the others.
        """
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        values = _values(actor, valid(AgentFileInput(data=request.data)))
        return Response(
            AgentFileOutput(agent_files.agent_file_add(actor=actor, agent=agent, **values)).data, status=201
        )


class AgentFileView(APIView):
    @extend_schema(operation_id="agent_files_retrieve", responses=AgentFileOutput)
    def get(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        agent = access.get_agent(identify(request), agent_id)
        return Response(AgentFileOutput(access.get_agent_file(agent, item_id)).data)

    @extend_schema(operation_id="agent_files_replace", request=AgentFileInput, responses=AgentFileOutput)
    def put(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        return self._change(request, agent_id, item_id, AgentFileInput, {"description": ""})

    @extend_schema(operation_id="agent_files_update", request=AgentFileUpdate, responses=AgentFileOutput)
    def patch(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        return self._change(request, agent_id, item_id, AgentFileUpdate, {})

    @extend_schema(operation_id="agent_files_delete", responses={204: None})
    def delete(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        """Take it from the agent; the file itself stays."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        agent_files.agent_file_remove(actor=actor, agent_file=access.get_agent_file(agent, item_id))
        return Response(status=204)

    def _change(
        self, request: Request, agent_id: UUID, item_id: UUID, serializer: Any, defaults: dict[str, Any]
    ) -> Response:
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        agent_file = access.get_agent_file(agent, item_id)
        values = defaults | _values(actor, valid(serializer(data=request.data)))
        return Response(
            AgentFileOutput(agent_files.agent_file_change(actor=actor, agent_file=agent_file, **values)).data
        )


def _values(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    file_id = given.pop("file_id", None)
    return given if file_id is None else given | {"file": get_file(actor, file_id)}
