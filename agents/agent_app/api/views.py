"""Agents, providers, conversations and runs, as far as they do not stream (``api/runs.py`` does)."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, selectors
from agent_app.api import serializers
from agent_app.models import Message, Provider, RunStatus
from agent_app.runs import lifecycle
from agent_app.services import agents, conversations, providers
from community.api.authentication import identify
from config.lib.errors import InvalidInput
from config.lib.http import Pagination, represent
from config.lib.ids import parse_uuid

_PAGE = [OpenApiParameter("limit", int), OpenApiParameter("offset", int)]


def _page(request: Request, rows: Any, serializer: Any, view: APIView) -> Response:
    paginator = Pagination()
    page: Any = paginator.paginate_queryset(rows, request, view=view)
    return paginator.get_paginated_response(represent(serializer, page))


def _valid(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _uuid_filter(request: Request, name: str) -> UUID | None:
    value = request.query_params.get(name)
    if value and (parsed := parse_uuid(value)) is None:
        raise InvalidInput(errors={name: ["This is not an id."]})
    return parsed if value else None


def _choice(request: Request, name: str, choices: Collection[str]) -> str:
    value = request.query_params.get(name, "")
    if value and value not in choices:
        raise InvalidInput(errors={name: [_("This is none of: %(choices)s.") % {"choices": ", ".join(choices)}]})
    return value


class AgentsView(APIView):
    @extend_schema(
        operation_id="agents_list",
        parameters=[
            *_PAGE,
            OpenApiParameter("search", str),
            OpenApiParameter("ordering", str),
            OpenApiParameter("status", str),
        ],
        responses=serializers.AgentOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        query = request.query_params
        rows = selectors.agent_rows(
            identify(request),
            search=query.get("search", ""),
            status=query.get("status", ""),
            ordering=query.get("ordering", ""),
        )
        return _page(request, rows, serializers.AgentOutput, self)

    @extend_schema(
        operation_id="agents_create", request=serializers.AgentInput, responses={201: serializers.AgentOutput}
    )
    def post(self, request: Request) -> Response:
        actor = identify(request)
        agent = agents.agent_create(actor=actor, fields=_valid(serializers.AgentInput(data=request.data)))
        return Response(serializers.AgentOutput(agent).data, status=201)


class AgentView(APIView):
    @extend_schema(operation_id="agents_retrieve", responses=serializers.AgentOutput)
    def get(self, request: Request, agent_id: UUID) -> Response:
        return Response(serializers.AgentOutput(access.get_agent(identify(request), agent_id)).data)

    @extend_schema(operation_id="agents_replace", request=serializers.AgentUpdate, responses=serializers.AgentOutput)
    def put(self, request: Request, agent_id: UUID) -> Response:
        return self._update(request, agent_id, partial=False)

    @extend_schema(operation_id="agents_update", request=serializers.AgentUpdate, responses=serializers.AgentOutput)
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
        changes = _valid(serializers.AgentUpdate(data=request.data, partial=partial))
        revision = changes.pop("revision", None)
        agent = agents.agent_update(actor=actor, agent=agent, changes=changes, revision=revision)
        return Response(serializers.AgentOutput(agent).data)


class ProvidersView(APIView):
    @extend_schema(operation_id="providers_list", parameters=_PAGE, responses=serializers.ProviderOutput(many=True))
    def get(self, request: Request) -> Response:
        rows = Provider.objects.in_workspace(identify(request).workspace_id).order_by("name")
        return _page(request, rows, serializers.ProviderOutput, self)

    @extend_schema(
        operation_id="providers_create", request=serializers.ProviderInput, responses={201: serializers.ProviderOutput}
    )
    def post(self, request: Request) -> Response:
        actor = identify(request)
        provider = providers.provider_create(actor=actor, fields=_valid(serializers.ProviderInput(data=request.data)))
        return Response(serializers.ProviderOutput(provider).data, status=201)


class ProviderView(APIView):
    @extend_schema(operation_id="providers_retrieve", responses=serializers.ProviderOutput)
    def get(self, request: Request, provider_id: UUID) -> Response:
        return Response(serializers.ProviderOutput(access.get_provider(identify(request), provider_id)).data)

    @extend_schema(
        operation_id="providers_update", request=serializers.ProviderInput, responses=serializers.ProviderOutput
    )
    def patch(self, request: Request, provider_id: UUID) -> Response:
        actor = identify(request)
        provider = access.get_provider(actor, provider_id, "provider.write")
        changes = _valid(serializers.ProviderInput(data=request.data, partial=True))
        return Response(
            serializers.ProviderOutput(providers.provider_update(actor=actor, provider=provider, changes=changes)).data
        )

    @extend_schema(operation_id="providers_delete", responses={204: None})
    def delete(self, request: Request, provider_id: UUID) -> Response:
        actor = identify(request)
        providers.provider_delete(actor=actor, provider=access.get_provider(actor, provider_id, "provider.write"))
        return Response(status=204)


class ConversationsView(APIView):
    @extend_schema(
        operation_id="conversations_list",
        parameters=[*_PAGE, OpenApiParameter("agent_id", str), OpenApiParameter("search", str)],
        responses=serializers.ConversationOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        rows = selectors.conversation_list(
            identify(request), _uuid_filter(request, "agent_id"), request.query_params.get("search", "")
        )
        return _page(request, rows, serializers.ConversationOutput, self)


class ConversationView(APIView):
    @extend_schema(operation_id="conversations_retrieve", responses=serializers.ConversationOutput)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return Response(
            serializers.ConversationOutput(access.get_conversation(identify(request), conversation_id)).data
        )

    @extend_schema(
        operation_id="conversations_update",
        request=serializers.ConversationUpdate,
        responses=serializers.ConversationOutput,
    )
    def patch(self, request: Request, conversation_id: UUID) -> Response:
        actor = identify(request)
        conversation = access.get_conversation(actor, conversation_id, "conversation.write")
        changes = _valid(serializers.ConversationUpdate(data=request.data))
        conversation = conversations.conversation_update(
            actor=actor, conversation=conversation, title=changes.get("title"), pinned=changes.get("pinned")
        )
        return Response(serializers.ConversationOutput(conversation).data)

    @extend_schema(operation_id="conversations_delete", responses={204: None})
    def delete(self, request: Request, conversation_id: UUID) -> Response:
        actor = identify(request)
        conversation = access.get_conversation(actor, conversation_id, "conversation.write")
        conversations.conversation_delete(actor=actor, conversation=conversation)
        return Response(status=204)


class MessagesView(APIView):
    @extend_schema(
        operation_id="conversation_messages_list", parameters=_PAGE, responses=serializers.MessageOutput(many=True)
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        conversation = access.get_conversation(identify(request), conversation_id)
        rows = Message.objects.filter(conversation_id=conversation.id).order_by("id")
        return _page(request, rows, serializers.MessageOutput, self)


class RunsView(APIView):
    @extend_schema(
        operation_id="runs_list",
        parameters=[
            *_PAGE,
            OpenApiParameter("agent_id", UUID),
            OpenApiParameter("conversation_id", UUID),
            OpenApiParameter("status", str, enum=RunStatus.values),
            OpenApiParameter("search", str),
            OpenApiParameter("ordering", str, enum=selectors.RUN_ORDERINGS),
        ],
        responses=serializers.RunOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        rows = selectors.run_list(
            identify(request),
            agent_id=_uuid_filter(request, "agent_id"),
            conversation_id=_uuid_filter(request, "conversation_id"),
            status=_choice(request, "status", RunStatus.values),
            search=request.query_params.get("search", ""),
            ordering=_choice(request, "ordering", selectors.RUN_ORDERINGS),
        )
        return _page(request, rows, serializers.RunOutput, self)


class RunView(APIView):
    @extend_schema(operation_id="runs_retrieve", responses=serializers.RunOutput)
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(serializers.RunOutput(access.get_run(identify(request), run_id)).data)


class RunCancelView(APIView):
    @extend_schema(operation_id="runs_cancel", request=None, responses=serializers.RunOutput)
    def post(self, request: Request, run_id: UUID) -> Response:
        run = access.get_run(identify(request), run_id, "run.cancel")
        return Response(serializers.RunOutput(lifecycle.cancel(run)).data)
