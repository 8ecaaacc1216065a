"""Forms of a workspace's own pages: its name, its members, its API tokens, its audit log."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from community import policies
from community.access import Actor
from community.forms import AnsweredChoice
from community.models import Membership, Role, Workspace
from config.lib.errors import AppError


def add_errors(form: forms.BaseForm, error: AppError) -> None:
    """Put what a service has against the input beside the fields it is about."""
    known = {name: texts for name, texts in error.errors.items() if name in form.fields}
    for name, texts in known.items():
        form.add_error(name, texts)
    if not known:
        form.add_error(None, error.detail)


def roles_for(actor: Actor) -> list[tuple[str, Any]]:
    """The roles that ``actor`` may give."""
    return [(value, label) for value, label in Role.choices if not policies.outranks(value, actor.role)]


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = Workspace
        fields = ("name", "email", "default_model", "credits_first")
        labels = {
            "name": _("Name"), "email": _("Billing e-mail"), "default_model": _("Default model"),
            "credits_first": _("Credits first"),
        }  # fmt: skip
        help_texts = {
            "default_model": _("A reference like openai/gpt-6-luna, for agents without a model of their own."),
            "credits_first": _("Use the site's own provider keys, for credits, before the workspace's."),
        }  # fmt: skip

    def __init__(self, *args: Any, may_spend: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_spend:
            del self.fields["credits_first"]


class NewWorkspaceForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"autofocus": True}))


class ConfirmForm(forms.Form):
    """The name of the workspace, typed."""

    confirm = forms.CharField(label=_("Type the workspace's name to confirm"), max_length=80)
    confirm.widget.attrs["autocomplete"] = "off"


class TransferForm(ConfirmForm):
    field_order = ("to", "confirm")

    to = forms.ChoiceField(label=_("New owner"))

    def __init__(self, *args: Any, members: Iterable[Membership], **options: Any) -> None:
        super().__init__(*args, **{"auto_id": "transfer-%s", **options})
        choices = [(member.user_id, f"{member.user.display_name} · {member.get_role_display()}") for member in members]
        self.fields["to"].choices = [("", _("Choose a member")), *choices]  # type: ignore[attr-defined]


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].choices = roles_for(actor)  # type: ignore[attr-defined]
        self.fields["role"].initial = Role.EDITOR


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


_LIFETIMES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("1 year")), ("", _("No end"))]


class TokenForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What it is for: “Nightly report”."))
    lifetime = AnsweredChoice(label=_("Ends after"), choices=_LIFETIMES, required=False, initial="90")
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=[(scope, scope) for scope in policies.SCOPES],
        widget=forms.CheckboxSelectMultiple,
        initial=["agents:read", "runs:read", "runs:run"],
    )

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class AuditForm(forms.Form):
    """The filters of the audit log. What cannot be understood filters nothing."""

    person = forms.UUIDField(required=False)
    action = forms.CharField(max_length=60, required=False)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
