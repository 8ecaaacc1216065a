"""Prices, changed by staff."""

from typing import Any
from uuid import UUID

from django.db import transaction

from billing.models import Rate
from config.lib import audit

PRICED = ("reference", "label", "per_1k_tokens", "per_call")


@transaction.atomic
def rate_save(*, rate: Rate, actor_id: UUID) -> Rate:
    """Save a new or changed price. What was booked before keeps the price it was booked at."""
    rate.reference = rate.reference.strip().lower()
    rate.full_clean()
    before = Rate.objects.filter(id=rate.id).values(*PRICED).first() or {}
    rate.save()
    _record("billing.rate_saved", actor_id, rate, before, {name: getattr(rate, name) for name in PRICED})
    return rate


@transaction.atomic
def rate_delete(*, rate: Rate, actor_id: UUID) -> None:
    """Remove a price: the class that fits counts from now on."""
    _record("billing.rate_deleted", actor_id, rate, {name: getattr(rate, name) for name in PRICED}, {})
    rate.delete()


def _record(action: str, actor_id: UUID, rate: Rate, before: dict[str, Any], after: dict[str, Any]) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=actor_id, workspace_id=None, object_type="rate", object_id=rate.id, before=before,
            after=after,
        )
    )  # fmt: skip
