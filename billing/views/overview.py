"""The billing page: what there is, what is held, and where every credit went. For owners."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing import access, booking, exports, selectors
from billing.forms import EntriesForm, NoticeForm
from billing.models import EntryKind
from billing.services import accounts
from billing.views.rows import entry_rows, hold_rows
from community import access as workspaces
from community.views.guard import ActorRequest, signed_in
from config.lib.ids import parse_uuid

_PER_PAGE = 50


@require_GET
@signed_in
def overview(request: ActorRequest) -> HttpResponse:
    """Filters live in the address. HTMX asks for the ledger only."""
    account = access.get_account(request.actor, "billing.read")
    form, asked = _asked(request)
    page = Paginator(selectors.entries(account, asked), _PER_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "page": page,
        "rows": entry_rows(request.actor.workspace_id, page.object_list),
        "kinds": EntryKind.choices,
        "asked": form.data,
        "filtered": any(request.GET.get(name) for name in ("kind", "since", "until", "run")),
    }
    if request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request:
        return render(request, "billing/_entries.html", context)
    context |= {
        "account": account,
        "lots": selectors.lots(account)[:20],
        "holds": hold_rows(request.actor.workspace_id, selectors.open_holds(account)[:20]),
        "low": selectors.low_balances(account),
        "thresholds": booking.thresholds(account),
        "credits_first": workspaces.get_workspace(request.actor).credits_first,
        "notice_form": NoticeForm(initial={"threshold": account.notice_at}),
    }
    return render(request, "billing/overview.html", context)


@require_GET
@signed_in
def balance(request: ActorRequest) -> HttpResponse:
    """The balance of the sidebar again, when a run has ended. For every member."""
    access.get_account(request.actor)
    return render(request, "components/balance.html")


@require_POST
@signed_in
def notice(request: ActorRequest) -> HttpResponse:
    """Set the balance below which the owner is told."""
    access.get_account(request.actor, "billing.write")
    form = NoticeForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["threshold"])))
        return redirect("billing:overview")
    accounts.notice_set(actor=request.actor, threshold=form.cleaned_data["threshold"])
    messages.success(request, _("Saved."))
    return redirect("billing:overview")


@require_GET
@signed_in
def entries_file(request: ActorRequest) -> HttpResponse:
    """The filtered ledger as CSV, its newest 50,000 entries."""
    account = access.get_account(request.actor, "billing.read")
    rows = selectors.entries(account, _asked(request)[1])[: exports.MOST_ROWS]
    response = HttpResponse(exports.as_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="credits.csv"'
    return response


def _asked(request: ActorRequest) -> tuple[EntriesForm, selectors.EntryFilter]:
    form = EntriesForm(request.GET)
    form.is_valid()
    values = form.cleaned_data
    run_id = parse_uuid(request.GET.get("run", "")) if request.GET.get("run") else None
    return form, selectors.EntryFilter(
        kind=values.get("kind", ""), run_id=run_id, first=_midnight(values.get("since")),
        last=_midnight(values.get("until"), days=1),
    )  # fmt: skip


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    """The first moment of ``day``, or of one ``days`` later; none at the ends of the calendar, where there is no other day."""
    if day is None or not 1900 <= day.year <= 9998:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min))
