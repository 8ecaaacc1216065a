"""The seam between a run and its bill: each priced step is held before it and settled after it.

So far it records and charges nothing; the ledger takes this place without a change of the callers.
"""

from decimal import Decimal
from uuid import UUID

from django.db.models.functions import Now

from billing.models import UsageRecord


def hold_open(*, workspace_id: UUID, run_id: UUID, step: str, model: str) -> None:
    """Before a step. Opening the same step again (a run taken over) opens nothing new."""
    UsageRecord.objects.bulk_create(
        [UsageRecord(workspace_id=workspace_id, run_id=run_id, step=step, model=model)], ignore_conflicts=True
    )


def hold_settle(
    *,
    workspace_id: UUID,
    run_id: UUID,
    step: str,
    model: str,
    prompt_tokens: int,
    completion_tokens: int,
    cached_tokens: int,
    reasoning_tokens: int,
    exact: bool,
) -> Decimal:
    """After a step, with what it used. Answers the credits charged; settling twice charges nothing more."""
    UsageRecord.objects.filter(workspace_id=workspace_id, run_id=run_id, step=step, settled_at=None).update(
        model=model, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, cached_tokens=cached_tokens,
        reasoning_tokens=reasoning_tokens, exact=exact, settled_at=Now(),
    )  # fmt: skip
    return Decimal(0)
