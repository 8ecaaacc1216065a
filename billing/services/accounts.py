"""Opening accounts, and what owners and staff may set on them."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import booking, pricing
from billing.models import CreditAccount, Grant, GrantSource, Plan
from billing.services.grants import grant_add
from community.access import Actor
from community.models import Workspace
from config.lib import audit

SIGNUP_CREDITS = Decimal(10)
SIGNUP_LIFETIME = timedelta(days=30)


@transaction.atomic
def account_open(*, workspace_id: UUID, at: datetime | None = None) -> CreditAccount:
    """The workspace's account, opened where it has none; a person's first personal workspace gets the sign-up credits, once.

    Where addresses must be verified the credits wait for that. Calling it again changes nothing.
    """
    account = booking.locked(workspace_id)
    person_id = Workspace.objects.values_list("personal_of_id", flat=True).get(id=workspace_id)
    if person_id is not None and _verified(person_id):
        now = at or timezone.now()
        grant_add(
            workspace_id=workspace_id, amount=SIGNUP_CREDITS, source=GrantSource.SIGNUP, key=f"signup:{person_id}",
            expires_at=now + SIGNUP_LIFETIME, reference="signup", at=now,
        )  # fmt: skip
        account.refresh_from_db()
    return account


def accounts_sweep(*, limit: int = 500) -> int:
    """Open what an event was lost for; answers how many accounts and sign-up grants were missing."""
    accounts = CreditAccount.objects.filter(workspace_id=OuterRef("id"))
    without = Workspace.objects.filter(~Exists(accounts)).values_list("id", flat=True)[:limit]
    granted = Grant.objects.filter(workspace_id=OuterRef("id"), source=GrantSource.SIGNUP)
    personal = Workspace.objects.filter(Exists(accounts), ~Exists(granted), personal_of__isnull=False)
    if settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory":
        personal = personal.filter(
            Exists(EmailAddress.objects.filter(user_id=OuterRef("personal_of_id"), verified=True))
        )
    ids = [*without, *personal.values_list("id", flat=True)[:limit]]
    for workspace_id in ids:
        account_open(workspace_id=workspace_id)
    return len(ids)


@transaction.atomic
def notice_set(*, actor: Actor, threshold: object) -> CreditAccount:
    """Be told when the balance goes below ``threshold``; None or empty: only at a fifth of the last grant. Raises InvalidInput."""
    actor.require("billing.write")
    account = booking.locked(actor.workspace_id)
    before = account.notice_at
    account.notice_at = None if threshold in (None, "") else pricing.amount_of(threshold)
    account.save(update_fields=["notice_at", "updated_at"])
    booking.watch(account)
    _record("billing.notice_set", actor.id, account, {"notice_at": before}, {"notice_at": account.notice_at})
    return account


@transaction.atomic
def plan_set(*, workspace_id: UUID, plan: Plan, actor_id: UUID) -> CreditAccount:
    """Staff put a workspace on a plan, without Stripe."""
    account = booking.locked(workspace_id)
    before = account.plan_id
    account.plan = plan
    account.save(update_fields=["plan", "updated_at"])
    _record("billing.plan_set", actor_id, account, {"plan": before}, {"plan": plan.id})
    return account


@transaction.atomic
def credit_line_set(*, workspace_id: UUID, amount: Decimal, actor_id: UUID) -> CreditAccount:
    """Staff let a balance go below zero, down to ``-amount``. Raises InvalidInput, also where more is drawn or held already."""
    account = booking.locked(workspace_id)
    before = account.credit_line
    account.credit_line = pricing.amount_of(amount) if amount else Decimal(0)
    if account.available < 0:
        raise pricing.invalid_amount(_("More than this is drawn or held already."))
    account.save(update_fields=["credit_line", "updated_at"])
    _record("billing.credit_line_set", actor_id, account, {"credit_line": before}, {"credit_line": account.credit_line})
    return account


def _verified(person_id: UUID) -> bool:
    if settings.ACCOUNT_EMAIL_VERIFICATION != "mandatory":
        return True
    return bool(EmailAddress.objects.filter(user_id=person_id, verified=True).exists())


def _record(
    action: str, actor_id: UUID, account: CreditAccount, before: dict[str, object], after: dict[str, object]
) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=actor_id, workspace_id=account.workspace_id, object_type="credit_account",
            object_id=account.id, before=before, after=after,
        )
    )  # fmt: skip
