"""Facts about credits that other apps may need. Published after commit."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CreditsAdded:
    """A workspace has more to spend: what waited for credits may go on."""

    workspace_id: UUID
    amount: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True)
class CreditsLow:
    """The balance went below a threshold (``LowBalance`` has the row). Once each time it does."""

    workspace_id: UUID
    kind: str
    threshold: Decimal
    balance: Decimal
