from community.models.base import Record, WorkspaceQuerySet, WorkspaceRecord
from community.models.people import User
from community.models.records import AuditEntry, IdempotencyRecord
from community.models.sessions import RefreshFamily
from community.models.workspaces import Membership, Role, Workspace

__all__ = [
    "AuditEntry",
    "IdempotencyRecord",
    "Membership",
    "Record",
    "RefreshFamily",
    "Role",
    "User",
    "Workspace",
    "WorkspaceQuerySet",
    "WorkspaceRecord",
]
