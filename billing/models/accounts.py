"""A workspace's account, and when it ran low."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.fields import credits_field
from community.models import WorkspaceRecord
from community.models.base import Record


class CreditAccount(Record):
    """What a workspace has. Every change happens in one statement, or under this row's lock, together with its entry.

    ``balance`` is the sum of all entries, ``held`` that of the open holds; what is left of balance and credit line is
    available. The constraints are the law; services only phrase the refusal.
    """

    workspace = models.OneToOneField("community.Workspace", on_delete=models.PROTECT, related_name="credit_account")
    plan = models.ForeignKey("billing.Plan", on_delete=models.PROTECT, related_name="accounts")
    balance = credits_field(default=0)
    held = credits_field(default=0)
    latest_hold = credits_field(
        default=0, help_text=_("What the latest hold took: a statement cannot return what it overwrote.")
    )
    credit_line = credits_field(default=0, help_text=_("How far the balance may go below zero."))
    entries = models.PositiveBigIntegerField(
        default=0, help_text=_("How many entries there are, and so the last number.")
    )
    next_expiry_at = models.DateTimeField(null=True, blank=True, help_text=_("When the next of its lots expires."))
    last_grant = credits_field(default=0, help_text=_("The amount of the latest grant; a fifth of it is low."))
    notice_at = credits_field(null=True, blank=True, help_text=_("The balance under which the owner wants to be told."))

    class Meta:
        constraints = [
            models.CheckConstraint(name="account_balance_in_line", condition=Q(balance__gte=-F("credit_line"))),
            models.CheckConstraint(
                name="account_held_covered", condition=Q(held__gte=0) & Q(held__lte=F("balance") + F("credit_line"))
            ),
            models.CheckConstraint(name="account_line_not_negative", condition=Q(credit_line__gte=0)),
            models.CheckConstraint(
                name="account_notice_positive", condition=Q(notice_at__isnull=True) | Q(notice_at__gt=0)
            ),
        ]
        indexes = [
            models.Index(fields=["next_expiry_at"], name="account_expiry", condition=Q(next_expiry_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"account of {self.workspace_id}"

    @property
    def available(self) -> Decimal:
        """What the next hold may take."""
        return Decimal(self.balance + self.credit_line - self.held)


class LowBalanceKind(models.TextChoices):
    GRANT = "grant", _("A fifth of the last grant")
    CHOSEN = "chosen", _("The number the owner chose")


class LowBalance(WorkspaceRecord):
    """The balance went below a threshold: one row each time it does, ended when it is above again."""

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="low_balances")
    kind = models.CharField(max_length=10, choices=LowBalanceKind.choices)
    threshold = credits_field()
    balance = credits_field()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind"], name="low_balance_once_a_crossing", condition=Q(ended_at=None)
            ),
            models.CheckConstraint(name="low_balance_kind", condition=Q(kind__in=LowBalanceKind.values)),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.balance} < {self.threshold}"
