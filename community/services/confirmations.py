"""Showing again that it is oneself, before changing how one signs in: the API's side of allauth's reauthentication.

A browser's session remembers by itself when that was. For a program its sign-in (``RefreshFamily``) does, and the moment of
signing in counts as well. Both hold for as long as ``ACCOUNT_REAUTHENTICATION_TIMEOUT`` says.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from allauth.account import app_settings
from allauth.account.internal.flows import reauthentication
from allauth.account.internal.flows.login import record_authentication
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from community.models import RefreshFamily, User
from community.second_factor import ReauthenticateForm
from community.services import sessions
from config.lib.errors import Forbidden, InvalidInput, Throttled


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in person, and what remembers when they last showed that it is them: a session, or a program's sign-in."""

    request: HttpRequest
    user: User
    by_session: bool
    family_id: UUID | None = None


def confirmed_lately(*, caller: Caller) -> bool:
    """Whether it was minutes ago; always, for people who have nothing to show (they sign in through another site only)."""
    if not reauthentication.get_reauthentication_flows(caller.user):
        return True
    if caller.by_session:
        return bool(reauthentication.did_recently_reauthenticate(caller.request))
    since = timezone.now() - timedelta(seconds=app_settings.REAUTHENTICATION_TIMEOUT)
    return _sign_in_of(caller).filter(confirmed_at__gt=since).exists()


def confirmation_require(*, caller: Caller) -> None:
    """Raises Forbidden ``confirmation_required`` where ``caller`` must first show that it is them."""
    if not confirmed_lately(caller=caller):
        raise Forbidden(
            _("Show that it is you first: send your password, or a code, to /api/v1/users/me/confirm/."),
            code="confirmation_required",
        )


def person_confirm(*, caller: Caller, password: str = "", code: str = "") -> None:
    """Take the password, or a code of the second factor, as proof. Raises InvalidInput, Throttled."""
    if code:
        _check_code(caller.user, code)
    elif caller.user.has_usable_password():
        sessions.password_confirm(request=caller.request, user=caller.user, password=password)
    elif reauthentication.get_reauthentication_flows(caller.user):
        raise InvalidInput(_("Some fields are not valid."), errors={"code": [_("Send a code.")]})
    if caller.by_session:
        record_authentication(caller.request, caller.user, "mfa" if code else "password", reauthenticated=True)
    else:
        _sign_in_of(caller).update(confirmed_at=timezone.now())


def _sign_in_of(caller: Caller) -> QuerySet[RefreshFamily]:
    if caller.family_id is None:
        return RefreshFamily.objects.none()
    return RefreshFamily.objects.alive().filter(id=caller.family_id, user=caller.user)


def _check_code(user: User, code: str) -> None:
    form = ReauthenticateForm(data={"code": code}, user=user)
    if form.is_valid():
        form.authenticator.record_usage()
        return
    error = form.errors.as_data()["code"][0]
    if error.code == "too_many_login_attempts":
        raise Throttled(" ".join(error.messages), headers={"Retry-After": "60"})
    raise InvalidInput(_("Some fields are not valid."), errors={"code": error.messages})
