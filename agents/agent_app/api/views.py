"""Agents, providers, conversations and runs, as far as they do not stream (``api/runs.py`` does)."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, selectors
from agent_app.api.serializers_agents import AgentInput, AgentOutput, AgentRowOutput, AgentUpdate
from agent_app.api.serializers_runs import RunDetailOutput, RunOutput
from agent_app.models import AgentStatus, RunStatus
from agent_app.runs import lifecycle
from agent_app.services import agents
from community.api.authentication import identify
from config.lib import lists

_AGENT_ORDERINGS = ("name", "updated_at", "created_at")
_RUN_ORDERINGS = ("created_at", "finished_at", "credits")


def valid(serializer: Any) -> dict[str, Any]:
    """The validated values. Raises ValidationError."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class AgentsView(APIView):
    @lists.describe(
        "agents_list",
        AgentRowOutput,
        search=True,
        orderings=_AGENT_ORDERINGS,
        filters=[lists.parameter("status", enum=AgentStatus.values), lists.parameter("tag")],
    )
    def get(self, request: Request) -> Response:
        """Archived agents only where `status=archived` asks for them."""
        rows = selectors.agent_rows(
            identify(request),
            search=lists.text(request),
            status=lists.choice(request, "status", AgentStatus.values),
            tag=lists.text(request, "tag"),
            ordering=lists.ordering(request, _AGENT_ORDERINGS, "-updated_at"),
        )
        return lists.answer(request, rows, AgentRowOutput)

    @extend_schema(operation_id="agents_create", request=AgentInput, responses={201: AgentOutput})
    def post(self, request: Request) -> Response:
        actor = identify(request, "agent.write")
        agent = agents.agent_create(actor=actor, fields=valid(AgentInput(data=request.data)))
        return Response(AgentOutput(agent).data, status=201)


class AgentView(APIView):
    @extend_schema(operation_id="agents_retrieve", responses=AgentOutput)
    def get(self, request: Request, agent_id: UUID) -> Response:
        return Response(AgentOutput(access.get_agent(identify(request), agent_id)).data)

    @extend_schema(operation_id="agents_replace", request=AgentUpdate, responses=AgentOutput)
    def put(self, request: Request, agent_id: UUID) -> Response:
        return self._update(request, agent_id, partial=False)

    @extend_schema(operation_id="agents_update", request=AgentUpdate, responses=AgentOutput)
    def patch(self, request: Request, agent_id: UUID) -> Response:
        return self._update(request, agent_id, partial=True)

    @extend_schema(operation_id="agents_delete", responses={204: None})
    def delete(self, request: Request, agent_id: UUID) -> Response:
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        agents.agents_delete(actor=actor, ids=[agent.id])
        return Response(status=204)

    def _update(self, request: Request, agent_id: UUID, *, partial: bool) -> Response:
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        changes = valid(AgentUpdate(data=request.data, partial=partial))
        revision = changes.pop("revision", None)
        agent = agents.agent_update(actor=actor, agent=agent, changes=changes, revision=revision)
        return Response(AgentOutput(agent).data)


class RunsView(APIView):
    @lists.describe(
        "runs_list",
        RunOutput,
        search=True,
        orderings=_RUN_ORDERINGS,
        filters=[
            lists.parameter("agent_id", UUID),
            lists.parameter("conversation_id", UUID),
            lists.parameter("status", enum=RunStatus.values),
        ],
    )
    def get(self, request: Request) -> Response:
        """Newest first."""
        rows = selectors.run_list(
            identify(request),
            agent_id=lists.identifier(request, "agent_id"),
            conversation_id=lists.identifier(request, "conversation_id"),
            status=lists.choice(request, "status", RunStatus.values),
            search=lists.text(request),
            ordering=lists.ordering(request, _RUN_ORDERINGS, "-created_at"),
        )
        return lists.answer(request, rows, RunOutput)


class RunView(APIView):
    @extend_schema(operation_id="runs_retrieve", responses=RunDetailOutput)
    def get(self, request: Request, run_id: UUID) -> Response:
        actor = identify(request)
        return Response(RunDetailOutput(access.get_run(actor, run_id), context={"actor": actor}).data)


class RunCancelView(APIView):
    @extend_schema(operation_id="runs_cancel", request=None, responses=RunOutput)
    def post(self, request: Request, run_id: UUID) -> Response:
        run = access.get_run(identify(request), run_id, "run.cancel")
        return Response(RunOutput(lifecycle.cancel(run)).data)
