"""Turning a person's authenticator app on and off by the API, as allauth's pages do it. Interfaces have asked for a confirmation.

Between the two steps nothing is stored: the secret comes back in a token signed for this person, good for ten minutes.
"""

from dataclasses import dataclass

from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.signing import BadSignature, dumps, loads
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from community.adapters import AccountAdapter
from community.models import User
from community.second_factor import SetupForm, may_turn_on
from community.services import account_events
from config.lib.errors import Conflict, Forbidden, InvalidInput, NotFound, Throttled

_SALT = "troupe.totp.setup"
_LIFETIME = 600


@dataclass(frozen=True, slots=True)
class TotpSetup:
    """What an authenticator app needs, and what must come back with its first code."""

    setup_token: str
    secret: str
    uri: str


def totp_begin(*, user: User) -> TotpSetup:
    """A new secret for ``user``. Nothing changes yet. Raises Conflict (it is on), Forbidden (the address is not confirmed)."""
    _check_may_turn_on(user)
    secret = generate_totp_secret()
    token = dumps([str(user.id), user.credential_stamp, secret], salt=_SALT)
    return TotpSetup(token, secret, get_mfa_adapter().build_totp_url(user, secret))


def totp_activate(*, request: HttpRequest, user: User, setup_token: str, code: str) -> list[str]:
    """Turn the second factor on with the app's first code; answers the recovery codes, which are never to be had again.

    Raises InvalidInput (also for a token that is old, or another's), Conflict, Forbidden, Throttled.
    """
    secret = _secret_in(setup_token, user)
    with transaction.atomic():
        User.objects.select_for_update().get(id=user.id)  # of two at the same moment the second finds it on
        _check_may_turn_on(user)
        _check_code(user, secret, code)
        totp = TOTP.activate(user, secret).instance
        account_events.authenticator_changed(user=user, authenticator=totp, verb="enabled")
        codes = _new_codes(user, verb="enabled")
    AccountAdapter(request).send_notification_mail("mfa/email/totp_activated", user)
    return codes


def totp_deactivate(*, request: HttpRequest, user: User) -> None:
    """Turn the second factor off; the recovery codes go with it. Raises NotFound where it is not on."""
    with transaction.atomic():
        User.objects.select_for_update().get(id=user.id)
        gone = list(Authenticator.objects.filter(user=user))
        if not any(each.type == Authenticator.Type.TOTP for each in gone):
            raise NotFound(_("Two-factor sign-in is not on."))
        Authenticator.objects.filter(user=user).delete()
        for each in gone:
            account_events.authenticator_changed(user=user, authenticator=each, verb="disabled")
    AccountAdapter(request).send_notification_mail("mfa/email/totp_deactivated", user)


def recovery_codes_renew(*, request: HttpRequest, user: User) -> list[str]:
    """New recovery codes in place of the old ones. Raises NotFound where the second factor is not on."""
    with transaction.atomic():
        User.objects.select_for_update().get(id=user.id)
        rows = Authenticator.objects.filter(user=user)
        if not rows.filter(type=Authenticator.Type.TOTP).exists():
            raise NotFound(_("Two-factor sign-in is not on."))
        codes = _new_codes(user, verb="renewed")
    AccountAdapter(request).send_notification_mail("mfa/email/recovery_codes_generated", user)
    return codes


def _new_codes(user: User, *, verb: str) -> list[str]:
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    made = RecoveryCodes.activate(user)
    made.mark_as_viewed()  # the answer shows them; the page then does not
    account_events.authenticator_changed(user=user, authenticator=made.instance, verb=verb)
    codes: list[str] = made.get_unused_codes()
    return codes


def _check_may_turn_on(user: User) -> None:
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        raise Conflict(_("Two-factor sign-in is on already. Turn it off first."), code="second_factor_on")
    if not may_turn_on(user):
        raise Forbidden(_("Confirm your e-mail address first."), code="verification_required")


def _secret_in(setup_token: str, user: User) -> str:
    try:
        user_id, stamp, secret = loads(setup_token, salt=_SALT, max_age=_LIFETIME)
    except (BadSignature, ValueError, TypeError):
        user_id = stamp = secret = ""
    if (user_id, stamp) != (str(user.id), user.credential_stamp):
        old = _("This is not valid, or no longer. Begin again.")
        raise InvalidInput(_("Some fields are not valid."), errors={"setup_token": [old]})
    return str(secret)


def _check_code(user: User, secret: str, code: str) -> None:
    form = SetupForm(data={"code": code}, user=user, secret=secret)
    if form.is_valid():
        return
    error = form.errors.as_data()["code"][0]
    if error.code == "rate_limited":
        raise Throttled(" ".join(error.messages), headers={"Retry-After": "60"})
    raise InvalidInput(_("Some fields are not valid."), errors={"code": error.messages})
