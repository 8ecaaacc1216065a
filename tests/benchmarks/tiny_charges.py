"""A hundred thousand of the smallest charges on one account, through the ledger itself; then everything must add up.

``python -m tests.benchmarks.tiny_charges [--charges 100000]``
"""

# ruff: noqa: PLC0415  (Django is set up once the stack's database is known)
import argparse
import os
import time
from decimal import Decimal

from tests.benchmarks import report
from tests.benchmarks.stack import Stack

SMALLEST = Decimal("0.0001")
GRANTED = Decimal(1000)
AT_ONCE = 100  # charges a transaction: what is tried is adding, not committing


def measure(charges: int) -> None:
    import django

    django.setup()
    from django.db import transaction

    from billing import invariants
    from billing.models import LedgerEntry
    from billing.pricing import Price
    from billing.services import grants, holds
    from billing.services.accounts import account_open
    from community.models import User
    from community.services.people import person_add
    from community.services.workspaces import workspace_create
    from config.lib.ids import uuid7

    user = User.from_email("tiny@example.com", "Tiny")
    user.set_unusable_password()
    workspace_id = workspace_create(owner=person_add(user=user), name="Tiny").id
    grants.grant_add(workspace_id=workspace_id, amount=GRANTED, source="purchase", key="tiny")
    price = Price(
        reference="tiny", per_1k_tokens=Decimal("0.05")
    )  # a token costs half of the smallest amount: rounded up
    used = holds.Used(prompt_tokens=1, completion_tokens=0)
    begun = time.perf_counter()
    for _batch in range(charges // AT_ONCE):
        with transaction.atomic():
            for _charge in range(AT_ONCE):
                step = {
                    "workspace_id": workspace_id,
                    "run_id": uuid7(),
                    "attempt": 1,
                    "step": "turn:1",
                    "model": "tiny",
                }
                holds.hold_open(**step, price=price, prompt_tokens=1, max_tokens=16)  # type: ignore[arg-type]
                holds.hold_settle(**step, used=used)  # type: ignore[arg-type]
    took = time.perf_counter() - begun
    account = account_open(workspace_id=workspace_id)
    expected = GRANTED - charges * SMALLEST
    assert (account.balance, account.held) == (expected, 0), account.balance
    assert LedgerEntry.objects.filter(account=account).count() == charges + 1
    found = list(invariants.check())
    assert found == [], found
    report.say(f"{charges:,} charges of {SMALLEST} in {took:.0f} s ({charges / took:.0f} a second): {expected} is left")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--charges", type=int, default=100_000)
    arguments = parser.parse_args()
    report.say(report.machine())
    with Stack() as stack:
        os.environ.update(stack.variables)
        measure(arguments.charges)


if __name__ == "__main__":
    main()
