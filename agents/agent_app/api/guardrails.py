"""The guardrails of an agent, one by one; which kinds there are; and what they say of a text."""

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access
from agent_app.api.serializers_guardrails import (
    GuardrailInput,
    GuardrailOutput,
    GuardrailUpdate,
    KindOutput,
    TrialInput,
    TrialOutput,
)
from agent_app.api.shown_guardrails import masked_guardrails
from agent_app.api.views import valid
from agent_app.definition.guardrails import guardrails_of
from agent_app.guardrails import registry
from agent_app.guardrails.trial import chosen, try_text
from agent_app.models import Agent
from agent_app.services import agent_parts
from community.api.authentication import identify
from config.lib import lists


class GuardrailKindsView(APIView):
    @lists.describe("guardrail_kinds_list", KindOutput)
    def get(self, request: Request) -> Response:
        """Every kind of guardrail with the JSON Schema of its config."""
        identify(request, "agent.read")
        return lists.answer(request, registry.kinds(), KindOutput)


class GuardrailsView(APIView):
    @lists.describe("agent_guardrails_list", GuardrailOutput)
    def get(self, request: Request, agent_id: UUID) -> Response:
        """In the order in which they check."""
        agent = access.get_agent(identify(request), agent_id)
        return lists.answer(request, masked_guardrails(agent, guardrails_of(agent)), GuardrailOutput)

    @extend_schema(operation_id="agent_guardrails_create", request=GuardrailInput, responses={201: GuardrailOutput})
    def post(self, request: Request, agent_id: UUID) -> Response:
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        values = valid(GuardrailInput(data=request.data))
        part = agent_parts.part_add(actor=actor, agent=agent, kind="guardrails", values=values)
        return Response(_shown(agent, part), status=201)


class GuardrailView(APIView):
    @extend_schema(operation_id="agent_guardrails_retrieve", responses=GuardrailOutput)
    def get(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        agent = access.get_agent(identify(request), agent_id)
        part = access.get_part(agent, "guardrails", item_id)
        return Response(_shown(agent, part))

    @extend_schema(operation_id="agent_guardrails_replace", request=GuardrailInput, responses=GuardrailOutput)
    def put(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        values = valid(GuardrailInput(data=request.data))
        part = agent_parts.part_replace(actor=actor, agent=agent, kind="guardrails", part_id=item_id, values=values)
        return Response(_shown(agent, part))

    @extend_schema(operation_id="agent_guardrails_update", request=GuardrailUpdate, responses=GuardrailOutput)
    def patch(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        values = valid(GuardrailUpdate(data=request.data))
        part = agent_parts.part_change(actor=actor, agent=agent, kind="guardrails", part_id=item_id, values=values)
        return Response(_shown(agent, part))

    @extend_schema(operation_id="agent_guardrails_delete", responses={204: None})
    def delete(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        agent_parts.part_remove(actor=actor, agent=agent, kind="guardrails", part_id=item_id)
        return Response(status=204)


def _shown(agent: Agent, part: dict[str, Any]) -> dict[str, Any]:
    [masked] = masked_guardrails(agent, [part])
    return dict(GuardrailOutput(masked).data)


class GuardrailTrialView(APIView):
    @extend_schema(operation_id="agent_guardrails_test", request=TrialInput, responses=TrialOutput)
    def post(self, request: Request, agent_id: UUID) -> Response:
        """What the draft's guardrails, or one that is not saved yet, say of a text, how long each took, and what asking
        judges has cost: that is held before and booked after, as in a run. Nothing is stored."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        asked = valid(TrialInput(data=request.data))
        guardrails = chosen(actor, agent, stage=asked.get("type"), unsaved=asked.get("guardrail"))
        return Response(TrialOutput(async_to_sync(try_text)(actor, agent, asked["text"], guardrails)).data)
