"""The ledger: lots of credits, and the entries that say where each credit came from and went."""

from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.fields import credits_field
from community.models import WorkspaceRecord
from config.lib.ids import uuid7


class GrantSource(models.TextChoices):
    SIGNUP = "signup", _("Sign-up")
    PLAN = "plan", _("Plan")
    PURCHASE = "purchase", _("Purchase")
    PROMO = "promo", _("Promotion")
    GIFT = "gift", _("Gift")
    REFUND = "refund", _("Refund")
    ADJUSTMENT = "adjustment", _("Adjustment")
    CREDIT_LINE = "credit_line", _("Credit line settled")


class Grant(WorkspaceRecord):
    """A lot: credits that came together and expire together. The soonest to expire is spent first."""

    account = models.ForeignKey("billing.CreditAccount", on_delete=models.PROTECT, related_name="grants")
    source = models.CharField(max_length=16, choices=GrantSource.choices)
    amount = credits_field()
    remaining = credits_field()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="grant_remaining_in_amount",
                condition=Q(amount__gt=0) & Q(remaining__gte=0) & Q(remaining__lte=F("amount")),
            ),
            models.CheckConstraint(name="grant_source", condition=Q(source__in=GrantSource.values)),
            models.UniqueConstraint(fields=["account"], name="grant_signup_once", condition=Q(source="signup")),
        ]
        indexes = [
            models.Index(fields=["account", "expires_at", "id"], name="grant_to_spend", condition=Q(remaining__gt=0))
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.remaining}/{self.amount}"


class EntryKind(models.TextChoices):
    GRANT = "grant", _("Grant")
    CHARGE = "charge", _("Charge")
    RELEASE = "release", _("Hold released")
    EXPIRY = "expiry", _("Expired")
    CLAW_BACK = "claw_back", _("Clawed back")
    ADJUSTMENT = "adjustment", _("Adjustment")


class EntryFilters(models.QuerySet["LedgerEntry"]):
    def of_account(self, account_id: UUID) -> Self:
        """Newest first, in the order in which they were booked."""
        return self.filter(account_id=account_id).order_by("-number")

    def of_run(self, workspace_id: UUID, run_id: UUID) -> Self:
        return self.filter(workspace_id=workspace_id, run_id=run_id).order_by("number")

    def between(self, first: datetime | None, last: datetime | None) -> Self:
        rows = self.filter(created_at__gte=first) if first else self
        return rows.filter(created_at__lt=last) if last else rows


class LedgerEntry(models.Model):
    """One booking. Only ever added: a database trigger refuses to change, delete or truncate.

    Holds plain ids, since it outlives what it tells of. ``number`` counts without gap in its account, in the order of the
    balances; ``price`` is what the price was then, with what was used; ``lots`` says how much came from which lot.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField()
    account = models.ForeignKey("billing.CreditAccount", on_delete=models.PROTECT, related_name="ledger")
    workspace_id = models.UUIDField()
    number = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=12, choices=EntryKind.choices)
    amount = credits_field()
    balance_after = credits_field()
    idempotency_key = models.CharField(max_length=200, unique=True)
    reference = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=500, blank=True)
    model = models.CharField(max_length=260, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    grant_id = models.UUIDField(null=True, blank=True)
    actor_id = models.UUIDField(null=True, blank=True)
    price = models.JSONField(default=dict, blank=True)
    lots = models.JSONField(default=dict, blank=True)

    objects = EntryFilters.as_manager()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(fields=["account", "number"], name="entry_number"),
            models.CheckConstraint(name="entry_kind", condition=Q(kind__in=EntryKind.values)),
        ]
        indexes = [models.Index(fields=["run_id"], name="entry_of_run", condition=Q(run_id__isnull=False))]

    def __str__(self) -> str:
        return f"{self.number} {self.kind} {self.amount}"
