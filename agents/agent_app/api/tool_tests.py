"""Trying a tool out. A plain async view: the tool may take its time (see ``config/lib/http.py``)."""

import asyncio
from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.views import APIView

from agent_app import access, tool_panel
from agent_app.api.tool_serializers import ToolTestInput, ToolTestOutput
from agent_app.api.views import valid
from agent_app.services import tool_tests
from agent_app.services.tool_tests import Trial
from community.api.authentication import identify
from config.lib import http
from config.lib.db import in_db


class _TestSchema(APIView):
    """Describes ``test`` for the schema."""

    @extend_schema(operation_id="tools_test", request=ToolTestInput, responses=ToolTestOutput)
    def post(self) -> None: ...


@http.async_api("POST", schema=_TestSchema)
async def test(request: HttpRequest, tool_id: UUID) -> HttpResponse:
    """Call a tool of the library once, as a run would. What goes wrong in the call is its result."""
    begun: list[Trial] = []
    try:
        trial = await in_db(_begin, request, tool_id, begun)
        tried = await tool_panel.call(trial)
    except asyncio.CancelledError:  # whoever asked has gone: nothing stays held, and that it was begun is on record
        for left in begun:
            await in_db(partial(tool_tests.tool_test_end, trial=left, tried=tool_panel.LEFT))
        raise
    credits = await in_db(lambda: tool_tests.tool_test_end(trial=trial, tried=tried))
    return http.json_response(
        {
            "result": tried.result, "is_error": tried.is_error, "duration_ms": tried.duration_ms, "credits": credits,
            "details": tried.details,
        }
    )  # fmt: skip


def _begin(request: HttpRequest, tool_id: UUID, begun: list[Trial]) -> Trial:
    actor = identify(request)
    tool = access.get_tool(actor, tool_id, "tool.test")
    asked = valid(ToolTestInput(data=http.json_object(request)))
    trial = tool_tests.tool_test_begin(
        actor=actor, tool=tool, arguments=asked.get("arguments") or {}, function=asked.get("function", "")
    )
    begun.append(trial)
    return trial
