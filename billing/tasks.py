"""Periodic care of the ledger. Each is safe to run twice, and does nothing where credits are off."""

import logging

from celery import shared_task
from django.conf import settings

from billing import invariants
from billing.services import accounts, grants, holds

logger = logging.getLogger(__name__)


@shared_task(name="billing.sweep_holds")
def sweep_holds() -> None:
    """Release what is held for runs that are gone."""
    holds.holds_sweep()


@shared_task(name="billing.expire_credits")
def expire_credits() -> None:
    """Book out lots whose time is over."""
    grants.lots_expire()


@shared_task(name="billing.open_accounts")
def open_accounts() -> None:
    """Open the accounts, and give the sign-up credits, for which an event was lost."""
    if settings.BILLING_MODE != "off":
        accounts.accounts_sweep()


@shared_task(name="billing.check_ledger")
def check_ledger() -> None:
    """Nightly: whatever does not add up is an error in the log, which reaches error tracking."""
    for finding in invariants.check():
        logger.error("the ledger does not add up", extra={"invariant": finding.name, "found": finding.count})
