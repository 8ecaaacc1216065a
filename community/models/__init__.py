from community.models.api_tokens import ApiToken
from community.models.base import Record, WorkspaceQuerySet, WorkspaceRecord
from community.models.files import FileStatus, StoredFile
from community.models.invitations import Invitation
from community.models.mails import OutgoingMail
from community.models.notifications import (
    Channel,
    Delivery,
    InboxDismissal,
    Notification,
    NotificationKind,
    NotificationPreference,
)
from community.models.people import User
from community.models.records import AuditEntry, IdempotencyRecord
from community.models.sessions import BrowserSession, RefreshFamily
from community.models.workspaces import Membership, Role, Workspace

__all__ = [
    "ApiToken",
    "AuditEntry",
    "BrowserSession",
    "Channel",
    "Delivery",
    "FileStatus",
    "IdempotencyRecord",
    "InboxDismissal",
    "Invitation",
    "Membership",
    "Notification",
    "NotificationKind",
    "NotificationPreference",
    "OutgoingMail",
    "Record",
    "RefreshFamily",
    "Role",
    "StoredFile",
    "User",
    "Workspace",
    "WorkspaceQuerySet",
    "WorkspaceRecord",
]
