"""``/credits/quote/``: here, because what it tells is known to what is run and not to billing."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import quotes
from agent_app.access import get_agent
from billing.access import require_credits_on
from billing.api.serializers import Amount
from community.api.authentication import identify
from config.lib.errors import NotFound
from config.lib.serializers import Strict


class QuoteInput(Strict):
    agent_id = serializers.UUIDField(required=False)
    workflow_id = serializers.UUIDField(required=False)
    message = serializers.CharField(max_length=200_000, required=False, allow_blank=True, trim_whitespace=False)
    inputs = serializers.DictField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("agent_id" in attrs) == ("workflow_id" in attrs):
            raise serializers.ValidationError({"agent_id": [_("Name either an agent or a workflow.")]})
        return attrs


class QuoteOutput(serializers.Serializer[Any]):
    p50 = Amount()
    p90 = Amount()
    ceiling = Amount(help_text="The most a turn can cost.")
    basis = serializers.ChoiceField(choices=["history", "agent", "prompt"])
    runs = serializers.IntegerField(help_text="How many runs the figures come from.")
    model = serializers.CharField()


class QuoteView(APIView):
    @extend_schema(operation_id="credits_quote", tags=["billing"], request=QuoteInput, responses=QuoteOutput)
    def post(self, request: Request) -> Response:
        actor = identify(request)
        actor.require("credits.read")
        require_credits_on()
        given = QuoteInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        if "workflow_id" in asked:
            raise NotFound(_("There is no such workflow."))
        agent = get_agent(actor, asked["agent_id"], "agent.run")
        quote = quotes.agent_quote(actor=actor, agent=agent, message=asked.get("message", ""))
        return Response(QuoteOutput(quote).data)
