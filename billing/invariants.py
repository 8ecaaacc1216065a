"""What must hold in the ledger at every moment, each as one query that finds the rows for which it does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from django.db import connection, transaction

EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """``count`` rows break the invariant ``name``; ``examples`` are ids of accounts, lots, holds or entries."""

    name: str
    count: int
    examples: tuple[UUID, ...]


# Each selects the ids of what is wrong.
INVARIANTS: Mapping[str, str] = MappingProxyType(
    {
        "the sum of an account's entries is its balance": """
            SELECT account.id FROM billing_creditaccount account LEFT JOIN (
                SELECT account_id, SUM(amount) AS amount, COUNT(*) AS entries FROM billing_ledgerentry GROUP BY account_id
            ) booked ON booked.account_id = account.id
            WHERE account.balance <> COALESCE(booked.amount, 0) OR account.entries <> COALESCE(booked.entries, 0)
        """,
        "entries are numbered without gap and each says the balance after it": """
            SELECT id FROM (
                SELECT id, number, amount, balance_after,
                       LAG(number, 1, 0::bigint) OVER booked AS previous, LAG(balance_after, 1, 0::numeric) OVER booked AS before
                FROM billing_ledgerentry WINDOW booked AS (PARTITION BY account_id ORDER BY number)
            ) entry WHERE number <> previous + 1 OR balance_after <> before + amount
        """,
        "what remains of an account's lots is its balance (nothing, where the balance is below zero)": """
            SELECT account.id FROM billing_creditaccount account LEFT JOIN (
                SELECT account_id, SUM(remaining) AS remaining FROM billing_grant WHERE remaining > 0 GROUP BY account_id
            ) lots ON lots.account_id = account.id
            WHERE COALESCE(lots.remaining, 0) <> GREATEST(account.balance, 0)
        """,
        "what remains of a lot is what its entries left": """
            SELECT lot.id FROM billing_grant lot LEFT JOIN (
                SELECT taken.key AS id, SUM(taken.value::numeric) AS amount
                FROM billing_ledgerentry entry, jsonb_each_text(entry.lots) taken GROUP BY taken.key
            ) moved ON moved.id = lot.id::text
            WHERE lot.remaining <> -COALESCE(moved.amount, 0)
        """,
        "every lot has the one entry that granted it": """
            SELECT lot.id FROM billing_grant lot LEFT JOIN billing_ledgerentry entry
                ON entry.grant_id = lot.id AND entry.kind IN ('grant', 'adjustment') AND entry.amount = lot.amount
            GROUP BY lot.id HAVING COUNT(entry.id) <> 1
        """,
        "what an account has held is the sum of its open holds": """
            SELECT account.id FROM billing_creditaccount account LEFT JOIN (
                SELECT account_id, SUM(amount) AS amount FROM billing_hold WHERE state = 'open' GROUP BY account_id
            ) kept ON kept.account_id = account.id
            WHERE account.held <> COALESCE(kept.amount, 0)
        """,
        "no account holds or owes more than its balance and its credit line allow": """
            SELECT id FROM billing_creditaccount WHERE held > balance + credit_line OR balance < -credit_line OR held < 0
        """,
        "every closed hold has the one entry that booked its cost": """
            SELECT hold.id FROM billing_hold hold LEFT JOIN billing_ledgerentry entry
                ON entry.idempotency_key = hold.state || ':' || hold.id AND entry.amount = -hold.credits
                AND entry.run_id = hold.run_id
            WHERE hold.account_id IS NOT NULL AND hold.state <> 'open' AND entry.id IS NULL
        """,
        "every charge has its settled hold": """
            SELECT entry.id FROM billing_ledgerentry entry LEFT JOIN billing_hold hold
                ON hold.id = substring(entry.idempotency_key FROM 9)::uuid AND hold.state = 'settled'
            WHERE entry.kind = 'charge' AND hold.id IS NULL
        """,
    }
)


def check() -> list[Finding]:
    """Everything that does not add up, seen at one moment: what is being booked meanwhile confuses nothing."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute("SET LOCAL work_mem = '128MB'")  # a million entries are sorted in memory
        found = [_look(name, query) for name, query in INVARIANTS.items()]
    return [finding for finding in found if finding.count]


def _look(name: str, query: str) -> Finding:
    statement = f"SELECT COUNT(*) OVER (), found.id FROM ({query}) found(id) LIMIT {EXAMPLES}"  # noqa: S608  # our own
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall()
    return Finding(name, rows[0][0] if rows else 0, tuple(row[1] for row in rows))
