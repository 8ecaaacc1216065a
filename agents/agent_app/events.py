"""Facts about agents and runs that others may want to know."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class RunEnded:
    run_id: UUID
    workspace_id: UUID
    status: str
