"""Our side of django-allauth: people come into being through our service, and links point to the configured address."""

import logging
from datetime import datetime
from typing import Any, ClassVar

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress, EmailConfirmationMixin
from allauth.account.utils import user_email
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy

from community import attempts, devices, languages
from community.models import User
from community.services import outgoing_mails, people
from community.zones import zone
from config.lib import secrets
from config.lib.callers import client_ip

logger = logging.getLogger(__name__)

TOTP_PURPOSE = "mfa"
INVITED = "invited_email"

# What the reader of a mail does at the address in it.
_MAILS_FOR = {
    "account/email/email_confirmation": gettext_lazy("Confirm the address"),
    "account/email/email_confirmation_signup": gettext_lazy("Confirm the address"),
    "account/email/password_reset_key": gettext_lazy("Choose a new password"),
    "account/email/account_already_exists": gettext_lazy("Choose a new password"),
    "account/email/unknown_account": gettext_lazy("Create an account"),
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": gettext_lazy("E-mail address and password do not match. Check both and try again."),
        "enter_current_password": gettext_lazy("This password is not right."),
    }

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """A person who signs up: allauth fills in address and password, our service the rest."""
        super().save_user(request, user, form, commit=False)
        user.email = user.email.lower()
        user.name = " ".join(form.cleaned_data.get("name", "").split())
        if commit:
            self._add(user)
        return user

    def _add(self, user: User) -> None:
        try:
            people.person_add(user=user)
        except people.EmailTaken as error:  # taken between the form's check and now
            raise ValidationError(error.detail) from error

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Ours in place of allauth's, which lets anybody lock anybody out (docs/adr/0008)."""
        signed_in = isinstance(getattr(request, "user", None), User)
        try:
            self._attempt = attempts.begin(
                str(credentials.get("email", "")), self.get_client_ip(request), signed_in=signed_in
            )
        except attempts.TooManyAttempts as error:
            raise ValidationError(
                self.error_messages["too_many_login_attempts"],
                code="too_many_login_attempts",
                params={"wait": error.wait},
            ) from error

    def _rollback_login_failed_rl_usage(self) -> None:
        """allauth's hook for a right password."""
        self._attempt.succeeded()

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth's hook for a password chosen anew by the link in a mail."""
        attempts.forget(str(credentials.get("email", "")))

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse:
        """Their language comes along to this browser."""
        response: HttpResponse = super().post_login(request, user, **options)
        if user.language:
            languages.remember(response, user.language)
        return response

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("settings_security")

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        super().send_notification_mail(template_prefix, user, {"timezone": user.timezone} | (context or {}), email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mails name the product and its configured address, never the Host header of whoever caused them."""
        about = {"request": self.request, "email": email, "base_url": settings.BASE_URL}
        with languages.of_address(email):
            if "timezone" in context:
                context = context | _in_words(**context)
            mail = self.render_mail(template_prefix, email, about | context)
            action = _MAILS_FOR.get(template_prefix, gettext_lazy("Security"))
            outgoing_mails.mail_post(to=email, subject=mail.subject, text=mail.body, action=str(action))

    def add_message(self, request: HttpRequest, *args: Any, **options: Any) -> None:
        """Programs get answers; a message for the next page would follow them about in a cookie."""
        if not request.path.startswith("/api/"):
            super().add_message(request, *args, **options)

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Never the one the person signs in with, confirmed or not."""
        return bool(email_address.email != email_address.user.email and super().can_delete_email(email_address))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Not where another account has the address by now."""
        others = User.objects.filter(email=email_address.email).exclude(id=email_address.user_id)
        if others.exists():
            template = "account/messages/email_confirmation_failed.txt"
            self.add_message(request, messages.ERROR, template, {"email": email_address.email})
            return False
        return bool(super().confirm_email(request, email_address))

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or super().get_client_ip(request)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Answering for a taken address must take as long as for a free one, whose password is hashed and person saved."""
        user = User.from_email(email, "")
        user.set_password(email)
        people.person_rehearse(user=user)
        self.tell_account_exists(email)

    def tell_account_exists(self, email: str) -> None:
        super().send_account_already_exists_mail(email)

    # Who follows an invitation's link has the address it was sent to, and need not verify it once more.

    def remember_invited(self, request: HttpRequest, email: str) -> None:
        request.session[INVITED] = email

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        return bool(request.session.get(INVITED) == email.lower())

    # Links in mails never follow the Host header of whoever asked for the mail.

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: EmailConfirmationMixin) -> str:
        return settings.BASE_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.BASE_URL + path.replace("UID-KEY", key)


def _in_words(*, timestamp: datetime, timezone: str, user_agent: str, **_more: Any) -> dict[str, str]:
    """When something was done to an account, in its person's time zone, and with what."""
    when = timestamp.astimezone(zone(timezone))
    return {
        "timestamp": f"{date_format(when, gettext('j M Y'))}, {when:%H:%M} ({when.tzinfo})",
        "user_agent": devices.describe(user_agent).words,
    }


class OtherSite(requests.Session):
    """Requests to the site somebody signs in through. Whatever goes wrong there is a sign-in that did not work."""

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        options.setdefault("timeout", settings.SOCIALACCOUNT_REQUESTS_TIMEOUT)
        try:
            response = super().request(method, url, *args, **options)
            # GitHub answers 404 where an account shows no addresses; allauth knows that.
            if not (response.status_code == 404 and str(url).endswith("/user/emails")):
                response.raise_for_status()
        except requests.RequestException as error:
            logger.warning("sign-in through another site failed", extra={"why": str(error)})
            page = render(context.request, "socialaccount/authentication_error.html", status=502)
            raise ImmediateHttpResponse(page) from error
        return response


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Sign-in through other sites: the same person comes out of it as by e-mail."""

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        """One that is not set up is no address of ours."""
        try:
            return super().get_provider(request, provider, client_id=client_id)
        except SocialApp.DoesNotExist as error:
            raise Http404 from error

    def get_requests_session(self) -> requests.Session:
        return OtherSite()

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """Those of the environment; none in the database, so sign-in pages ask it nothing."""
        by_provider = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in by_provider.values() for app in apps]

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = sociallogin.user
        user_email(user, (data.get("email") or "").lower())
        user.name = data.get("name") or " ".join(filter(None, [data.get("first_name"), data.get("last_name")]))
        return user

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: BaseForm | None = None) -> User:
        user: User = sociallogin.user
        user.set_unusable_password()
        if form:
            user.email = form.cleaned_data.get("email") or user.email
            user.name = form.cleaned_data.get("name") or user.name
        people.person_add(user=user)
        sociallogin.save(request)
        return user


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """TOTP secrets and the seed of recovery codes are stored encrypted."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("This code is not right, or it was used already."),
    }

    def encrypt(self, text: str) -> str:
        return secrets.encrypt(text, purpose=TOTP_PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.decrypt(encrypted_text, purpose=TOTP_PURPOSE)
