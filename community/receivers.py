"""Hooks of django.contrib.auth and allauth: who signed in and out by the pages, and who could not."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, password_changed, password_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from community.events import PersonVerified
from community.models import User
from community.services import people
from config.lib import audit, events, realtime


def _record(action: str, user: User, interface: str = "pages") -> None:
    audit.record(
        audit.Entry(
            action=action,
            actor_id=user.id,
            workspace_id=None,
            object_type="user",
            object_id=user.id,
            after={"interface": interface},
        )
    )


@receiver(user_logged_in)
def on_logged_in(request: HttpRequest, user: User, **_more: Any) -> None:
    if user.current_workspace_id is None:
        people.person_settle(user=user)
    _record("session.signed_in", user)


@receiver(user_logged_out)
def on_logged_out(request: HttpRequest, user: User | None, **_more: Any) -> None:
    if (
        key := getattr(request.session, "session_key", None)
    ) is not None:  # the signal comes before the key is forgotten
        realtime.session_ended(key)
    if user is not None:
        _record("session.signed_out", user)


@receiver(user_login_failed)
def on_login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_more: Any) -> None:
    """Only where the address is somebody's: what else was typed into the field may be anything, even a password."""
    user = User.objects.filter(email=str(credentials.get("email", "")).lower()).first()
    if user is not None:
        api = request is not None and request.path.startswith("/api/")
        _record("session.refused", user, "api" if api else "pages")


@receiver(password_changed)
@receiver(password_reset)
def on_password_changed(user: User, **_more: Any) -> None:
    _record("person.password_changed", user)


@receiver(email_confirmed)
def on_email_confirmed(email_address: EmailAddress, **_more: Any) -> None:
    events.publish(PersonVerified(email_address.user_id))
