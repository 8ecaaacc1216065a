"""Changing and confirming the address a person signs in with, and a forgotten password, by the API: as allauth's pages do it.

Mails lead to the pages; a program takes what stands in the link. No answer tells whether an address is registered here.
"""

from dataclasses import dataclass

from allauth.account.forms import ResetPasswordForm, UserTokenForm
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.core import ratelimit
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from community import attempts
from community.adapters import AccountAdapter
from community.address import NewAddressForm
from community.models import User
from community.services import account_events
from config.lib.errors import InvalidInput, NotFound, Throttled


@dataclass(frozen=True, slots=True)
class Address:
    """What a person signs in with, and the address they are changing to."""

    email: str
    verified: bool
    pending: str | None


def address_of(*, user: User) -> Address:
    rows = {row.email: row.verified for row in EmailAddress.objects.filter(user=user)}
    pending = [email for email, verified in rows.items() if not verified and email != user.email]
    return Address(user.email, rows.get(user.email, False), pending[0] if pending else None)


def address_change(*, request: HttpRequest, user: User, email: str) -> Address:
    """Send a link to ``email``; who follows it signs in with that address from then on. Raises InvalidInput, Throttled.

    Interfaces have asked for a confirmation.
    """
    _count(request, "manage_email", user=user)
    form = NewAddressForm(data={"email": email}, user=user)
    if not form.is_valid():
        raise InvalidInput(
            _("Some fields are not valid."), errors={"email": form.errors.as_data()["email"][0].messages}
        )
    form.save(request)
    return address_of(user=user)


@transaction.atomic
def address_change_drop(*, user: User) -> None:
    """Keep the address one has. Raises NotFound where nothing is being changed."""
    pending = EmailAddress.objects.filter(user=user, verified=False).exclude(email=user.email)
    if not pending.delete()[0]:
        raise NotFound(_("You are not changing your address."))


def address_mail_again(*, request: HttpRequest, user: User) -> None:
    """Send the link once more, to the new address or else to one's own. Raises NotFound, Throttled."""
    waiting = EmailAddress.objects.filter(user=user, verified=False)
    address = waiting.exclude(email=user.email).first() or waiting.filter(email=user.email).first()
    if address is None:
        raise NotFound(_("Your address is confirmed."))
    _count(request, "confirm_email", key=address.email)
    address.send_confirmation(request)


def address_confirm(*, request: HttpRequest, key: str) -> User:
    """Take an address for confirmed, by what stands in a link. Raises NotFound: the same for wrong, old and used ones."""
    confirmation = EmailConfirmationHMAC.from_key(key)
    address = confirmation.confirm(request) if confirmation else None
    if address is None:
        raise NotFound(_("This link is not valid, or no longer. Ask for a new one."), code="link_invalid")
    return User.objects.get(id=address.user_id)


def password_reset_mail(*, request: HttpRequest, email: str) -> None:
    """Mail a link for a new password, or that nobody is registered with this address. Raises InvalidInput, Throttled."""
    _count(request, "reset_password", key=email.strip().lower())
    form = ResetPasswordForm(data={"email": email.strip()})
    if not form.is_valid():
        raise InvalidInput(
            _("Some fields are not valid."), errors={"email": form.errors.as_data()["email"][0].messages}
        )
    form.save(request)


def password_reset(*, request: HttpRequest, key: str, password: str) -> None:
    """A new password, by what stands in a link; every sign-in ends. Raises NotFound, InvalidInput."""
    uid, _dash, token = key.partition("-")
    link = UserTokenForm(data={"uidb36": uid, "key": token})
    if not link.is_valid() or not isinstance(link.reset_user, User) or not link.reset_user.is_active:
        raise NotFound(_("This link is not valid, or no longer. Ask for a new one."), code="link_invalid")
    user = link.reset_user
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(_("Some fields are not valid."), errors={"password": error.messages}) from error
    user.set_password(password)
    with transaction.atomic():
        user.save(update_fields=["password", "updated_at"])
        account_events.password_changed(request=None, user=user)
    attempts.forget(user.email)
    AccountAdapter(request).send_notification_mail("account/email/password_reset", user)


def _count(request: HttpRequest, action: str, *, key: str | None = None, user: User | None = None) -> None:
    """allauth's limits: the pages and the API share them."""
    if not ratelimit.consume(request, action=action, key=key, user=user):
        raise Throttled(_("Too many requests. Try again in a minute."), headers={"Retry-After": "60"})
