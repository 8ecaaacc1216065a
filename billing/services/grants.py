"""Credits that come in, and those that are taken back."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import booking
from billing.events import CreditsAdded
from billing.models import CreditAccount, EntryKind, Grant, GrantSource, LedgerEntry
from billing.pricing import MOST, amount_of, invalid_amount, text
from config.lib import audit, events
from config.lib.errors import Conflict, InvalidInput, NotFound
from config.lib.numbers import written


@transaction.atomic
def grant_add(
    *,
    workspace_id: UUID,
    amount: Decimal,
    source: str,
    key: str,
    expires_at: datetime | None = None,
    reference: str = "",
    note: str = "",
    actor_id: UUID | None = None,
    at: datetime | None = None,
) -> Grant:
    """Give credits, once for each ``key``. What is drawn on the credit line is paid back first. Raises InvalidInput."""
    now = at or timezone.now()
    amount = amount_of(amount)
    account = booking.locked(workspace_id)
    known = booking.booked(f"grant:{key}")
    if known is not None and known.grant_id is not None:
        return Grant.objects.get(id=known.grant_id)
    if expires_at is not None and expires_at <= now:
        raise InvalidInput(errors={"expires_at": [_("This is over already.")]})
    if account.balance + amount > MOST:
        raise invalid_amount(_("An account may have at most %(most)s credits.") % {"most": written(MOST)})
    booking.expire(account, now)
    owed = max(-account.balance, Decimal(0))
    grant = Grant.objects.create(
        workspace_id=workspace_id, account=account, source=source, amount=amount, remaining=max(amount - owed, Decimal(0)),
        expires_at=expires_at,
    )  # fmt: skip
    account.last_grant = amount
    kind = EntryKind.ADJUSTMENT if source == GrantSource.ADJUSTMENT else EntryKind.GRANT
    booking.book(
        account, kind=kind, amount=amount, key=f"grant:{key}", at=now, lots={grant.id: -grant.remaining},
        reference=reference or source, note=note, grant_id=grant.id, actor_id=actor_id,
    )  # fmt: skip
    booking.watch(account)
    events.publish(CreditsAdded(workspace_id, amount, account.available))
    return grant


@transaction.atomic
def grant_claw_back(
    *,
    grant_id: UUID,
    amount: Decimal,
    key: str,
    note: str = "",
    actor_id: UUID | None = None,
    at: datetime | None = None,
) -> LedgerEntry:
    """Take back what a refunded or disputed payment had given, from its own lot first: down to nothing available, no
    further. The note says what could not be had. Once for each ``key``. Raises NotFound, InvalidInput."""
    now = at or timezone.now()
    grant = Grant.objects.filter(id=grant_id).first()
    if grant is None:
        raise NotFound(_("There is no such grant."))
    wanted = amount_of(amount)
    account = booking.locked(grant.workspace_id)
    known = booking.booked(f"claw_back:{key}")
    if known is not None:
        return known
    booking.expire(account, now)
    had = min(wanted, max(account.balance - account.held, Decimal(0)))
    if had < wanted:
        note = f"{note} ({_('of %(wanted)s, %(missing)s were spent')})".strip() % {
            "wanted": text(wanted), "missing": text(wanted - had),
        }  # fmt: skip
    lots = booking.take(account, had, first=grant.id)
    entry = booking.book(
        account, kind=EntryKind.CLAW_BACK, amount=-had, key=f"claw_back:{key}", at=now, lots=lots,
        reference=grant.source, note=note[:500], grant_id=grant.id, actor_id=actor_id,
    )  # fmt: skip
    booking.watch(account)
    return entry


@transaction.atomic
def charge_refund(
    *, entry_id: UUID, amount: Decimal | None = None, key: str, note: str = "", actor_id: UUID | None = None,
    at: datetime | None = None,
) -> Grant:  # fmt: skip
    """Give back what a charge has cost, or a part of it; never more than it was. Raises NotFound, Conflict, InvalidInput."""
    charge = LedgerEntry.objects.filter(id=entry_id, kind=EntryKind.CHARGE).first()
    if charge is None:
        raise NotFound(_("There is no such charge."))
    booking.locked(charge.workspace_id)
    if booking.booked(f"grant:refund:{key}") is None:
        back = LedgerEntry.objects.filter(
            account_id=charge.account_id, kind=EntryKind.GRANT, reference=f"refund of {charge.id}"
        )
        left = -charge.amount - sum((entry.amount for entry in back), Decimal(0))
        wanted = left if amount is None else amount_of(amount)
        if wanted > left or not left:
            raise Conflict(
                _("Of this charge %(left)s credits can be given back.") % {"left": written(text(left))}, code="refunded"
            )
    else:
        wanted = amount or -charge.amount
    return grant_add(
        workspace_id=charge.workspace_id, amount=wanted, source=GrantSource.REFUND, key=f"refund:{key}",
        reference=f"refund of {charge.id}", note=note, actor_id=actor_id, at=at,
    )  # fmt: skip


@transaction.atomic
def credits_adjust(
    *,
    workspace_id: UUID,
    amount: Decimal,
    reason: str,
    actor_id: UUID,
    key: str,
    expires_at: datetime | None = None,
    at: datetime | None = None,
) -> LedgerEntry:
    """Staff correct a balance, up or down, and say why; once for each ``key``. Taking more than is available is refused.

    Raises InvalidInput, Conflict (the key was another correction's).
    """
    amount = amount_of(amount, signed=True)
    reason = " ".join(reason.split())
    if not reason:
        raise InvalidInput(errors={"reason": [_("Say why.")]})
    now = at or timezone.now()
    account = booking.locked(workspace_id)
    known = booking.booked(f"grant:adjust:{key}")
    if known is not None:
        if (known.workspace_id, known.amount) != (workspace_id, amount):
            raise Conflict(
                _("This form has booked a correction of %(amount)s credits. Open it again for another one.")
                % {"amount": text(known.amount)},
                code="key_reused",
            )
        return known
    if amount > 0:
        grant_add(
            workspace_id=workspace_id, amount=amount, source=GrantSource.ADJUSTMENT, key=f"adjust:{key}",
            expires_at=expires_at, note=reason[:500], actor_id=actor_id, at=now,
        )  # fmt: skip
        entry = LedgerEntry.objects.get(idempotency_key=f"grant:adjust:{key}")
    else:
        entry = _lower(account, amount, reason, actor_id, f"grant:adjust:{key}", now)
    audit.record(
        audit.Entry(
            action="billing.adjusted", actor_id=actor_id, workspace_id=workspace_id, object_type="ledger_entry",
            object_id=entry.id, after={"amount": amount, "reason": reason, "balance": entry.balance_after},
        )
    )  # fmt: skip
    return entry


def _lower(account: CreditAccount, amount: Decimal, reason: str, actor_id: UUID, key: str, at: datetime) -> LedgerEntry:
    booking.expire(account, at)
    if account.balance - account.held < -amount:
        raise invalid_amount(
            _("Only %(most)s credits can be taken.")
            % {"most": written(text(max(account.balance - account.held, Decimal(0))))}
        )
    entry = booking.book(
        account, kind=EntryKind.ADJUSTMENT, amount=amount, key=key, at=at, lots=booking.take(account, -amount),
        reference="adjustment", note=reason[:500], actor_id=actor_id,
    )  # fmt: skip
    booking.watch(account)
    return entry


def lots_expire(*, at: datetime | None = None, limit: int = 500) -> Decimal:
    """Book out what has expired; answers how many credits. What open holds need expires after them."""
    now = at or timezone.now()
    due = CreditAccount.objects.filter(next_expiry_at__lte=now).order_by("next_expiry_at")
    total = Decimal(0)
    for workspace_id in list(due.values_list("workspace_id", flat=True)[:limit]):
        with transaction.atomic():
            total += booking.expire(booking.locked(workspace_id), now)
    return total
