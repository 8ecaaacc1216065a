"""Answering what a run asks, from its card and from the inbox."""

from typing import Any
from uuid import UUID

import orjson
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agent_app.approvals import approval_decide
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import InvalidInput


@require_POST
@signed_in
def run_decide(request: ActorRequest, run_id: UUID, call_id: str) -> HttpResponse:
    """One answer; the run's page shows what became of it."""
    row = approval_decide(
        actor=request.actor, run_id=run_id, call_id=call_id, decision=request.POST.get("decision", ""),
        arguments=_arguments(request), reason=request.POST.get("reason", ""),
    )  # fmt: skip
    messages.success(request, _("Rejected") if row.decision == "reject" else _("Approved"))
    return redirect("agents:run", run_id=run_id)


def _arguments(request: ActorRequest) -> dict[str, Any] | None:
    """What was edited; the form sends it with every button."""
    if request.POST.get("decision") != "edit":
        return None
    try:
        given = orjson.loads(request.POST.get("arguments", ""))
    except orjson.JSONDecodeError as error:
        raise InvalidInput(errors={"arguments": [_("This is not JSON.")]}) from error
    if not isinstance(given, dict):
        raise InvalidInput(errors={"arguments": [_("The arguments are an object.")]})
    return given
