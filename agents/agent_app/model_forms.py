"""What the pages about models accept."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agent_app import provider_types
from agent_app.models import KeyPurpose, KeyScope, Provider
from config.lib.errors import AppError

API_LABELS = {
    "chat_completions": "Chat Completions", "responses": "Responses", "messages": "Messages (Anthropic)", "images": _("Pictures"),
}  # fmt: skip


class ProviderForm(forms.Form):
    """A provider. An empty key on a change keeps the old one."""

    type = forms.ChoiceField(label=_("Kind"), choices=provider_types.LABELS, initial="custom")
    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("The first part of a model reference: name/model.")
    )
    base_url = forms.URLField(
        label=_("Address"), required=False, max_length=300, assume_scheme="https",
        help_text=_("Ends with /v1. Empty: the provider's own."),
    )  # fmt: skip
    api_key = forms.CharField(
        label=_("Key"), required=False, max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}), help_text=_("Stored encrypted, never shown again."),
    )  # fmt: skip
    models = forms.CharField(
        label=_("Models"), required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text=_("One model id a line.")
    )
    default_model = forms.CharField(label=_("Default model"), required=False, max_length=200)
    test = forms.BooleanField(label=_("Add it only if it answers"), required=False)

    def clean_models(self) -> list[str]:
        return list(dict.fromkeys(line.strip() for line in self.cleaned_data["models"].splitlines() if line.strip()))[
            :200
        ]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if "/" in name:
            raise forms.ValidationError(_("A name has no slash."))
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("models") and not values.get("default_model"):
            self.add_error("models", _("Name at least one model."))
        return values


class ProviderEditForm(ProviderForm):
    """A configured provider. Its kind stays; an empty key keeps the old one. ``changes()`` is what ``provider_update`` takes."""

    organization_id = forms.CharField(label=_("Organization"), required=False, max_length=100)
    api = forms.ChoiceField(
        label=_("API"), required=False,
        help_text=_("How it is spoken to. As usual: as the catalogue knows of each model, else as its kind does."),
    )  # fmt: skip
    remove_key = forms.BooleanField(label=_("Delete the kept key"), required=False)
    field_order = [
        "name",
        "base_url",
        "api_key",
        "remove_key",
        "organization_id",
        "api",
        "models",
        "default_model",
        "test",
    ]

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "name": provider.name, "base_url": provider.base_url, "organization_id": provider.organization_id,
            "api": provider.additional_config.get("api", ""), "models": "\n".join(provider.model_ids),
            "default_model": provider.default_model,
        }  # fmt: skip
        super().__init__(*args, **kwargs)
        self.provider = provider
        del self.fields["type"]
        spoken = [(api, API_LABELS[api]) for api in provider_types.info(provider.type).apis]
        self.fields["api"].choices = [("", _("As usual")), *spoken]  # type: ignore[attr-defined]
        self.fields["test"].label = _("Save only if it answers")
        if provider.api_key_encrypted:
            self.fields["api_key"].help_text = _("%(hint)s is kept. Empty: it stays.") % {"hint": provider.api_key_hint}
        else:
            del self.fields["remove_key"]

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("remove_key") and values.get("api_key"):
            self.add_error("remove_key", _("A new key takes the place of the old one: leave this off."))
        return values

    def changes(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        removed, api = values.pop("remove_key", False), values.pop("api")
        if not values["api_key"] and not removed:
            del values["api_key"]
        config = {name: value for name, value in self.provider.additional_config.items() if name != "api"}
        return values | {"additional_config": config | ({"api": api} if api else {})}


class KeyForm(forms.Form):
    """A key for a type of provider, or for one that is configured."""

    provider = forms.ChoiceField(label=_("Provider"))
    api_key = forms.CharField(
        label=_("Key"), max_length=500, widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted, never shown again."),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), required=False, max_length=60)
    scope = forms.ChoiceField(label=_("Whose"), choices=KeyScope.choices, initial=KeyScope.USER)
    purpose = forms.ChoiceField(
        label=_("For"), choices=KeyPurpose.choices, initial=KeyPurpose.MODEL,
        help_text=_("Tracing: what the workspace's runs do and say is also sent to OpenAI's traces, with this key of it."),
    )  # fmt: skip
    skip_test = forms.BooleanField(label=_("Do not try it first"), required=False)

    def __init__(self, *args: Any, providers: list[tuple[str, Any]], may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(slug, label) for slug, label in provider_types.LABELS if provider_types.default_base_url(slug)]
        searches = [(slug, found.label) for slug, found in provider_types.SEARCH_TYPES.items()]
        self.fields["provider"].choices = [*known, *providers, *searches]  # type: ignore[attr-defined]
        if not may_share:
            self.fields["scope"].choices = KeyScope.choices[:1]  # type: ignore[attr-defined]


class ModelForm(forms.Form):
    """One more model of a provider."""

    provider_id = forms.ChoiceField(label=_("Provider"))
    model = forms.CharField(label=_("Model id"), max_length=200, help_text=_("As the provider calls it."))

    def __init__(self, *args: Any, providers: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["provider_id"].choices = providers  # type: ignore[attr-defined]


def add_errors(form: forms.BaseForm, error: AppError) -> None:
    """Put what a service has against the input beside the fields it is about."""
    known = {name: texts for name, texts in error.errors.items() if name in form.fields}
    for name, texts in known.items():
        form.add_error(name, texts)
    if not known:
        form.add_error(None, error.detail)
