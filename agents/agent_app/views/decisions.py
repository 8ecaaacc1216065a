"""Answering what a run asks: from its card in the chat, on the run's page and in the inbox."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agent_app import access
from agent_app.approval_card import Card, edited
from agent_app.approvals import approval_decide
from agent_app.models import Approval, Decision
from agent_app.views.agents import is_fragment
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import Conflict, InvalidInput

_TOO_LATE = ("already_decided", "approval_expired", "approval_withdrawn")


@require_http_methods(["GET", "POST"])
@signed_in
def run_decide(request: ActorRequest, run_id: UUID, call_id: str) -> HttpResponse:
    """HTMX gets the card as it is now, with what is wrong in its place; others the run's page, or the card as a page of its own
    where their edit has to be looked at again."""
    run = access.get_run(request.actor, run_id)
    if request.method == "GET":
        card = _card(request, run_id, call_id)
        return _shown(request, card) if is_fragment(request) else redirect(_address(card))
    try:
        approval_decide(
            actor=request.actor, run_id=run.id, call_id=call_id, decision=request.POST.get("decision", ""),
            arguments=_arguments(request, access.get_approval(run, call_id)), reason=request.POST.get("reason", ""),
        )  # fmt: skip
    except InvalidInput as error:
        found = [message for each in error.errors.values() for message in each] or [error.detail]
        return _shown(request, _card(request, run_id, call_id, errors=found, written=request.POST.dict()), 422)
    except Conflict as error:
        if error.error_code not in _TOO_LATE:
            raise
        return _too_late(request, _card(request, run_id, call_id, note=error.detail))
    card = _card(request, run_id, call_id)
    if is_fragment(request):
        return _shown(request, card, headers={"HX-Trigger": "approval-decided"})
    messages.success(request, card.said)
    return redirect(_address(card))


def _card(request: ActorRequest, run_id: UUID, call_id: str, **more: Any) -> Card:
    run = access.get_run(request.actor, run_id)
    return Card(access.get_approval(run, call_id), run, request.actor.allows("run.decide"), **more)


def _shown(request: ActorRequest, card: Card, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    template = "components/approval.html" if is_fragment(request) else "runs/decide.html"
    response = render(request, template, {"card": card, "run": card.run}, status=status)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def _too_late(request: ActorRequest, card: Card) -> HttpResponse:
    """Somebody else was first, or time was: the card says what became of it."""
    if not is_fragment(request):
        messages.error(request, card.note)
        return redirect(_address(card))
    headers = {
        "HX-Retarget": f"#approval-{card.approval.id}",
        "HX-Reswap": "outerHTML",
        "HX-Trigger": "approval-decided",
    }
    return _shown(request, card, 409, headers)


def _arguments(request: ActorRequest, approval: Approval) -> dict[str, Any] | None:
    """What was edited. Raises InvalidInput."""
    if request.POST.get("decision") != Decision.EDIT:
        return None
    given = edited(approval, request.POST.dict())
    if not isinstance(given, dict):
        raise InvalidInput(errors={"arguments": [_("This is a JSON object: it begins with { and ends with }.")]})
    return given


def _address(card: Card) -> str:
    return f"{reverse('agents:run', args=[card.run.id])}#approval-{card.approval.id}"
