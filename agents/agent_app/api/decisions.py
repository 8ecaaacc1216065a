"""Answering what runs ask people."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, approvals
from agent_app.api.serializers_approvals import DecisionInput
from agent_app.api.serializers_runs import RunOutput
from community.api.authentication import identify


class RunDecisionsView(APIView):
    @extend_schema(operation_id="runs_decide", request=DecisionInput, responses=RunOutput)
    def post(self, request: Request, run_id: UUID) -> Response:
        """Answer what a run waits for, once: a second answer is 409 with the first."""
        actor = identify(request)
        access.get_run(actor, run_id, "run.decide")
        given = DecisionInput(data=request.data)
        given.is_valid(raise_exception=True)
        approvals.approval_decide(actor=actor, run_id=run_id, **given.validated_data)
        return Response(RunOutput(access.get_run(actor, run_id, "run.decide")).data)
