"""Sign-ins of programs: checking who it is, and the tokens they get. The pages' sign-in is allauth's; both check passwords the same way."""

from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from community import devices
from community.adapters import AccountAdapter
from community.models import RefreshFamily, User
from community.models.sessions import AGENT_LENGTH
from community.second_factor import AuthenticateForm
from community.services import account_events
from community.services.people import EmailTaken, person_register, person_rehearse
from community.tokens import AccessToken, MfaToken, RefreshToken, invalid
from config.lib import audit, realtime
from config.lib.errors import InvalidInput, Throttled, Unauthenticated
from config.lib.ids import uuid7

_CODE_TYPES = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]


@dataclass(frozen=True, slots=True)
class Tokens:
    user: User
    access: str
    refresh: str


def session_open(*, request: HttpRequest, email: str, password: str) -> Tokens:
    """Tokens for the person with this address and password.

    Raises Unauthenticated: code ``invalid_credentials`` (the same for an unknown address, which also takes as long),
    ``mfa_required`` with ``mfa_token``, or ``verification_required``; Throttled after too many failures.
    """
    try:
        user = AccountAdapter(request).authenticate(request, email=email.strip().lower(), password=password)
    except ValidationError as error:
        raise _throttled(error) from error
    if not isinstance(user, User) or not user.is_active:
        raise Unauthenticated(_("The e-mail address or the password is not right."), code="invalid_credentials")
    if _needs_verification(user):
        _send_verification(user, request)
        raise Unauthenticated(
            _("Confirm your e-mail address first: we have sent you a link."), code="verification_required"
        )
    if get_mfa_adapter().is_mfa_enabled(user, types=_CODE_TYPES):
        raise Unauthenticated(
            _("Enter the code of your authenticator app."), code="mfa_required", mfa_token=str(MfaToken.issue(user))
        )
    return _sign_in(user, method="password", request=request)


def session_open_with_code(*, request: HttpRequest, mfa_token: str, code: str) -> Tokens:
    """The second step: the code of an authenticator app, or a recovery code. Raises Unauthenticated, Throttled.

    A code counts once, and so does the token of the first step once it has led to a sign-in.
    """
    token = MfaToken.read(mfa_token)
    user = token.check_user(User.objects.filter(id=token.user_id).first())
    form = AuthenticateForm(data={"code": code}, user=user)
    if not form.is_valid():
        error = form.errors.as_data()["code"][0]
        if error.code == "too_many_login_attempts":
            raise _throttled(error)
        raise Unauthenticated(" ".join(error.messages), code="mfa_invalid")
    if not cache.add(f"mfa-token:{token.id.hex}", 1, timeout=MfaToken.lifetime.total_seconds()):
        raise invalid()
    form.authenticator.record_usage()
    return _sign_in(user, method="mfa", request=request)


def password_confirm(*, request: HttpRequest, user: User, password: str, field: str = "password") -> None:
    """``user``, who is signed in, gives their password again; who has none need not. Raises InvalidInput, Throttled."""
    if not user.has_usable_password():
        return
    try:
        right = AccountAdapter(request).authenticate(request, email=user.email, password=password) == user
    except ValidationError as error:
        raise _throttled(error) from error
    if not right:
        raise InvalidInput(_("Some fields are not valid."), errors={field: [_("This password is not right.")]})


def password_change(*, request: HttpRequest, user: User, current: str, new: str) -> Tokens:
    """A new password for ``user``, who gives the one they have. Every sign-in there is ends; answers a new one.

    Raises InvalidInput, Throttled.
    """
    password_confirm(request=request, user=user, password=current, field="current")
    try:
        validate_password(new, user)
    except ValidationError as error:
        raise InvalidInput(_("Some fields are not valid."), errors={"new": error.messages}) from error
    user.set_password(new)
    with transaction.atomic():
        user.save(update_fields=["password", "updated_at"])
        account_events.password_changed(request=None, user=user)
        tokens = _sign_in(user, method="password", request=request)
    AccountAdapter(request).send_notification_mail("account/email/password_changed", user)
    return tokens


def session_open_first(*, request: HttpRequest, email: str, password: str, name: str) -> Tokens | User:
    """Register a person and sign them in; only the person where their address must be verified first.

    Then a taken address is answered like a free one (its owner is told by mail), so that nobody can ask who is here.
    """
    verify = settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory"
    try:
        user = person_register(email=email, password=password, name=name)
    except EmailTaken:
        if not verify:
            raise
        AccountAdapter(request).tell_account_exists(email.strip().lower())
        return _nobody(email, name)
    if settings.ACCOUNT_EMAIL_VERIFICATION != "none":
        _send_verification(user, request, first=True)
    return user if verify else _sign_in(user, method="registration", request=request)


