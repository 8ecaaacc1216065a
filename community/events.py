"""Facts about people and workspaces that other apps may need. Published after commit."""

from dataclasses import dataclass, field
from uuid import UUID

from config.lib.ids import uuid7


@dataclass(frozen=True, slots=True)
class WorkspaceCreated:
    """A workspace exists and has its owner. ``personal`` is the one everybody gets with their account."""

    workspace_id: UUID
    owner_id: UUID
    personal: bool


@dataclass(frozen=True, slots=True)
class PersonRegistered:
    user_id: UUID


@dataclass(frozen=True, slots=True)
class FileChecked:
    """A file has its final state: clean or skipped (it may be used), or infected (it may not)."""

    file_id: UUID
    workspace_id: UUID
    status: str


@dataclass(frozen=True, slots=True)
class PersonVerified:
    """A person has shown that an e-mail address is theirs."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class PersonErased:
    """An account was deleted: nobody signs in with it again, its rows tell no longer whose it was."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class WorkspaceClosed:
    """Its owner deleted it. Nobody reaches it any more; rows that must outlive it (money, audit) stay."""

    workspace_id: UUID
    closed_by: UUID


@dataclass(frozen=True, slots=True)
class MemberJoined:
    workspace_id: UUID
    user_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class MemberRoleChanged:
    workspace_id: UUID
    user_id: UUID
    role: str
    changed_by: UUID
    id: UUID = field(default_factory=uuid7, compare=False)


@dataclass(frozen=True, slots=True)
class MemberLeft:
    """Left, or was removed by somebody else (``removed_by``)."""

    workspace_id: UUID
    user_id: UUID
    removed_by: UUID | None
    id: UUID = field(default_factory=uuid7, compare=False)


@dataclass(frozen=True, slots=True)
class InvitationSent:
    """Also when it is sent again. The link is in the mail and nowhere else."""

    invitation_id: UUID
    workspace_id: UUID
    email: str
