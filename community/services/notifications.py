"""Telling people things: under the bell, by mail, in a daily summary. Each fact once, however often it is said."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from community import languages, mails
from community.access import Actor
from community.models import Channel, Delivery, Notification, NotificationPreference, User
from community.notifications import Choices, wanted
from community.selectors import unread_notifications
from config.lib import jobs, realtime
from config.lib.errors import InvalidInput

logger = logging.getLogger(__name__)

Text = str | Promise

DIGEST_HOUR = 8
MAIL_AGAIN_AFTER = timedelta(minutes=5)
MAIL_AT_MOST_AFTER = timedelta(days=2)


@transaction.atomic
def notification_send(
    *,
    user_ids: Collection[UUID],
    kind: str,
    key: str,
    title: Text,
    url: str,
    text: Text = "",
    workspace_id: UUID | None = None,
    channels: Collection[str] = tuple(Channel.values),
) -> list[Notification]:
    """Tell these people, each in their language and by the channels they chose. Answers what is new.

    ``key`` names the fact (``run_failed:<run id>``): who was told it is not told again. ``url`` is a path of ours.
    ``channels`` leaves out what reaches them otherwise.
    """
    if not url.startswith("/") or url.startswith("//"):
        raise ValueError("a notification leads to a page of ours")
    people = User.objects.filter(id__in=user_ids, is_active=True)
    chosen = _choices(user_ids)
    made = []
    for person in people:
        choices = chosen.get(person.id, {})
        by = {channel for channel in channels if wanted(kind, channel, choices)}
        if not by:
            continue
        with languages.of_person(person):
            made.append(
                Notification(
                    user=person, workspace_id=workspace_id, kind=kind, key=key, title=str(title)[:200], text=str(text)[:500], url=url,
                    in_app=Channel.IN_APP in by,
                    email=Delivery.DUE if Channel.EMAIL in by else Delivery.NONE,
                    digest=Delivery.DUE if by & {Channel.DIGEST, Channel.EMAIL} == {Channel.DIGEST} else Delivery.NONE,
                )
            )  # fmt: skip
    Notification.objects.bulk_create(made, ignore_conflicts=True)
    new = list(Notification.objects.filter(id__in=[notification.id for notification in made]))
    _announce(new)
    return new


def _choices(user_ids: Collection[UUID]) -> dict[UUID, dict[tuple[str, str], bool]]:
    found: dict[UUID, dict[tuple[str, str], bool]] = {}
    for row in NotificationPreference.objects.filter(user_id__in=user_ids):
        found.setdefault(row.user_id, {})[row.kind, row.channel] = row.enabled
    return found


def _announce(new: list[Notification]) -> None:
    unread = unread_notifications([notification.user_id for notification in new])
    for notification in new:
        if notification.in_app:
            realtime.send_on_commit(
                realtime.person_group(notification.user_id), "notification",
                {
                    "id": notification.id, "kind": notification.kind, "title": notification.title, "url": notification.url,
                    "unread": unread.get(notification.user_id, 0),
                },
            )  # fmt: skip
        if notification.email == Delivery.DUE:
            jobs.send_on_commit("community.mail_notification", notification_id=notification.id)


def notifications_purge(*, keep: timedelta = timedelta(days=180), batch: int = 5000) -> int:
    """Forget what is half a year old; answers how many."""
    old = Notification.objects.filter(created_at__lt=timezone.now() - keep).values("id")[:batch]
    deleted, _by_model = Notification.objects.filter(id__in=old).delete()
    return deleted


# What people do with them


@transaction.atomic
def notification_update(*, notification: Notification, changes: Mapping[str, Any]) -> Notification:
    """Mark as read or not (``read``), put aside until a moment to come (``snoozed_until``; None: not any more)."""
    if "read" in changes:
        notification.read_at = (notification.read_at or timezone.now()) if changes["read"] else None
    if "snoozed_until" in changes:
        until: datetime | None = changes["snoozed_until"]
        if until is not None and not timezone.now() < until < timezone.now() + timedelta(days=366):
            raise InvalidInput(
                _("Some fields are not valid."), errors={"snoozed_until": [_("Choose a moment within the next year.")]}
            )
        notification.snoozed_until = until
    notification.save(update_fields=["read_at", "snoozed_until", "updated_at"])
    badges_changed(user_id=notification.user_id)
    return notification


@transaction.atomic
def notifications_read_all(*, actor: Actor, everywhere: bool = False) -> int:
    """Mark what is shown now as read, in the actor's workspace or in all; answers how many. What is put aside stays unread."""
    rows = Notification.objects.of(actor.id).shown().unread()
    if not everywhere:
        rows = rows.in_workspace(actor.workspace_id)
    changed = rows.update(read_at=timezone.now(), updated_at=timezone.now())
    if changed:
        badges_changed(user_id=actor.id)
    return changed


