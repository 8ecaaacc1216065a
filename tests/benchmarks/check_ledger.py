"""``check_ledger`` on a million entries, beside a plain sum over the same rows.

``python -m tests.benchmarks.check_ledger [--entries 1000000] [--accounts 1000]``
"""

# ruff: noqa: PLC0415  (Django is set up once the stack's database is known)
import argparse
import os
import time
from collections.abc import Callable

from tests.benchmarks import report
from tests.benchmarks.stack import Stack

# As settlements write them: each account is granted once and then charged, each charge with its hold.
FILL = (
    """INSERT INTO community_workspace (id, name, email, default_model, credits_first, created_at, updated_at)
       SELECT gen_random_uuid(), 'w', 'w@example.com', '', false, now(), now() FROM generate_series(1, %(accounts)s)""",
    """INSERT INTO billing_creditaccount (id, workspace_id, plan_id, balance, held, latest_hold, credit_line, entries, last_grant,
           created_at, updated_at)
       SELECT gen_random_uuid(), workspace.id, plan.id, 100000 - %(each)s * 0.25, 0, 0, 0, %(each)s + 1, 100000, now(), now()
         FROM community_workspace workspace, billing_plan plan WHERE plan.slug = 'free'""",
    """INSERT INTO billing_grant (id, workspace_id, account_id, source, amount, remaining, created_at, updated_at)
       SELECT gen_random_uuid(), workspace_id, id, 'purchase', 100000, balance, now(), now() FROM billing_creditaccount""",
    """INSERT INTO billing_ledgerentry (id, created_at, account_id, workspace_id, number, kind, amount, balance_after,
           idempotency_key, reference, note, model, grant_id, price, lots)
       SELECT gen_random_uuid(), now(), account_id, workspace_id, 1, 'grant', 100000, 100000, 'grant:' || id, '', '', '', id, '{}',
              jsonb_build_object(id, '-100000') FROM billing_grant""",
    """INSERT INTO billing_hold (id, workspace_id, account_id, run_id, attempt, step, model, state, amount, price, since_seq,
           lease_expires_at, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, exact, credits, shortfall,
           settled_at, created_at, updated_at)
       SELECT gen_random_uuid(), account.workspace_id, account.id, gen_random_uuid(), 1, 'turn:1', 'local/model', 'settled', 0.5,
              '{"per_1k_tokens": "0.5000"}', number, now(), 300, 200, 0, 0, true, 0.25, 0, now(), now(), now()
         FROM billing_creditaccount account, generate_series(1, %(each)s) number""",
    """INSERT INTO billing_ledgerentry (id, created_at, account_id, workspace_id, number, kind, amount, balance_after,
           idempotency_key, reference, note, model, run_id, price, lots)
       SELECT gen_random_uuid(), now(), hold.account_id, hold.workspace_id, hold.since_seq + 1, 'charge', -0.25,
              100000 - hold.since_seq * 0.25, 'settled:' || hold.id, '1/turn:1', '', 'local/model', hold.run_id, hold.price,
              jsonb_build_object(lot.id, '0.2500')
         FROM billing_hold hold JOIN billing_grant lot ON lot.account_id = hold.account_id""",
    "ANALYZE",
)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(arguments: argparse.Namespace) -> None:
    import django

    django.setup()
    from django.db import connection

    from billing import invariants

    values = {"accounts": arguments.accounts, "each": arguments.entries // arguments.accounts}

    def execute(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values if "%(" in statement else None)

    report.say(f"filled in {sum(seconds(lambda s=each: execute(s)) for each in FILL):.0f} s")  # type: ignore[misc]
    sums = "SELECT account_id, SUM(amount) FROM billing_ledgerentry GROUP BY account_id"
    rows: list[list[object]] = [["a plain sum", base := min(seconds(lambda: execute(sums)) for _ in range(3)), 1.0]]
    for name, query in invariants.INVARIANTS.items():
        took = seconds(lambda q=query: execute(f"SELECT COUNT(*) FROM ({q}) found"))  # type: ignore[misc]  # noqa: S608
        rows.append([name, took, took / base])
    found: list[invariants.Finding] = []
    took = seconds(lambda: found.extend(invariants.check()))
    rows.append(["check_ledger", took, took / base])
    assert found == [], found
    report.table(f"{arguments.entries:,} entries of {arguments.accounts:,} accounts, s", ["what", "s", "x sum"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=1000)
    arguments = parser.parse_args()
    report.say(report.machine())
    with Stack() as stack:
        os.environ.update(stack.variables)
        measure(arguments)


if __name__ == "__main__":
    main()
