"""Mails to people about what happened. Links lead to the configured address, in the person's language."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from community import languages
from community.letters import Letter, message
from community.models import Notification, User

SHOWN_IN_DIGEST = 50


def send_notification(notification: Notification) -> None:
    with languages.of_person(notification.user):
        _send(notification.user, notification.title, "notifications/mail.txt", {"notification": notification})


def send_digest(user: User, notifications: Sequence[Notification]) -> None:
    count = len(notifications)
    with languages.of_person(user):
        subject = ngettext("%(count)d thing happened", "%(count)d things happened", count) % {"count": count}
        context = {"notifications": notifications[:SHOWN_IN_DIGEST], "more": max(0, count - SHOWN_IN_DIGEST)}
        _send(user, subject, "notifications/digest.txt", context)


def _send(user: User, subject: str, template: str, context: dict[str, Any]) -> None:
    preferences = settings.BASE_URL + reverse("notification_preferences")
    body = render_to_string(
        template, context | {"person": user, "base_url": settings.BASE_URL, "preferences": preferences}
    )
    headers = {"List-Unsubscribe": f"<{preferences}>", "Auto-Submitted": "auto-generated"}
    message(Letter(user.email, subject, body, language=translation.get_language() or "", headers=headers)).send()