def badges_changed(*, user_id: UUID) -> None:
    """Have the person's open pages count again."""
    realtime.send_on_commit(realtime.person_group(user_id), "badges", {})


@transaction.atomic
def preferences_update(*, user: User, choices: Choices) -> None:
    """Store what a person chose (kind and channel → whether); what they did not name stays as it is."""
    NotificationPreference.objects.bulk_create(
        [
            NotificationPreference(user=user, kind=kind, channel=channel, enabled=enabled)
            for (kind, channel), enabled in choices.items()
        ],
        update_conflicts=True,
        unique_fields=["user", "kind", "channel"],
        update_fields=["enabled", "updated_at"],
    )


# Mail


@transaction.atomic
def notification_mail(*, notification_id: UUID) -> bool:
    """Send the mail of one notification, unless somebody else is at it or it is sent. Twice only if we die in between."""
    row = (
        Notification.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("user")
        .filter(id=notification_id, email=Delivery.DUE)
        .first()
    )
    if row is None:
        return False
    mails.send_notification(row)
    Notification.objects.filter(id=row.id).update(email=Delivery.SENT)
    return True


def notifications_mail_due(*, batch: int = 200) -> int:
    """Send what a lost task or a mail server that was away has left; answers how many. What is older than two days is too late."""
    now = timezone.now()
    Notification.objects.filter(email=Delivery.DUE, created_at__lt=now - MAIL_AT_MOST_AFTER).update(email=Delivery.NONE)
    due = Notification.objects.filter(email=Delivery.DUE, created_at__lt=now - MAIL_AGAIN_AFTER).order_by("created_at")
    sent = 0
    for notification_id in due.values_list("id", flat=True)[:batch]:
        try:
            sent += notification_mail(notification_id=notification_id)
        except OSError:  # smtplib's errors are OSErrors too
            logger.warning("the mail server does not answer")
            break
    return sent


def digests_send_due(*, now: datetime | None = None) -> int:
    """Send each person their daily summary where it is eight in the morning; answers how many. Called once an hour.

    Who was missed at that hour gets it as soon as something in it is a day old.
    """
    now = now or timezone.now()
    waiting = Notification.objects.filter(digest=Delivery.DUE, user__is_active=True)
    sent = 0
    for row in waiting.values("user_id", "user__timezone").annotate(oldest=Min("created_at")).order_by("user_id"):
        hour = now.astimezone(ZoneInfo(row["user__timezone"])).hour
        if hour != DIGEST_HOUR and now - row["oldest"] < timedelta(days=1):
            continue
        try:
            sent += digest_send(user_id=row["user_id"])
        except OSError:
            logger.warning("the mail server does not answer")
            break
    return sent


@transaction.atomic
def digest_send(*, user_id: UUID) -> bool:
    """One person's summary of what they have not read yet."""
    rows = list(
        Notification.objects.select_for_update(skip_locked=True)
        .filter(user_id=user_id, digest=Delivery.DUE)
        .order_by("id")
    )
    unread = [row for row in rows if not row.read]
    if unread:
        mails.send_digest(User.objects.get(id=user_id), unread)
    Notification.objects.filter(id__in=[row.id for row in rows]).update(digest=Delivery.SENT)
    return bool(unread)
