"""What this app shows in the frame of every page: the balance, what is wrong with it, and the way to the billing page."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import CreditAccount
from community.access import page_actor
from config.lib import shell


@dataclass(frozen=True)
class Balance:
    """``share`` is what is left of the last grant, in percent; ``url`` is empty for who may not see the ledger."""

    available: Decimal
    held: Decimal
    share: int
    state: str
    url: str


def balance(request: HttpRequest) -> Balance | None:
    """One query. None where the operator has turned credits off."""
    if settings.BILLING_MODE == "off":
        return None
    actor = page_actor(request)
    account = CreditAccount.objects.filter(workspace_id=actor.workspace_id).first()
    url = reverse("billing:overview") if actor.allows("billing.read") else ""
    if account is None:
        return Balance(Decimal(0), Decimal(0), 0, "empty", url)
    share = int(min(Decimal(100), account.available / account.last_grant * 100)) if account.last_grant else 0
    return Balance(account.available, account.held, share, _state(account), url)


def _state(account: CreditAccount) -> str:
    if account.available <= 0:
        return "empty"
    low = account.balance < account.last_grant / 5 or (account.notice_at or 0) > account.balance
    return "low" if low else ""


def palette(request: HttpRequest, query: str) -> list[shell.PaletteEntry]:
    words = (_("Billing"), _("Credits"))
    if (
        settings.BILLING_MODE == "off"
        or not page_actor(request).allows("billing.read")
        or not any(query.strip().lower() in word.lower() for word in words)
    ):
        return []
    url = reverse("billing:overview")
    return [shell.PaletteEntry(label=words[0], url=url, icon="coins", group=_("Workspace"), hint=words[1])]
