"""Every limit of a workspace, read through one door: the operator's settings first, then its plan, then the default."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from django.conf import settings

LimitName = Literal["concurrent_runs", "queued_runs"]

_DEFAULTS: Mapping[LimitName, int] = MappingProxyType({"concurrent_runs": 5, "queued_runs": 1000})


def get(workspace_id: UUID, name: LimitName) -> int:
    """The limit ``name`` of a workspace. 0 means that there is none."""
    if name == "concurrent_runs" and settings.LIMIT_CONCURRENT_RUNS is not None:
        return int(settings.LIMIT_CONCURRENT_RUNS)
    return _DEFAULTS[name]
