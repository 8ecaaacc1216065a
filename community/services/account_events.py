"""What follows from a person signing in or out by the pages, or changing how they sign in: records, and other sign-ins ended."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest

from community import second_factor
from community.models import User, Workspace
from community.services import people, sign_ins
from config.lib import audit, realtime


def signed_in(*, request: HttpRequest, user: User) -> None:
    if user.current_workspace_id is None:
        people.person_settle(user=user)
    sign_ins.browser_session_track(request=request, user=user)
    _record("session.signed_in", user, interface="pages")


def signed_out(*, request: HttpRequest, user: User) -> None:
    key = request.session.session_key  # the signal comes before it is forgotten
    sign_ins.browser_session_forget(session_key=key)
    if key is not None:
        realtime.session_ended(key)
    _record("session.signed_out", user, interface="pages")


def sign_in_refused(*, request: HttpRequest | None, email: str) -> None:
    """Only where the address is somebody's: what else was typed into the field may be anything, even a password."""
    user = User.objects.filter(email=email.lower()).first()
    if user is not None:
        api = request is not None and request.path.startswith("/api/")
        _record("session.refused", user, interface="api" if api else "pages")


@transaction.atomic
def password_changed(*, request: HttpRequest | None, user: User) -> None:
    """Every other sign-in has ended with the old password; that of the browser behind ``request`` stays.

    So has a change of address that was not confirmed: who knew the old password may have begun it, and their link would
    take the account after its person has taken it back.
    """
    keep = None
    if request is not None and request.user == user:
        sign_ins.browser_session_track(request=request, user=user)
        keep = request.session.session_key
    EmailAddress.objects.filter(user=user, verified=False).exclude(email=user.email).delete()
    ended = sign_ins.sign_ins_end_others(user=user, keep=keep)
    _record("person.password_changed", user, ended=ended)


@transaction.atomic
def email_changed(*, user: User, before: EmailAddress | None, after: EmailAddress) -> None:
    """Bills of the personal workspace follow the person. The record shows no whole address: records outlive accounts."""
    if before is not None:
        Workspace.objects.filter(personal_of=user, email=before.email).update(email=after.email)
    _record("person.email_changed", user, before=_masked(before.email) if before else "", after=_masked(after.email))


def authenticator_changed(*, user: User, authenticator: Authenticator, verb: str) -> None:
    if verb == "enabled":
        second_factor.spend_current_step(authenticator)
    _record(f"mfa.{verb}", user, type=authenticator.type)


def account_connected(*, user: User, provider: str) -> None:
    _record("account.connected", user, provider=provider)


def account_disconnected(*, user: User, provider: str) -> None:
    _record("account.disconnected", user, provider=provider)


def _masked(email: str) -> str:
    name, _at, domain = email.partition("@")
    return f"{name[:1]}…@{domain}"


def _record(action: str, user: User, **after: Any) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=user.id, workspace_id=None, object_type="user", object_id=user.id, after=after
        )
    )
