from billing.models.accounts import CreditAccount, LowBalance, LowBalanceKind
from billing.models.holds import Hold, HoldState
from billing.models.ledger import EntryKind, Grant, GrantSource, LedgerEntry
from billing.models.plans import Plan
from billing.models.rates import Rate

__all__ = [
    "CreditAccount", "EntryKind", "Grant", "GrantSource", "Hold", "HoldState", "LedgerEntry", "LowBalance",
    "LowBalanceKind", "Plan", "Rate",
]  # fmt: skip
