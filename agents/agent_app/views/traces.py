"""A run's trace: its spans as a waterfall, each with what went in and came out, open where it went wrong first."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agent_app.access import get_run
from agent_app.models import Run, Span, SpanType
from agent_app.output_formats import shown
from agent_app.runs import bodies
from agent_app.runs.spans import MOST_INLINE
from agent_app.traces import Trace, first_error, trace_of
from agent_app.views.agents import is_fragment
from community.views.guard import ActorRequest, signed_in
from config.lib.ids import parse_uuid

_ICONS: dict[str, str] = {
    SpanType.AGENT: "bot", SpanType.GENERATION: "cpu", SpanType.TOOL: "wrench", SpanType.HANDOFF: "arrow-right",
    SpanType.GUARDRAIL: "shield-check", SpanType.APPROVAL: "hand", SpanType.RETRIEVAL: "text-search",
}  # fmt: skip
_DEEPEST = 4
_MARKS = 4


@dataclass(frozen=True)
class Part:
    """A piece of a body that people read: who says it, and what."""

    label: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A span as the waterfall shows it. ``start`` and ``width`` are percent of the whole run; ``cut``: a body is not whole."""

    span: Span
    depth: int
    icon: str
    kind: str
    start: float
    width: float
    milliseconds: float
    tokens: int | None
    cost: Any
    opened: bool
    cut: bool
    given: list[Part]
    made: list[Part]


@require_GET
@signed_in
def run_trace(request: ActorRequest, run_id: UUID) -> HttpResponse:
    """The filter, the raw view and the span that is shown whole live in the address. HTMX asks for the waterfall only."""
    run = get_run(request.actor, run_id)
    asked, raw = request.GET.get("show", ""), request.GET.get("view") == "raw"
    trace, whole = trace_of(run), parse_uuid(request.GET.get("whole", ""))
    bodies.read_whole(span for span in trace.spans if span.id == whole)
    context = {"run": run, "raw": raw, **waterfall(trace, show=asked, raw=raw, whole=whole)}
    return render(request, "runs/_waterfall.html" if is_fragment(request) else "runs/trace.html", context)


def waterfall(trace: Trace, *, show: str = "", raw: bool = False, whole: UUID | None = None) -> dict[str, Any]:
    """What templates/runs/_waterfall.html needs. ``show`` is a type of span, or ``errors``; anything else shows all."""
    run, spans = trace.run, trace.spans
    began = min([run.created_at, *(span.started_at for span in spans)])
    end = run.finished_at or timezone.now()
    total = max((end - began).total_seconds(), 0.001)
    wrong = first_error(spans)
    depths: dict[UUID, int] = {}
    rows = []
    for span in spans:
        depths[span.id] = min(depths.get(span.parent_id, -1) + 1, _DEEPEST) if span.parent_id else 0
        if show not in _filters(spans) or show == span.type or (show == "errors" and span.failed):
            opened = span.id == whole if whole else span == wrong
            rows.append(_row(trace, span, depths[span.id], (began, total), opened, raw))
    return {
        "rows": rows, "axis": [total * 1000 * mark / _MARKS for mark in range(_MARKS + 1)], "first_error": wrong,
        "show": show, "filters": _filters(spans), "span_count": len(spans), "whole": whole,
    }  # fmt: skip


def _filters(spans: list[Span]) -> dict[str, dict[str, Any]]:
    """The kinds of spans that there are, with how many."""
    found: dict[str, dict[str, Any]] = {}
    for span in spans:
        label = str(SpanType(span.type).label)
        found.setdefault(span.type, {"label": label, "icon": _ICONS[span.type], "count": 0})["count"] += 1
    if failed := sum(span.failed for span in spans):
        found["errors"] = {"label": _("Errors"), "icon": "circle-x", "count": failed}
    return found


def _row(trace: Trace, span: Span, depth: int, scale: tuple[Any, float], opened: bool, raw: bool) -> Row:
    began, total = scale
    seconds = ((span.ended_at or trace.run.finished_at or timezone.now()) - span.started_at).total_seconds()
    start = (span.started_at - began).total_seconds() / total * 100
    readers = (_as_json, _as_json) if raw else (_given, _made)
    return Row(
        span=span, depth=depth, icon="circle-x" if span.failed else _ICONS[span.type],
        kind="bad" if span.failed else span.type, start=round(min(start, 99.4), 2),
        width=round(min(max(seconds / total * 100, 0.6), 100 - min(start, 99.4)), 2), milliseconds=seconds * 1000,
        tokens=span.usage.get("total_tokens"), cost=trace.costs[span.id], opened=opened, cut=_cut(span),
        given=readers[0](span.input), made=readers[1](span.output),
    )  # fmt: skip


# Bodies, for people


def _cut(span: Span) -> bool:
    """Whether of one of its bodies only what its row has is shown."""
    sides = ((span.input, span.input_bytes), (span.output, span.output_bytes))
    return any(size and _short(body) for body, size in sides)


def _short(body: Any) -> bool:
    return isinstance(body, dict) and bool(body.get("truncated")) and len(body.get("head", "")) <= MOST_INLINE


def _as_json(body: Any) -> list[Part]:
    return [] if body is None else [Part("", json.dumps(body, indent=2, ensure_ascii=False))]


def _given(body: Any) -> list[Part]:
    if not isinstance(body, dict) or "items" not in body:
        return _made(body)
    first = [Part(_("Instructions"), body["instructions"])] if body.get("instructions") else []
    return [*first, *(_item(item) for item in body["items"])]


def _made(body: Any) -> list[Part]:
    if isinstance(body, list) and all(isinstance(item, dict) for item in body):
        return [_item(item) for item in body]
    if isinstance(body, dict) and body.get("truncated"):
        text = _("Shortened; the whole has %(bytes)d bytes.") % {"bytes": body.get("bytes", 0)}
        return [Part(text, str(body.get("head", "")))]
    return [Part("", body)] if isinstance(body, str) else _as_json(body)


def _item(item: dict[str, Any]) -> Part:
    """A message or a tool call, as models are given them."""
    if item.get("type") == "function_call":
        return Part(_("Calls %(name)s") % {"name": item.get("name", "")}, str(item.get("arguments") or ""))
    if item.get("type") == "function_call_output":
        return Part(_("Answer of the tool"), str(item.get("output") or ""))
    roles = {"user": _("Person"), "assistant": _("Agent"), "system": _("Instructions")}
    content = item.get("content")
    if isinstance(content, list):
        content = "\n".join(
            str(part.get("text") or part.get("refusal") or "") for part in content if isinstance(part, dict)
        )
    if content is None:
        return Part(str(item.get("type") or ""), json.dumps(item, indent=2, ensure_ascii=False))
    return Part(roles.get(str(item.get("role")), str(item.get("role") or "")), str(content))


@require_GET
@signed_in
def run_answer(request: ActorRequest, run_id: UUID) -> HttpResponse:
    """The answer as a form or a table, for a chat in which it has just been completed; nothing (204) where it is text."""
    value = shown(get_run(request.actor, run_id).output)
    if value is None:
        return HttpResponse(status=204)
    return render(request, "components/answer_value.html", {"value": value})


def trace_section(run: Run) -> dict[str, Any]:
    """The waterfall as a part of the run's own page."""
    return waterfall(trace_of(run))
