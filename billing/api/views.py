"""The balance, and the ledger behind it."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing import access, exports, selectors
from billing.api import serializers
from community.api.authentication import identify
from config.lib import lists
from config.lib.http import JSONRenderer
from config.lib.lists import Pagination


class CSVRenderer(BaseRenderer):
    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Only errors come by here (the view answers the file itself): they stay problem documents."""
        return JSONRenderer().render(data, accepted_media_type, renderer_context)


class BalanceView(APIView):
    @extend_schema(operation_id="credits_balance", tags=["billing"], responses=serializers.BalanceOutput)
    def get(self, request: Request) -> Response:
        account = access.get_account(identify(request))
        expiring = [
            {"amount": lot.remaining, "expires_at": lot.expires_at}
            for lot in selectors.lots(account).filter(expires_at__isnull=False)
        ]
        values = {
            "balance": account.balance, "held": account.held, "available": account.available,
            "credit_line": account.credit_line, "expiring": expiring, "plan": account.plan.slug if account.plan_id else "free",
        }  # fmt: skip
        return Response(serializers.BalanceOutput(values).data)


class HistoryView(APIView):
    renderer_classes = (JSONRenderer, CSVRenderer)

    @extend_schema(
        operation_id="credits_history",
        tags=["billing"],
        parameters=[
            serializers.HistoryQuery,
            OpenApiParameter("limit", int),
            OpenApiParameter("offset", int),
            OpenApiParameter("format", str, enum=["json", "csv"], description="Or Accept: text/csv."),
        ],
        responses={
            (200, "application/json"): serializers.HistoryOutput,
            (200, "text/csv"): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """The newest entry first. A file holds the newest 50,000 that fit (from ``offset`` on)."""
        account = access.get_account(identify(request), "billing.read")
        asked = _asked(request)
        rows = selectors.entries(account, asked)
        if request.accepted_renderer.format == "csv":
            return _file(request, rows)
        answer = lists.answer(request, rows, serializers.EntryOutput)
        amount = selectors.entries_sum(account, asked)
        answer.data["summary"] = serializers.SummaryOutput({"amount": amount}).data
        return answer


def _asked(request: Request) -> selectors.EntryFilter:
    query = serializers.HistoryQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    values = query.validated_data
    return selectors.EntryFilter(
        kind=values.get("kind", ""), model=values.get("model", ""), run_id=values.get("run_id"),
        first=values.get("since"), last=values.get("until"),
    )  # fmt: skip


def _file(request: Request, rows: Any) -> HttpResponse:
    paginator = Pagination()
    paginator.max_limit = exports.MOST_ROWS
    paginator.default_limit = exports.MOST_ROWS
    page: Any = paginator.paginate_queryset(rows, request)
    response = HttpResponse(exports.as_csv(page), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="credits.csv"'
    if (following := paginator.get_next_link()) is not None:
        response["Link"] = f'<{following}>; rel="next"'
    return response
