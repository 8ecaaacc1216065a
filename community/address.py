"""Changing the address one signs in with. Nothing changes until the new one is confirmed."""

from allauth.account.forms import AddEmailForm
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _


class NewAddressForm(AddEmailForm):  # type: ignore[misc]  # allauth is not typed
    """allauth's takes an address that is not confirmed for the one somebody is changing to, and drops it.

    Where addresses need not be confirmed that is the address people sign in with: they would be left without any.
    """

    def save(self, request: HttpRequest) -> EmailAddress:
        with transaction.atomic():
            pending = EmailAddress.objects.filter(user=self.user, verified=False).exclude(email=self.user.email)
            pending.delete()
            address = EmailAddress.objects.create(user=self.user, email=self.cleaned_data["email"])
        if not send_verification_email_to_address(request, address):
            tell_too_soon(request)
        return address


def tell_too_soon(request: HttpRequest) -> None:
    """Why no link was sent: allauth sends one to an address every three minutes. Programs get no messages."""
    if not request.path.startswith("/api/"):
        text = _(
            "A link went to this address less than three minutes ago. Look into your mail, or send it again in a while."
        )
        messages.info(request, text)
