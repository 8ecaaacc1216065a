"""Where a person is signed in, by browsers and by programs, and ending that: one, the others, or all of them."""

import time
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from community import devices
from community.models import BrowserSession, RefreshFamily, User
from community.models.sessions import AGENT_LENGTH
from config.lib import audit, realtime
from config.lib.callers import client_ip
from config.lib.errors import NotFound

_SEEN = "seen"
_SEEN_EVERY = 300


def browser_session_track(*, request: HttpRequest, user: User) -> None:
    """Note that this browser session is in use, from where: at most one write in five minutes, usually none at all."""
    session, now = request.session, int(time.time())
    key, seen_at = session.get(_SEEN, ("", 0))
    if session.session_key and key == session.session_key and now - seen_at < _SEEN_EVERY:
        return
    if not session.session_key:
        session.save()
    if key and key != session.session_key:  # Django gave the session a new key
        BrowserSession.objects.filter(session_key=key).delete()
    BrowserSession.objects.update_or_create(
        session_key=session.session_key,
        defaults={
            "user": user,
            "ip": devices.address(client_ip(request)),
            "user_agent": request.headers.get("User-Agent", "")[:AGENT_LENGTH],
            "last_seen_at": timezone.now(),
        },
    )
    session[_SEEN] = (session.session_key, now)


def browser_session_forget(*, session_key: str | None) -> None:
    """This session has ended by itself: its person signed out."""
    BrowserSession.objects.filter(session_key=session_key or "").delete()


@transaction.atomic
def sign_in_end(*, user: User, sign_in_id: UUID) -> None:
    """End one sign-in of ``user``, a browser's or a program's. Raises NotFound, also for somebody else's."""
    browser = BrowserSession.objects.filter(user=user, id=sign_in_id).first()
    if browser is not None:
        _end_browsers([browser.session_key])
    elif not RefreshFamily.objects.alive().filter(user=user, id=sign_in_id).update(revoked_at=timezone.now()):
        raise NotFound(_("There is no such sign-in, or it has ended."))
    realtime.access_changed(realtime.person_group(user.id))
    _record("session.ended", user, {"sign_in": str(sign_in_id)})


@transaction.atomic
def sign_ins_end_others(*, user: User, keep: str | None = None) -> int:
    """Forget every sign-in of ``user`` but the session ``keep``, where something else (a new password) has ended them."""
    others = BrowserSession.objects.filter(user=user).exclude(session_key=keep or "")
    keys = list(others.values_list("session_key", flat=True))
    _end_browsers(keys)
    realtime.access_changed(realtime.person_group(user.id))
    return len(keys) + RefreshFamily.objects.alive().filter(user=user).update(revoked_at=timezone.now())


@transaction.atomic
def sign_ins_end_all(*, user: User, request: HttpRequest | None = None) -> int:
    """Sign ``user`` out everywhere, but for the browser session of ``request`` where one is given; answers how many ended.

    A new generation ends what no row knows of as well: every session, access, refresh and second-step token made before.
    """
    User.objects.filter(id=user.id).update(generation=F("generation") + 1)
    user.refresh_from_db(fields=["generation"])
    if request is not None:
        update_session_auth_hash(request, user)  # gives the session that stays a new key
        browser_session_track(request=request, user=user)
    ended = sign_ins_end_others(user=user, keep=request.session.session_key if request else None)
    _record("session.ended_everywhere", user, {"ended": ended})
    return ended


def _end_browsers(keys: Sequence[str]) -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    for key in keys:
        # After commit: until then another process could read the session again and keep it in the cache.
        transaction.on_commit(lambda key=key: store.delete(key))  # type: ignore[misc]
        realtime.session_ended(key)
    BrowserSession.objects.filter(session_key__in=keys).delete()


def _record(action: str, user: User, after: dict[str, object]) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=user.id, workspace_id=None, object_type="user", object_id=user.id, after=after
        )
    )


def expired_delete() -> int:
    """Forget browser sessions that are none any more, for the periodic clean-up; answers how many."""
    deleted, _by_model = BrowserSession.objects.filter(
        last_seen_at__lte=timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    ).delete()
    return deleted
