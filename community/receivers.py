"""Hooks of django.contrib.auth and allauth, each one call of a service: who signed in and out, and what they changed."""

from typing import Any

from allauth.account import signals as account
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from community.events import PersonVerified
from community.models import User
from community.services import account_events
from config.lib import events


@receiver(user_logged_in)
def on_logged_in(request: HttpRequest, user: User, **_more: Any) -> None:
    account_events.signed_in(request=request, user=user)


@receiver(user_logged_out)
def on_logged_out(request: HttpRequest, user: User | None, **_more: Any) -> None:
    if user is not None:
        account_events.signed_out(request=request, user=user)


@receiver(user_login_failed)
def on_login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_more: Any) -> None:
    account_events.sign_in_refused(request=request, email=str(credentials.get("email", "")))


@receiver([account.password_changed, account.password_set, account.password_reset])
def on_new_password(request: HttpRequest, user: User, **_more: Any) -> None:
    account_events.password_changed(request=request, user=user)


@receiver(account.email_changed)
def on_email_changed(
    user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **_more: Any
) -> None:
    account_events.email_changed(user=user, before=from_email_address, after=to_email_address)


@receiver([mfa.authenticator_added, mfa.authenticator_removed, mfa.authenticator_reset])
def on_authenticator(signal: Signal, user: User, authenticator: Authenticator, **_more: Any) -> None:
    verb = {mfa.authenticator_added: "enabled", mfa.authenticator_removed: "disabled"}.get(signal, "renewed")
    account_events.authenticator_changed(user=user, authenticator=authenticator, verb=verb)


@receiver(social.social_account_added)
def on_account_connected(request: HttpRequest, sociallogin: Any, **_more: Any) -> None:
    account_events.account_connected(user=sociallogin.user, provider=sociallogin.account.provider)


@receiver(social.social_account_removed)
def on_account_disconnected(socialaccount: Any, **_more: Any) -> None:
    account_events.account_disconnected(user=socialaccount.user, provider=socialaccount.provider)


@receiver(account.email_confirmed)
def on_email_confirmed(email_address: EmailAddress, **_more: Any) -> None:
    events.publish(PersonVerified(email_address.user_id))
