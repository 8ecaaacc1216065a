"""Forms of the sign-up pages and of the settings."""

from typing import Any
from zoneinfo import available_timezones

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from community.models import User


class AnsweredChoice(forms.ChoiceField):
    """One where nothing is an answer as well, which its words say: the field is not called optional."""

    answered = True


class NameForm(forms.Form):
    """Base of allauth's sign-up forms (``ACCOUNT_SIGNUP_FORM_CLASS``): asks for the name as well."""

    field_order = ("name", "email", "password1")

    name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth asks for this hook; the adapter has stored the name already."""


def _timezones() -> list[tuple[str, Any]]:
    """Every zone by its region, so that a browser shows them as groups."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        region, _slash, place = name.partition("/")
        if place and region not in ("Etc", "SystemV", "US", "posix", "right"):
            regions.setdefault(region, []).append((name, place.replace("_", " ")))
    return [("UTC", "UTC"), *regions.items()]


class ProfileForm(forms.Form):
    """What people say about themselves, and how they want to see the pages. The service validates again."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    handle = forms.CharField(
        label=_("Handle"),
        max_length=40,
        help_text=_("Others find and mention you by it. Small letters, digits and hyphens."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    bio = forms.CharField(label=_("About you"), max_length=2000, required=False, widget=forms.Textarea)
    language = AnsweredChoice(label=_("Language"), required=False)
    timezone = forms.ChoiceField(label=_("Time zone"), choices=_timezones)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)  # noqa: S101  # for the type checker
        language.choices = [("", _("As the browser asks")), *settings.LANGUAGES]


class DeleteAccountForm(forms.Form):
    """Twice deliberate: the handle typed out, and the password where there is one."""

    confirm = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}))
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["confirm"].label = _("Type your handle, %(handle)s") % {"handle": user.handle}
        if not user.has_usable_password():
            del self.fields["password"]

    def clean_confirm(self) -> str:
        typed = str(self.cleaned_data["confirm"]).strip().removeprefix("@").lower()
        if typed != self.user.handle:
            raise ValidationError(_("This is not your handle."))
        return typed

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not get_adapter().reauthenticate(self.user, password):
            raise ValidationError(_("This password is not right."))
        return password