def tokens_rotate(*, refresh: str) -> Tokens:
    """New tokens for a refresh token, which is used up. A used one ends its whole family. Raises Unauthenticated."""
    token = RefreshToken.read(refresh)
    family = _family(token)
    if family is None:
        raise invalid()
    user = token.check_user(family.user)
    replacement = uuid7()
    # One statement decides which of two simultaneous uses is the first.
    rotated = RefreshFamily.objects.filter(
        id=family.id, current=token.id, revoked_at=None, expires_at__gt=timezone.now()
    ).update(
        current=replacement,
        expires_at=timezone.now() + settings.REFRESH_TOKEN_LIFETIME,
        last_seen_at=timezone.now(),
        ip=devices.address(audit.client_ip.get()),
    )
    if not rotated:
        if family.revoked_at is None:
            _revoke(family, action="session.reuse_detected")
        raise invalid()
    family.current = replacement
    return _tokens(user, family)


def tokens_revoke(*, refresh: str) -> None:
    """Sign out: end the family of this refresh token, whichever of it this is. Raises Unauthenticated."""
    token = RefreshToken.read(refresh)
    family = _family(token)
    if family is not None and family.user_id == token.user_id and family.revoked_at is None:
        _revoke(family, action="session.signed_out")


def _family(token: RefreshToken) -> RefreshFamily | None:
    if token.family_id is None:
        return None
    return RefreshFamily.objects.select_related("user").filter(id=token.family_id).first()


def _needs_verification(user: User) -> bool:
    """Whether ``user`` must confirm their address before they may sign in."""
    return (
        settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory"
        and not EmailAddress.objects.filter(user=user, verified=True).exists()
    )


@transaction.atomic
def _sign_in(user: User, *, method: str, request: HttpRequest | None = None) -> Tokens:
    family = RefreshFamily.objects.create(
        user=user,
        expires_at=timezone.now() + settings.REFRESH_TOKEN_LIFETIME,
        ip=devices.address(audit.client_ip.get()),
        user_agent=request.headers.get("User-Agent", "")[:AGENT_LENGTH] if request else "",
        confirmed_at=timezone.now(),
    )
    User.objects.filter(id=user.id).update(last_login=timezone.now())
    _record("session.signed_in", user, family, method)
    return _tokens(user, family)


def _tokens(user: User, family: RefreshFamily) -> Tokens:
    refresh = RefreshToken.issue(user, fam=str(family.id), jti=str(family.current))
    return Tokens(user, str(AccessToken.issue(user, fam=str(family.id))), str(refresh))


def _throttled(error: ValidationError) -> Throttled:
    wait = (error.params or {}).get("wait", 60)
    return Throttled(" ".join(error.messages), headers={"Retry-After": str(wait)})


@transaction.atomic
def _revoke(family: RefreshFamily, *, action: str) -> None:
    RefreshFamily.objects.filter(id=family.id, revoked_at=None).update(revoked_at=timezone.now())
    realtime.access_changed(realtime.person_group(family.user_id))
    _record(action, family.user, family, "refresh")


def _record(action: str, user: User, family: RefreshFamily, method: str) -> None:
    audit.record(
        audit.Entry(
            action=action,
            actor_id=user.id,
            workspace_id=None,
            object_type="refresh_family",
            object_id=family.id,
            after={"interface": "api", "method": method},
        )
    )


def _send_verification(user: User, request: HttpRequest, *, first: bool = False) -> None:
    address = EmailAddress.objects.filter(user=user, email=user.email).first()
    if address is not None and ratelimit.consume(request, action="confirm_email", key=user.email):
        address.send_confirmation(request, signup=first)


def _nobody(email: str, name: str) -> User:
    """What registering would have answered, had the address been free."""
    user = User.from_email(email, name)
    person_rehearse(user=user)
    return user


def expired_delete(*, keep: timedelta = timedelta(days=30)) -> int:
    """Forget families that expired more than ``keep`` ago (until then a stolen token is still recognised); answers how many."""
    deleted, _by_model = RefreshFamily.objects.filter(expires_at__lte=timezone.now() - keep).delete()
    return deleted
