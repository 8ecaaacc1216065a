"""A run's answer in another form: the same conversions that pages offer."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from agent_app import access, output_formats
from community.api.authentication import identify
from config.lib import lists
from config.lib.errors import NotFound

_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8", "md": "text/markdown; charset=utf-8"}


class RunAnswerView(APIView):
    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever ``Accept`` says: ``format`` decides, and it is not REST framework's parameter of that name."""
        return self.get_renderers()[0], "application/json"

    @extend_schema(
        operation_id="runs_answer",
        parameters=[OpenApiParameter("format", str, enum=list(_TYPES), description="json where it is left out.")],
        responses={
            (200, "application/json"): OpenApiTypes.ANY, (200, "text/csv"): OpenApiTypes.STR, (200, "text/markdown"): OpenApiTypes.STR,
        },
    )  # fmt: skip
    def get(self, request: Request, run_id: UUID) -> HttpResponse:
        """The answer by itself. A list of records is a table in CSV and Markdown."""
        run = access.get_run(identify(request), run_id)
        form = lists.choice(request, "format", _TYPES) or "json"
        if run.output is None:
            raise NotFound(_("This run has no answer."))
        return HttpResponse(
            output_formats.convert(run.output, form), content_type=_TYPES[form], headers={"Cache-Control": "no-store"}
        )
