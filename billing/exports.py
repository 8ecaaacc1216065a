"""A ledger as a file."""

import csv
import io
from collections.abc import Iterable

from billing.models import LedgerEntry
from billing.pricing import text

MOST_ROWS = 50_000
_COLUMNS = (
    "number", "created_at", "kind", "amount", "balance_after", "reference", "note", "model", "run_id", "tokens", "id",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(entries: Iterable[LedgerEntry]) -> str:
    """One line an entry. What people have written cannot become a formula of the program that opens the file."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for entry in entries:
        writer.writerow(
            (
                entry.number, entry.created_at.isoformat(), entry.kind, text(entry.amount), text(entry.balance_after),
                _harmless(entry.reference), _harmless(entry.note), _harmless(entry.model), entry.run_id or "",
                entry.price.get("prompt_tokens", 0) + entry.price.get("completion_tokens", 0), entry.id,
            )
        )  # fmt: skip
    return file.getvalue()


def _harmless(words: str) -> str:
    return f"'{words}" if words.startswith(_FORMULA) else words
