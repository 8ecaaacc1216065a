"""Agents, providers, conversations and runs, as far as they do not stream (``api/runs.py`` does)."""

from typing import Any, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, selectors
from agent_app.api.serializers_agents import AgentInput, AgentOutput, AgentRowOutput, AgentUpdate
from agent_app.api.serializers_runs import RunDetailOutput, RunOutput
from agent_app.definition.choice import DRAFT
from agent_app.models import REASONS, AgentStatus, RunSource, RunStatus
from agent_app.runs import lifecycle
from agent_app.selectors import RunFilters
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


_RUN_FILTERS = [
    lists.parameter("agent_id", UUID),
    lists.parameter("version", str, "A published number, or `draft`."),
    lists.parameter("conversation_id", UUID),
    lists.parameter("actor", UUID, "Who started it."),
    lists.parameter("status", enum=RunStatus.values),
    lists.parameter("reason", enum=REASONS),
    lists.parameter("has_error", bool),
    lists.parameter("source", enum=RunSource.values),
    lists.parameter("model", str, "`provider/model`, as the run has it."),
    lists.parameter("tag", str, "Of its agent."),
    lists.parameter("min_credits", str, "At least so much was spent."),
    lists.parameter("since", str, "A date, or a date with time; included."),
    lists.parameter("until", str, "A date, or a date with time; not included."),
]


def _version(request: Request) -> int | Literal["draft"] | None:
    asked = lists.text(request, "version")
    if asked in ("", DRAFT):
        return "draft" if asked else None
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= 9):
        raise lists.invalid("version", _('A version is a published number, or "draft".'))
    return int(asked)


def _run_filters(request: Request) -> RunFilters:
    return RunFilters(
        agent_id=lists.identifier(request, "agent_id"),
        version=_version(request),
        conversation_id=lists.identifier(request, "conversation_id"),
        actor_id=lists.identifier(request, "actor"),
        status=lists.choice(request, "status", RunStatus.values),
        reason=lists.choice(request, "reason", REASONS),
        has_error=lists.flag(request, "has_error"),
        source=lists.choice(request, "source", RunSource.values),
        model=lists.text(request, "model"),
        tag=lists.text(request, "tag"),
        least_credits=lists.amount(request, "min_credits"),
        since=lists.moment(request, "since"),
        until=lists.moment(request, "until"),
        search=lists.text(request),
    )


class RunsView(APIView):
    @lists.describe(
        "runs_list",
        RunOutput,
        search=True,
        orderings=_RUN_ORDERINGS,
        filters=_RUN_FILTERS,
    )
    def get(self, request: Request) -> Response:
        """Newest first. `search` looks at what was asked and at the agent's name, or is the id of a run, a conversation or a trace."""
        order = lists.ordering(request, _RUN_ORDERINGS, "-created_at")
        rows = selectors.run_list(identify(request), _run_filters(request), ordering=order)
        return lists.answer(request, rows.select_related(None), RunOutput)  # the answer names the agent by its id


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
