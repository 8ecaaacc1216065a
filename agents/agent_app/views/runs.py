"""Runs: the list, and what happened in one."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from agent_app import markdown, output_formats, remedies, selectors
from agent_app.access import get_run
from agent_app.approval_card import Card, cards, steps
from agent_app.approvals import approvals_of
from agent_app.models import Message, Run, RunEvent, RunSource, RunStatus
from agent_app.run_forms import MORE, RunFilterForm
from agent_app.runs import lifecycle, limits
from agent_app.selectors import agent_rows
from agent_app.selectors import run_list as runs_of
from agent_app.views.agents import is_fragment
from agent_app.views.traces import trace_section
from billing.models import LedgerEntry
from billing.selectors import run_entries
from billing.views.rows import step_name
from community.selectors import people_of
from community.views.guard import ActorRequest, signed_in

_PER_PAGE = 50
_SHOWN_EVENTS = 500


@require_GET
@signed_in
def run_list(request: ActorRequest) -> HttpResponse:
    """Filters live in the address. HTMX asks for the rows only."""
    form = RunFilterForm(request.GET)
    form.is_valid()
    asked = {name: request.GET.get(name, "") for name in form.fields}
    context = {
        "page": Paginator(runs_of(request.actor, form.filters()), _PER_PAGE).get_page(request.GET.get("page")),
        "asked": asked,
        "filtered": any(asked.values()),
    }
    if is_fragment(request):
        return render(request, "runs/_rows.html", context)
    context |= {
        "agents": agent_rows(request.actor, ordering="name"),
        "people": people_of(request.actor),
        "statuses": RunStatus.choices,
        "sources": RunSource.choices,
        "more": sum(bool(asked[name]) for name in MORE),
    }
    return render(request, "runs/list.html", context)


@require_GET
@signed_in
def run_detail(request: ActorRequest, run_id: UUID) -> HttpResponse:
    """HTMX asks for the changing part while the run is active."""
    run = get_run(request.actor, run_id)
    fragment = is_fragment(request)
    answer = Message.objects.filter(id=run.message_id).first()
    with_record = run.ended or not fragment
    asked, calls = cards(request.actor, run, approvals_of(run)), selectors.calls_of([run.id]).get(run.id, [])
    events = list(RunEvent.objects.filter(run=run).order_by("seq")[:_SHOWN_EVENTS]) if with_record else []
    context = {
        "run": run,
        "spans": _spans(run, asked),
        "quarters": _axis(run),
        "source": run.channel,
        "question": run.user_message,
        "answer": answer,
        "answer_html": markdown.render(answer.content) if answer else None,
        "place": limits.position(run.id) if run.status == RunStatus.QUEUED else None,
        "feedback": selectors.feedback_on(request.actor, run.message_id) if run.ended else [],
        "events": events,
        "record": _record(run) if with_record else "",
        "with_record": run.ended and fragment,
        "explained": _explain(run),
        "remedy": remedies.for_run(request.actor, run),
        "charges": _charges(run),
        "steps": list(steps(asked, calls)),
        "asked": [card for card in asked if card.pending],
        "called": len(calls),
        "value": output_formats.shown(run.output) if run.ended else None,
        **trace_section(run),
        "can_cancel": not run.ended and request.actor.allows("run.cancel"),
    }
    return render(request, "runs/_detail.html" if fragment else "runs/detail.html", context)


@require_POST
@signed_in
def run_cancel(request: ActorRequest, run_id: UUID) -> HttpResponse:
    lifecycle.cancel(get_run(request.actor, run_id, "run.cancel"))
    return redirect("agents:run", run_id=run_id)


def _charges(run: Run) -> list[tuple[LedgerEntry, str]]:
    """What the ledger says of the run, with the words for each step."""
    if settings.BILLING_MODE == "off":
        return []
    return [(entry, step_name(entry.reference)) for entry in run_entries(run.workspace_id, run.id)]


def _record(run: Run) -> str:
    shown = {"input": run.input, "output": run.output, "error": run.error, "metadata": run.metadata}
    return json.dumps(shown, indent=2, ensure_ascii=False)


@dataclass(frozen=True)
class Span:
    """A bar of the waterfall. ``start`` and ``width`` are percent of the whole run, ``milliseconds`` its length."""

    label: str
    icon: str
    kind: str
    start: float
    width: float
    milliseconds: int


def _axis(run: Run) -> list[float]:
    """Where the time line is marked, in milliseconds: its ends and the quarters."""
    total = ((run.finished_at or timezone.now()) - run.created_at).total_seconds() * 1000
    return [total * quarter / 4 for quarter in range(5)]


def _spans(run: Run, asked: list[Card]) -> list[Span]:
    """Waiting for a worker, waiting for the first word, waiting for people, writing."""
    end = run.finished_at or timezone.now()
    total = max((end - run.created_at).total_seconds(), 0.001)
    failed = run.status == RunStatus.FAILED

    def span(label: str, icon: str, kind: str, first: datetime, last: datetime) -> Span:
        seconds = max((last - first).total_seconds(), 0)
        start = (first - run.created_at).total_seconds() / total * 100
        return Span(
            label, icon, kind, round(start, 2), round(max(seconds / total * 100, 0.4), 2), round(seconds * 1000)
        )

    spans = [span(_("In the queue"), "clock", "idle", run.created_at, run.started_at or end)]
    if run.started_at:
        kind = "bad" if failed and not run.first_token_at else "run"
        heard = min(filter(None, [run.first_token_at, *(card.approval.created_at for card in asked)]), default=end)
        spans.append(span(_("Waiting for the first word"), "cpu", kind, run.started_at, heard))
    for card in asked:
        spans.append(
            span(card.approval.tool_name, "hand", "wait", card.approval.created_at, card.approval.decided_at or end)
        )
    if run.first_token_at:
        answered = [card.approval.decided_at or end for card in asked]
        begun = max([run.first_token_at, *answered])
        spans.append(span(_("Writing the answer"), "pencil", "bad" if failed else "ok", begun, end))
    return spans


def _explain(run: Run) -> dict[str, Any] | None:
    """What happened, why, and what to do; nothing for a run that went well."""
    if run.status in (RunStatus.SUCCEEDED, RunStatus.QUEUED, RunStatus.RUNNING) or run.reason == "approval":
        return None
    advice = {
        "timeout": _("Send the message again, or choose a faster model."),
        "max_tokens": _("Raise the longest answer in the agent's model settings, or ask for a shorter one."),
        "worker_lost": _("What each of them had used is in the ledger once. Send the message again."),
        "credits": _(
            "What was written so far is kept and paid for. Add credits, or use a provider with your own key, and go on."
        ),
        "guardrail_tripped": _(
            "The trace says which guardrail it was. Write it differently, or change the guardrail in the builder."
        ),
        "approval_expired": _("Nothing was called that nobody had agreed to. Send the message again to ask once more."),
        "user_cancelled": _("What was written so far is kept. Send the message again to start over."),
    }.get(run.reason, "")
    if not advice and not (run.error or {}).get("error"):  # errors say themselves what to do
        advice = _("Send the message again. If it fails again, tell us the run's id.")
    titles: dict[str, str] = {
        RunStatus.FAILED: _("The run failed"),
        RunStatus.PARTIAL: _("The answer is incomplete"),
        RunStatus.CANCELLED: _("The run was cancelled"),
        RunStatus.WAITING: _("The run is waiting"),
    }
    icons: dict[str, str] = {RunStatus.WAITING: "hand", RunStatus.CANCELLED: "ban", RunStatus.PARTIAL: "triangle-alert"}
    icon = icons.get(run.status, "circle-x")
    return {
        "icon": icon,
        "title": titles[run.status],
        "text": (run.error or {}).get("error") or run.reason,
        "advice": advice,
    }
