"""Reads that serve pages, the API and the live socket."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from community import registry
from community.access import Actor
from community.models import (
    ApiToken,
    AuditEntry,
    Channel,
    InboxDismissal,
    Invitation,
    Membership,
    Notification,
    NotificationKind,
    NotificationPreference,
    User,
)
from community.models.api_tokens import ApiTokenQuerySet
from community.models.invitations import InvitationQuerySet
from community.models.notifications import NotificationQuerySet
from community.models.workspaces import MembershipQuerySet
from community.notifications import wanted
from community.registry import Dependents, InboxItem, dependents


def member_list(actor: Actor) -> MembershipQuerySet:
    """The members of the actor's workspace, with their people."""
    actor.require("member.read")
    return (
        Membership.objects.filter(workspace_id=actor.workspace_id).select_related("user").order_by("created_at", "id")
    )


def invitation_list(actor: Actor) -> InvitationQuerySet:
    """Invitations that nobody has accepted or revoked, newest first."""
    actor.require("invitation.read")
    rows = Invitation.objects.in_workspace(actor.workspace_id).open().select_related("invited_by")
    return rows.order_by("-sent_at", "-id")


def seats(actor: Actor, *, invited: int) -> tuple[int, bool]:
    """How many people the plan lets into the actor's workspace (0: no limit), and whether they and ``invited`` others fill it."""
    actor.require("invitation.read")
    most = registry.limit(actor.workspace_id, "members", 0)
    return most, bool(most) and Membership.objects.filter(workspace_id=actor.workspace_id).count() + invited >= most


def token_list(actor: Actor) -> ApiTokenQuerySet:
    """The workspace's tokens that are not revoked, newest first."""
    actor.require("token.read")
    rows = ApiToken.objects.in_workspace(actor.workspace_id).filter(revoked_at=None).select_related("user")
    return rows.order_by("-created_at", "-id")


def audit_list(
    actor: Actor,
    *,
    actor_id: UUID | None = None,
    action: str = "",
    object_type: str = "",
    object_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEntry]:
    """What was done in the actor's workspace, newest first. ``action`` may end in ``.*``: ``member.*``."""
    actor.require("audit.read")
    rows = AuditEntry.objects.filter(workspace_id=actor.workspace_id)
    if action.endswith(".*"):
        rows = rows.filter(action__startswith=action[:-1])
    elif action:
        rows = rows.filter(action=action)
    exact = {"actor_id": actor_id, "object_type": object_type, "object_id": object_id}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    period = Q()
    if since is not None:
        period &= Q(created_at__gte=since)
    if until is not None:
        period &= Q(created_at__lt=until)
    return rows.filter(period).order_by("-id")


def audit_actions(actor: Actor) -> list[str]:
    """The actions that occur in the workspace's audit log, for a filter."""
    actor.require("audit.read")
    rows = AuditEntry.objects.filter(workspace_id=actor.workspace_id)
    return list(rows.order_by("action").values_list("action", flat=True).distinct())


def people_by_id(ids: set[UUID]) -> dict[UUID, User]:
    """People by their id, for what keeps plain ids. Those who are gone are missing."""
    return User.objects.in_bulk(ids)


def dependents_of(actor: Actor) -> list[Dependents]:
    """What goes with the actor's workspace when it is deleted; nothing that it holds none of."""
    actor.require("workspace.delete")
    own = [found for ask in dependents for found in ask(actor.workspace_id)]
    return [found for found in own if found.count]


def people_of(actor: Actor) -> QuerySet[User]:
    """The members of the workspace, by name: whom a list of what people did can be narrowed to."""
    return User.objects.filter(memberships__workspace_id=actor.workspace_id).order_by("name", "handle")


# Notifications


def notification_list(
    actor: Actor, *, kind: str = "", unread: bool = False, snoozed: bool = False, workspace_id: UUID | None = None
) -> NotificationQuerySet:
    """What a person finds under the bell, newest first; what is put aside only when asked for."""
    rows = Notification.objects.of(actor.id)
    if not snoozed:
        rows = rows.shown()
    if workspace_id is not None:
        rows = rows.in_workspace(workspace_id)
    if kind:
        rows = rows.filter(kind=kind)
    if unread:
        rows = rows.unread()
    return rows.select_related("workspace").order_by("-id")


def unread_notifications(user_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many unread notifications each of these people has. One query."""
    rows = Notification.objects.filter(user_id__in=user_ids, in_app=True).shown().unread()
    return {row["user_id"]: row["total"] for row in rows.order_by().values("user_id").annotate(total=Count("id"))}


def unread_count(user_id: UUID) -> int:
    return Notification.objects.of(user_id).shown().unread().count()


def preference_table(user: User) -> list[dict[str, object]]:
    """For each kind, what a person gets by which channel."""
    choices = {(row.kind, row.channel): row.enabled for row in NotificationPreference.objects.filter(user=user)}
    return [
        {"kind": kind, "label": label} | {channel: wanted(kind, channel, choices) for channel in Channel.values}
        for kind, label in NotificationKind.choices
    ]


# The inbox


def inbox_page(actor: Actor, *, kind: str = "", offset: int = 0, limit: int = 20) -> tuple[list[InboxItem], int]:
    """What waits for a person, what is due first, then the newest; and how much it is in all.

    Every source gives at most what could be shown, and only one that has more is asked how much it has.
    """
    most, total = offset + limit, 0
    found: list[InboxItem] = []
    for source in _sources(kind):
        items = source.items(actor, most)
        total += len(items) if len(items) < most else source.count(actor)
        found += items
    found.sort(key=_urgency)
    return found[offset:most], total


def inbox_count(actor: Actor, *, kind: str = "") -> int:
    return sum(source.count(actor) for source in _sources(kind))


def _sources(kind: str) -> Sequence[registry.InboxSource]:
    return [source for source in registry.inbox_sources.values() if not kind or source.kind == kind]


def _urgency(item: InboxItem) -> tuple[bool, float]:
    return (item.due_at is None, item.due_at.timestamp() if item.due_at else -item.created_at.timestamp())


def dismissed(user_id: UUID, kind: str) -> QuerySet[InboxDismissal, UUID]:
    """The ids of what a person has put away, for a source to leave out."""
    return InboxDismissal.objects.filter(user_id=user_id, kind=kind).values_list("item_id", flat=True)
