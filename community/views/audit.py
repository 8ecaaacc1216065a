"""The audit log of the current workspace."""

import json
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from community import selectors
from community.member_forms import AuditForm
from community.models import AuditEntry, User
from community.views.guard import ActorRequest, signed_in

_PER_PAGE = 50


@require_GET
@signed_in
def audit_log(request: ActorRequest) -> HttpResponse:
    """Filters live in the address. HTMX asks for the rows only."""
    form = AuditForm(request.GET)
    form.is_valid()
    asked = form.cleaned_data
    rows = selectors.audit_list(
        request.actor,
        actor_id=asked.get("person"),
        action=asked.get("action", ""),
        since=_midnight(asked.get("since")),
        until=_midnight(asked.get("until"), days=1),
    )
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    people = selectors.people_by_id({entry.actor_id for entry in page if entry.actor_id})
    context = {
        "page": page,
        "entries": [_shown(entry, people) for entry in page],
        "asked": {name: request.GET.get(name, "") for name in form.fields},
        "filtered": any(asked.values()),
    }
    if request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request:
        return render(request, "workspace/_audit_rows.html", context)
    context |= {"actions": selectors.audit_actions(request.actor), "people": selectors.people_of(request.actor)}
    return render(request, "workspace/audit.html", context)


def _shown(entry: AuditEntry, people: dict[UUID, User]) -> dict[str, object]:
    changed = {"before": entry.before, "after": entry.after}
    details = {name: values for name, values in changed.items() if values}
    return {
        "entry": entry,
        "person": people.get(entry.actor_id) if entry.actor_id else None,
        "details": json.dumps(details, indent=2, ensure_ascii=False) if details else "",
    }


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    """The first moment of ``day``, or of one ``days`` later."""
    if day is None or not 1900 <= day.year <= 9998:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min))
