"""The parts of an agent, each by itself: handoffs, contexts, tools, guardrails, the model."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, model_references
from agent_app.api import definition
from agent_app.api import serializers_guardrails as guardrails
from agent_app.api import tool_serializers as tools
from agent_app.api.part_views import Part
from agent_app.api.serializers_agents import AgentOutput
from agent_app.api.shown_guardrails import masked_guardrails
from agent_app.api.views import valid
from agent_app.auto import AUTO
from agent_app.services import agent_parts, agents
from community.api.authentication import identify

HANDOFFS = Part("handoffs", definition.HandoffInput, definition.HandoffUpdate, definition.HandoffOutput)
CONTEXTS = Part(
    "contexts", definition.ContextInput, definition.ContextUpdate, definition.ContextOutput,
    of_create="The first one is the default one.",
)  # fmt: skip
TOOLS = Part(
    "tools", tools.AgentToolInput, tools.AgentToolUpdate, tools.AgentToolOutput, tools.masked_tools,
    of_create="Add a tool of the agent's own, or with `tool_id` one of the library.",
)  # fmt: skip
GUARDRAILS = Part(
    "guardrails", guardrails.GuardrailInput, guardrails.GuardrailUpdate, guardrails.GuardrailOutput, masked_guardrails,
    of_list="In the order in which they check.",
)  # fmt: skip


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
    @extend_schema(operation_id="agent_model_set", request=definition.ModelChoiceInput, responses=AgentOutput)
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
        return Response(AgentOutput(agent).data)
