"""Forms of the billing page and of staff."""

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import sanitize_separators
from django.utils.translation import gettext_lazy as _

from billing.models import EntryKind
from billing.pricing import amount_of
from config.lib.errors import InvalidInput


class CreditsField(forms.CharField):
    """A number of credits; what is not allowed says why. Answers None where it may be empty and is."""

    def __init__(self, *, signed: bool = False, **options: object) -> None:
        self.signed = signed
        super().__init__(max_length=20, **options)  # type: ignore[arg-type]

    def clean(self, value: object) -> Decimal | None:
        written = super().clean(value)
        if not written:
            return None
        try:
            return amount_of(sanitize_separators(written), signed=self.signed)
        except InvalidInput as error:
            raise ValidationError(error.detail) from error


class NoticeForm(forms.Form):
    threshold = CreditsField(
        label=_("Tell us below"), required=False, help_text=_("Credits. Empty: only at a fifth of the last grant.")
    )


class EntriesForm(forms.Form):
    kind = forms.ChoiceField(required=False, choices=[("", _("All kinds")), *EntryKind.choices])
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
