"""Every limit of a workspace, read through one door: the operator's settings first, then its plan, then the default."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, cast
from uuid import UUID

from django.conf import settings

from billing.models import CreditAccount, Plan
from billing.models.plans import FREE

LimitName = Literal["concurrent_runs", "queued_runs", "members", "schedule_seconds", "run_log_days"]

_DEFAULTS: Mapping[LimitName, int] = MappingProxyType(
    {"concurrent_runs": 5, "queued_runs": 1000, "members": 1, "schedule_seconds": 300, "run_log_days": 30}
)


def get(workspace_id: UUID, name: LimitName) -> int:
    """The limit ``name`` of a workspace. 0 means that there is none."""
    if name == "concurrent_runs" and settings.LIMIT_CONCURRENT_RUNS is not None:
        return int(settings.LIMIT_CONCURRENT_RUNS)
    if name == "members" and settings.BILLING_MODE == "off":
        return 0
    return int(of_plan(workspace_id).get(name, _DEFAULTS[name]))


def of_workspace(workspace_id: UUID, name: str) -> int | None:
    """The same for apps below, which ask by any name; None for what is not a plan's."""
    return get(workspace_id, cast(LimitName, name)) if name in _DEFAULTS else None


def of_plan(workspace_id: UUID) -> dict[str, int]:
    """What the workspace's plan says (Free, where it has no account yet). One query."""
    own = CreditAccount.objects.filter(workspace_id=workspace_id).values_list("plan__limits", flat=True).first()
    if own is None:
        own = Plan.objects.filter(slug=FREE).values_list("limits", flat=True).first()
    return own or {}
