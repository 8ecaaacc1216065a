"""Reads that serve pages, the API and the live socket."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db.models import Count, QuerySet

from community import registry
from community.access import Actor
from community.models import Channel, InboxDismissal, Notification, NotificationKind, NotificationPreference, User
from community.notifications import wanted
from community.registry import InboxItem


def notification_list(
    actor: Actor, *, kind: str = "", unread: bool = False, snoozed: bool = False, workspace_id: UUID | None = None
) -> QuerySet[Notification]:
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


def inbox_items(actor: Actor, *, kind: str = "", offset: int = 0, limit: int = 20) -> list[InboxItem]:
    """What waits for a person: what is due first, then the newest. Every source gives at most what could be shown."""
    found = [item for source in _sources(kind) for item in source.items(actor, offset + limit)]
    found.sort(key=_urgency)
    return found[offset : offset + limit]


def inbox_count(actor: Actor, *, kind: str = "") -> int:
    return sum(source.count(actor) for source in _sources(kind))


def _sources(kind: str) -> Sequence[registry.InboxSource]:
    return [source for source in registry.inbox_sources.values() if not kind or source.kind == kind]


def _urgency(item: InboxItem) -> tuple[bool, float]:
    return (item.due_at is None, item.due_at.timestamp() if item.due_at else -item.created_at.timestamp())


def dismissed(user_id: UUID, kind: str) -> QuerySet[InboxDismissal, UUID]:
    """The ids of what a person has put away, for a source to leave out."""
    return InboxDismissal.objects.filter(user_id=user_id, kind=kind).values_list("item_id", flat=True)
