"""What staff do with credits: look, correct with a reason, set plans, credit lines and prices. All of it is audited."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.forms import CreditsField
from billing.models import CreditAccount, Grant, Hold, LedgerEntry, LowBalance, Plan, Rate
from billing.services import accounts, grants, rates
from community.admin import ReadOnlyAdmin, staff_id
from config.lib import audit
from config.lib.errors import AppError
from config.lib.ids import uuid7


class AdjustForm(forms.Form):
    """A correction. ``key`` makes sending the form twice one correction."""

    amount = CreditsField(signed=True, label=gettext_lazy("Credits"), help_text=gettext_lazy("Below zero to take."))
    reason = forms.CharField(max_length=500, label=gettext_lazy("Reason"))
    expires_on = forms.DateField(required=False, label=gettext_lazy("Expires at the end of"))
    key = forms.UUIDField(widget=forms.HiddenInput)


@admin.register(CreditAccount)
class CreditAccountAdmin(ReadOnlyAdmin):
    list_display = ("workspace", "plan", "balance", "held", "credit_line", "next_expiry_at")
    list_filter = ("plan",)
    list_select_related = ("workspace", "plan")
    search_fields = ("id", "workspace__id", "workspace__name", "workspace__email")
    fields = (
        "workspace",
        "plan",
        "credit_line",
        "balance",
        "held",
        "last_grant",
        "notice_at",
        "next_expiry_at",
        "entries",
    )
    readonly_fields = ("workspace", "balance", "held", "last_grant", "notice_at", "next_expiry_at", "entries")
    change_form_template = "admin/billing/creditaccount/change_form.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("billing.change_creditaccount")

    def save_model(self, request: HttpRequest, obj: CreditAccount, form: Any, change: bool) -> None:
        if "plan" in form.changed_data:
            accounts.plan_set(workspace_id=obj.workspace_id, plan=obj.plan, actor_id=staff_id(request))
        if "credit_line" in form.changed_data:
            try:
                accounts.credit_line_set(
                    workspace_id=obj.workspace_id, amount=obj.credit_line, actor_id=staff_id(request)
                )
            except AppError as error:
                messages.error(request, error.detail)

    def get_urls(self) -> list[URLPattern]:
        adjust = self.admin_site.admin_view(self.adjust)
        return [path("<uuid:account_id>/adjust/", adjust, name="billing_creditaccount_adjust"), *super().get_urls()]

    def adjust(self, request: HttpRequest, account_id: UUID) -> HttpResponse:
        """Give or take credits, with the reason that the ledger will show."""
        account = get_object_or_404(CreditAccount.objects.select_related("workspace"), id=account_id)
        if not self.has_change_permission(request, account):
            raise PermissionDenied
        form = AdjustForm(request.POST or None, initial={"key": uuid7()})
        if request.method == "POST" and form.is_valid() and self._adjusted(request, account, form):
            return redirect("admin:billing_creditaccount_change", account.id)
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "original": account, "form": form,
            "title": _("Correct the balance of %(workspace)s") % {"workspace": account.workspace},
        }  # fmt: skip
        return render(request, "admin/billing/creditaccount/adjust.html", context)

    def _adjusted(self, request: HttpRequest, account: CreditAccount, form: AdjustForm) -> bool:
        asked = form.cleaned_data
        day = asked["expires_on"]
        try:
            entry = grants.credits_adjust(
                workspace_id=account.workspace_id, amount=asked["amount"], reason=asked["reason"],
                actor_id=staff_id(request), key=str(asked["key"]),
                expires_at=timezone.make_aware(datetime.combine(day, time.max)) if day else None,
            )  # fmt: skip
        except AppError as error:
            form.add_error(None, error.detail)
            return False
        messages.success(
            request,
            _("%(amount)s credits booked; the balance is %(balance)s.")
            % {"amount": entry.amount, "balance": entry.balance_after},
        )
        return True


@admin.register(Rate)
class RateAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    list_display = ("reference", "label", "per_1k_tokens", "per_call", "updated_at")
    search_fields = ("reference", "label")
    ordering = ("reference",)

    def save_model(self, request: HttpRequest, obj: Rate, form: Any, change: bool) -> None:
        rates.rate_save(rate=obj, actor_id=staff_id(request))

    def delete_model(self, request: HttpRequest, obj: Rate) -> None:
        rates.rate_delete(rate=obj, actor_id=staff_id(request))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for rate in queryset:
            rates.rate_delete(rate=rate, actor_id=staff_id(request))


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "slug", "price_month", "price_year", "credits_month", "discount")
    ordering = ("position",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        after = {name: getattr(obj, name) for name in form.changed_data}
        audit.record(
            audit.Entry(
                action="billing.plan_saved", actor_id=staff_id(request), workspace_id=None, object_type="plan",
                object_id=obj.id, before={name: form.initial.get(name) for name in form.changed_data}, after=after,
            )
        )  # fmt: skip


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "workspace_id",
        "kind",
        "amount",
        "balance_after",
        "reference",
        "model",
        "run_id",
        "note",
    )
    list_filter = ("kind",)
    search_fields = ("id", "workspace_id", "run_id", "idempotency_key")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Grant)
class GrantAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "workspace", "source", "amount", "remaining", "expires_at")
    list_filter = ("source",)
    list_select_related = ("workspace",)
    search_fields = ("id", "workspace__id", "workspace__name")


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "workspace", "run_id", "attempt", "step", "state", "amount", "credits", "shortfall")
    list_filter = ("state",)
    list_select_related = ("workspace",)
    search_fields = ("id", "run_id", "workspace__id")


@admin.register(LowBalance)
class LowBalanceAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "workspace", "kind", "threshold", "balance", "ended_at")
    list_select_related = ("workspace",)
