"""What holding and settling adds to a run, and how many entries a second one account and many take.

``python -m tests.benchmarks.ledger_hold_settle [--runs 500] [--threads 8]``

The base is the least that any ledger must do: an UPDATE of a balance and an INSERT of an entry, in a transaction.
"""

# ruff: noqa: PLC0415  (Django is set up once the stack's database is known)
import argparse
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.benchmarks import report
from tests.benchmarks.stack import Stack

WARM = 30


def timed(work: Callable[[int], object], count: int) -> list[float]:
    """Milliseconds of each of ``count`` calls, after some that do not count."""
    for number in range(WARM):
        work(-1 - number)
    took = []
    for number in range(count):
        start = time.perf_counter()
        work(number)
        took.append((time.perf_counter() - start) * 1000)
    return took


def within(work: Callable[[], object], count: int) -> list[float]:
    """The same for work inside transactions that somebody else commits: what it adds to them."""
    from django.db import transaction

    took = []
    for number in range(WARM + count):
        with transaction.atomic():
            start = time.perf_counter()
            work()
            passed = (time.perf_counter() - start) * 1000
        if number >= WARM:
            took.append(passed)
    return took


def a_second(work: Callable[[int, int], object], threads: int, count: int) -> float:
    """Calls a second by so many threads at once, each on a connection of its own."""
    from django.db import connection

    ready = threading.Barrier(threads + 1)

    def many(thread: int) -> None:
        connection.ensure_connection()
        ready.wait()
        for number in range(count):
            work(thread, number)
        connection.close()

    with ThreadPoolExecutor(threads) as pool:
        done = [pool.submit(many, thread) for thread in range(threads)]
        ready.wait()
        start = time.perf_counter()
        for each in done:
            each.result()
    return threads * count / (time.perf_counter() - start)


def measure(arguments: argparse.Namespace) -> None:
    import django

    django.setup()
    from django.db import connection, transaction

    from billing.models import CreditAccount
    from billing.pricing import Price
    from billing.services import grants, holds
    from billing.services.accounts import account_open
    from community.models import User
    from community.services.people import person_add
    from community.services.workspaces import workspace_create
    from config.lib.ids import uuid7

    price = Price(reference="bench", per_1k_tokens=Decimal("0.5"))

    def account(name: str) -> CreditAccount:
        user = User.from_email(f"{name}@example.com", name)
        user.set_unusable_password()
        workspace = workspace_create(owner=person_add(user=user), name=name)
        grants.grant_add(workspace_id=workspace.id, amount=Decimal(1_000_000), source="purchase", key=name)
        return account_open(workspace_id=workspace.id)

    accounts = [account(f"bench{number}") for number in range(arguments.threads)]
    one = accounts[0].workspace_id

    def hold(workspace: UUID, run: UUID) -> None:
        holds.hold_open(
            workspace_id=workspace, run_id=run, attempt=1, step="turn:1", model="bench", price=price, prompt_tokens=200,
            max_tokens=800,
        )  # fmt: skip

    def settle(workspace: UUID, run: UUID) -> None:
        used = holds.Used(prompt_tokens=180, completion_tokens=240)
        holds.hold_settle(workspace_id=workspace, run_id=run, attempt=1, step="turn:1", model="bench", used=used)

    def both(workspace: UUID) -> None:
        run = uuid7()
        hold(workspace, run)
        settle(workspace, run)

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare_account (id uuid PRIMARY KEY, balance numeric(14, 4))")
        cursor.execute("CREATE TABLE bare_entry (id uuid PRIMARY KEY, account uuid, amount numeric(14, 4))")
        cursor.executemany("INSERT INTO bare_account VALUES (%s, 1000000)", [[each.workspace_id] for each in accounts])

    def bare(workspace: UUID) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE bare_account SET balance = balance - 0.21 WHERE id = %s", [workspace])
            cursor.execute("INSERT INTO bare_entry VALUES (%s, %s, -0.21)", [uuid7(), workspace])

    fresh = [uuid7() for _ in range(WARM + arguments.runs)]
    kinds: dict[str, Callable[[int], Any]] = {
        "UPDATE + INSERT": lambda _number: bare(one),
        "hold": lambda number: hold(one, fresh[number]),
        "settle": lambda number: settle(one, fresh[number]),
        "hold + settle": lambda _number: both(one),
    }
    took = {name: timed(work, arguments.runs) for name, work in kinds.items()}
    cpu = time.process_time()
    took["added to a run (it commits anyway)"] = within(lambda: both(one), arguments.runs)
    cpu = (time.process_time() - cpu) * 1000 / (WARM + arguments.runs)
    base = report.median(took["UPDATE + INSERT"])
    rows = [[name, report.median(ms), report.percentile(ms, 95), report.median(ms) / base] for name, ms in took.items()]
    report.table("One after the other, ms", ["what", "median", "p95", "x base"], rows)
    report.say(f"  of what is added to a run, {cpu:.2f} ms are this process's CPU")

    count = max(20, arguments.runs // arguments.threads)
    figures: list[list[object]] = []
    for name, work in (("UPDATE + INSERT", bare), ("hold + settle", both)):
        for spread, choose in (
            ("one account", lambda _thread: one),
            ("an account each", lambda thread: accounts[thread].workspace_id),
        ):
            rate = a_second(lambda thread, _number, w=work, c=choose: w(c(thread)), arguments.threads, count)  # type: ignore[misc]
            figures.append([f"{name}, {spread}", rate])
    report.table(f"A second, {arguments.threads} threads", ["what", "entries/s"], figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--threads", type=int, default=8)
    arguments = parser.parse_args()
    report.say(report.machine())
    with Stack(postgres_options={"fsync": "on"}) as stack:
        os.environ.update(stack.variables)
        measure(arguments)


if __name__ == "__main__":
    main()
