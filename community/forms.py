"""Forms of the sign-up pages."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from community.models import User


class NameForm(forms.Form):
    """Base of allauth's sign-up forms (``ACCOUNT_SIGNUP_FORM_CLASS``): asks for the name as well."""

    field_order = ("name", "email", "password1")

    name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth asks for this hook; the adapter has stored the name already."""
