"""Which kinds of guardrails there are, and what those of an agent say of a text."""

from uuid import UUID

from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access
from agent_app.api.serializers_guardrails import KindOutput, TrialInput, TrialOutput
from agent_app.api.views import valid
from agent_app.guardrails import registry
from agent_app.guardrails.trial import chosen, try_text
from community.api.authentication import identify
from config.lib import lists


class GuardrailKindsView(APIView):
    @lists.describe("guardrail_kinds_list", KindOutput)
    def get(self, request: Request) -> Response:
        """Every kind of guardrail with the JSON Schema of its config."""
        identify(request, "agent.read")
        return lists.answer(request, registry.kinds(), KindOutput)


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
