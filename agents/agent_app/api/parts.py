"""The parts of an agent, each by itself: handoffs, contexts, the model."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, model_references
from agent_app.api import definition, serializers
from agent_app.api.views import valid
from agent_app.auto import AUTO
from agent_app.definition.content import contexts_of, handoffs_of
from agent_app.services import agent_parts, agents
from community.api.authentication import identify
from config.lib import lists


class HandoffsView(APIView):
    @lists.describe("agent_handoffs_list", definition.HandoffOutput)
    def get(self, request: Request, agent_id: UUID) -> Response:
        agent = access.get_agent(identify(request), agent_id)
        return lists.answer(request, handoffs_of(agent), definition.HandoffOutput)

    @extend_schema(
        operation_id="agent_handoffs_create", request=definition.HandoffInput, responses={201: definition.HandoffOutput}
    )
    def post(self, request: Request, agent_id: UUID) -> Response:
        part = _add(request, agent_id, "handoffs", definition.HandoffInput)
        return Response(definition.HandoffOutput(part).data, status=201)


class HandoffView(APIView):
    @extend_schema(operation_id="agent_handoffs_retrieve", responses=definition.HandoffOutput)
    def get(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        handoff = access.get_part(access.get_agent(identify(request), agent_id), "handoffs", item_id)
        return Response(definition.HandoffOutput(handoff).data)

    @extend_schema(
        operation_id="agent_handoffs_replace", request=definition.HandoffInput, responses=definition.HandoffOutput
    )
    def put(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        part = _change(request, agent_id, "handoffs", item_id, definition.HandoffInput)
        return Response(definition.HandoffOutput(part).data)

    @extend_schema(
        operation_id="agent_handoffs_update", request=definition.HandoffUpdate, responses=definition.HandoffOutput
    )
    def patch(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        part = _change(request, agent_id, "handoffs", item_id, definition.HandoffUpdate)
        return Response(definition.HandoffOutput(part).data)

    @extend_schema(operation_id="agent_handoffs_delete", responses={204: None})
    def delete(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        return _remove(request, agent_id, "handoffs", item_id)


class ContextsView(APIView):
    @lists.describe("agent_contexts_list", definition.ContextOutput)
    def get(self, request: Request, agent_id: UUID) -> Response:
        agent = access.get_agent(identify(request), agent_id)
        return lists.answer(request, contexts_of(agent), definition.ContextOutput)

    @extend_schema(
        operation_id="agent_contexts_create", request=definition.ContextInput, responses={201: definition.ContextOutput}
    )
    def post(self, request: Request, agent_id: UUID) -> Response:
        """The first one is the default one."""
        part = _add(request, agent_id, "contexts", definition.ContextInput)
        return Response(definition.ContextOutput(part).data, status=201)


class ContextView(APIView):
    @extend_schema(operation_id="agent_contexts_retrieve", responses=definition.ContextOutput)
    def get(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        context = access.get_part(access.get_agent(identify(request), agent_id), "contexts", item_id)
        return Response(definition.ContextOutput(context).data)

    @extend_schema(
        operation_id="agent_contexts_replace", request=definition.ContextInput, responses=definition.ContextOutput
    )
    def put(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        part = _change(request, agent_id, "contexts", item_id, definition.ContextInput)
        return Response(definition.ContextOutput(part).data)

    @extend_schema(
        operation_id="agent_contexts_update", request=definition.ContextUpdate, responses=definition.ContextOutput
    )
    def patch(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        part = _change(request, agent_id, "contexts", item_id, definition.ContextUpdate)
        return Response(definition.ContextOutput(part).data)

    @extend_schema(operation_id="agent_contexts_delete", responses={204: None})
    def delete(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        return _remove(request, agent_id, "contexts", item_id)


class DefaultContextView(APIView):
    """The context of runs that name none."""

    @extend_schema(operation_id="agent_context_retrieve", responses=definition.ContextOutput)
    def get(self, request: Request, agent_id: UUID) -> Response:
        context = access.get_default_context(access.get_agent(identify(request), agent_id))
        return Response(definition.ContextOutput(context).data)

    @extend_schema(
        operation_id="agent_context_replace", request=definition.DefaultContextInput, responses=definition.ContextOutput
    )
    def put(self, request: Request, agent_id: UUID) -> Response:
        """Makes it where there is none."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        values = valid(definition.DefaultContextInput(data=request.data))
        context = agent_parts.default_context_set(actor=actor, agent=agent, values=values)
        return Response(definition.ContextOutput(context).data)


class ModelView(APIView):
    @extend_schema(
        operation_id="agent_model_set", request=definition.ModelChoiceInput, responses=serializers.AgentOutput
    )
    def post(self, request: Request, agent_id: UUID) -> Response:
        """Set the model, and those settings that are named."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        values = valid(definition.ModelChoiceInput(data=request.data))
        reference, provider_id = values.pop("model"), values.pop("provider_id", None)
        resolved = model_references.resolve(
            workspace_id=actor.workspace_id, reference=reference, provider_id=provider_id
        )
        chosen = AUTO if reference == AUTO and provider_id is None else resolved.reference
        settings = {name: value for name, value in (agent.model_settings | values).items() if value is not None}
        agent = agents.agent_update(actor=actor, agent=agent, changes={"model": chosen, "model_settings": settings})
        return Response(serializers.AgentOutput(agent).data)


def _add(request: Request, agent_id: UUID, kind: str, serializer: Any) -> dict[str, Any]:
    actor = identify(request)
    agent = access.get_agent(actor, agent_id, "agent.write")
    return agent_parts.part_add(actor=actor, agent=agent, kind=kind, values=valid(serializer(data=request.data)))


def _change(request: Request, agent_id: UUID, kind: str, item_id: UUID, serializer: Any) -> dict[str, Any]:
    """A PUT says everything (its serializer requires it); what it leaves out becomes the default."""
    actor = identify(request)
    agent = access.get_agent(actor, agent_id, "agent.write")
    values = valid(serializer(data=request.data))
    change = agent_parts.part_replace if request.method == "PUT" else agent_parts.part_change
    return change(actor=actor, agent=agent, kind=kind, part_id=item_id, values=values)


def _remove(request: Request, agent_id: UUID, kind: str, item_id: UUID) -> Response:
    actor = identify(request)
    agent = access.get_agent(actor, agent_id, "agent.write")
    agent_parts.part_remove(actor=actor, agent=agent, kind=kind, part_id=item_id)
    return Response(status=204)
