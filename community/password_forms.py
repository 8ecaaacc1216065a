"""allauth's forms for passwords, with labels as ours are written."""

from typing import Any

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SetPasswordForm as AllauthSetPasswordForm
from django.utils.translation import gettext_lazy as _

_LABELS = {
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("New password again"),
}


class OurLabels:
    """Mixed in before one of allauth's forms. The label says what a field is for; a placeholder would only say it twice."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            field.label = _LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)


class ChangePasswordForm(OurLabels, AllauthChangePasswordForm):  # type: ignore[misc]  # allauth is not typed
    pass


class SetPasswordForm(OurLabels, AllauthSetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordKeyForm(OurLabels, AllauthResetPasswordKeyForm):  # type: ignore[misc]
    pass
