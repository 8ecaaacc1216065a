"""Saying no for want of credits, in a way that helps."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import CreditAccount
from billing.pricing import text
from config.lib.errors import NotEnoughCredits
from config.lib.numbers import written


def not_enough(*, workspace_id: UUID, price: Decimal, model: str = "") -> NotEnoughCredits:
    """The price, what is available, and what to do."""
    account = CreditAccount.objects.filter(workspace_id=workspace_id).first()
    available = account.available if account else Decimal(0)
    held = account.held if account else Decimal(0)
    words = _("This needs at least %(price)s credits; %(available)s are available.") % {
        "price": written(text(price)), "available": written(text(available)),
    }  # fmt: skip
    if held:
        words += " " + _("%(held)s more are held for runs under way and come free when those end.") % {
            "held": written(text(held))
        }
    words += " " + _("Ask the owner of this workspace to add credits, or use a provider with your own key.")
    extra: dict[str, Any] = {"price": text(price), "available": text(available), "held": text(held)}
    if model:
        extra["model"] = model
    return NotEnoughCredits(words, **extra, billing_url=reverse("billing:overview"))
