"""The second step of a sign-in: forms that allauth's pages and our API share, so that a code counts once wherever it is used.

allauth remembers used codes in the cache. Here the row of the authenticator remembers the last time step whose code was
used: that holds without the cache, for codes of the neighbouring step, and when two use one code at the same moment.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateForm
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from community.models import User
from config.lib import audit

_STEP = "last_step"


class SpendsCode:
    """Mixed in before one of allauth's forms for codes."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        try:
            with transaction.atomic():
                # Tries at the same account queue up here.
                Authenticator.objects.select_for_update().filter(user=self.user, type=Authenticator.Type.TOTP).first()
                code: str = super().clean_code()  # type: ignore[misc]  # allauth's form, which is not typed
                if self.authenticator.type == Authenticator.Type.TOTP:
                    _spend(self.authenticator, code)
        except ValidationError as error:
            record("mfa.code_refused", self.user, why=error.code or "invalid")
            raise
        if self.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            record("mfa.recovery_code_used", self.user)
        return code


class AuthenticateForm(SpendsCode, AllauthAuthenticateForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(SpendsCode, AllauthReauthenticateForm):  # type: ignore[misc]
    pass


class ActivateForm(AllauthActivateForm):  # type: ignore[misc]
    """Turns the authenticator on for people whose address is confirmed, where addresses are confirmed at all.

    Else somebody registers with another's address, turns it on, and the owner of the address never gets in.
    """

    def clean_code(self) -> str:
        if not self.allowed:
            raise ValidationError(_("Confirm your e-mail address first."), code="unverified_email")
        return str(super().clean_code())

    @property
    def allowed(self) -> bool:
        return may_turn_on(self.user)


class SetupForm(ActivateForm):
    """The same for a program, which brings the secret along: allauth's keeps it in the session."""

    def __init__(self, *args: Any, user: User, secret: str, **options: Any) -> None:
        super(AllauthActivateForm, self).__init__(*args, **options)
        self.user, self.secret = user, secret


def may_turn_on(user: User) -> bool:
    """Whether ``user`` may turn two-factor sign-in on: not before their address is confirmed."""
    confirmed = EmailAddress.objects.filter(user=user, email=user.email, verified=True)
    return settings.ACCOUNT_EMAIL_VERIFICATION == "none" or confirmed.exists()


def spend_current_step(authenticator: Authenticator) -> None:
    """The code that turned the authenticator on was seen by whoever looked on: it is spent."""
    if authenticator.type == Authenticator.Type.TOTP:
        _remember(authenticator, max(yield_hotp_counters_from_time()) - settings.MFA_TOTP_TOLERANCE)


def _spend(authenticator: Authenticator, code: str) -> None:
    """Raises ValidationError where the code's time step, or a later one, was used before."""
    secret = decrypt(authenticator.data["secret"])
    steps = [
        step
        for step in yield_hotp_counters_from_time()
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step)))
    ]
    if not steps or max(steps) <= authenticator.data.get(_STEP, -1):
        raise get_adapter().validation_error("incorrect_code")
    _remember(authenticator, max(steps))


def _remember(authenticator: Authenticator, step: int) -> None:
    authenticator.data[_STEP] = step
    authenticator.save(update_fields=["data"])


def record(action: str, user: User, **after: Any) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=user.id, workspace_id=None, object_type="user", object_id=user.id, after=after
        )
    )
