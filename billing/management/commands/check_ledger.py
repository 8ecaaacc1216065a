"""``manage.py check_ledger``: does every credit add up? Exit code 1 and the rows where one does not."""

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand

from billing.invariants import INVARIANTS, check
from billing.models import LedgerEntry


class Command(BaseCommand):
    help = "Check every invariant of the ledger. Exits with 1 and the ids of the rows that break one."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        findings = check()
        took = time.monotonic() - started
        broken = {finding.name: finding for finding in findings}
        for name in INVARIANTS:
            finding = broken.get(name)
            self.stdout.write(f"{'BROKEN' if finding else 'ok':<8}{name}")
            if finding is not None:
                self.stdout.write(f"        {finding.count} rows: {', '.join(map(str, finding.examples))}")
        self.stdout.write(f"{LedgerEntry.objects.count():,} entries checked in {took:.2f} s")
        if findings:
            sys.exit(1)
