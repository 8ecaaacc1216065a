"""What pages accept."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agent_app import output_types, provider_types
from agent_app.definition_forms import as_text, history_of, parsed
from agent_app.models import Agent, KeyPurpose, KeyScope
from config.lib.errors import AppError

_POLICIES = [
    ("all", _("The whole conversation")),
    ("last_n", _("The last messages")),
    ("token_budget", _("As much as fits a number of tokens")),
    ("summarise", _("A summary of what is older")),
]
_EFFORTS = [
    ("", _("The model's own")), ("minimal", _("Minimal")), ("low", _("Low")), ("medium", _("Medium")), ("high", _("High")),
]  # fmt: skip
_SETTINGS = ("temperature", "top_p", "max_tokens", "reasoning_effort")


class AgentForm(forms.Form):
    """The builder. ``changes()`` gives the values as ``agent_update`` takes them."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("Description"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    instructions = forms.CharField(
        label=_("Instructions"),
        required=False,
        max_length=100_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14}),
    )
    starters = forms.CharField(
        label=_("Conversation starters"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line, up to eight. They are offered in an empty chat."),
    )  # fmt: skip
    tags = forms.CharField(label=_("Tags"), required=False, help_text=_("Separated by commas."))
    model = forms.CharField(label=_("Model"), required=False, max_length=200)
    temperature = forms.FloatField(
        label=_("Temperature"), required=False, min_value=0, max_value=2, help_text=_("0 is steady, 2 is wild. Empty: the model's own."),
        widget=forms.NumberInput(attrs={"step": "0.1"}),
    )  # fmt: skip
    top_p = forms.FloatField(
        label=_("Top p"), required=False, min_value=0, max_value=1, widget=forms.NumberInput(attrs={"step": "0.05"})
    )
    max_tokens = forms.IntegerField(label=_("Longest answer, tokens"), required=False, min_value=1, max_value=1_000_000)

    reasoning_effort = forms.ChoiceField(label=_("Reasoning effort"), required=False, choices=_EFFORTS)
    fallback_models = forms.CharField(
        label=_("If it fails, then"), required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Other models in order, one a line, as provider/model."),
    )  # fmt: skip
    history_policy = forms.ChoiceField(label=_("Memory"), required=False, choices=_POLICIES)
    history_number = forms.IntegerField(label=_("How many messages or tokens"), required=False, min_value=1)
    handoff_description = forms.CharField(
        label=_("When others hand over to this agent"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Other agents read this to decide whether to hand over."),
    )  # fmt: skip
    output_type = forms.CharField(
        label=_("Output type"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_("A JSON Schema that every answer must fit. Empty: text."),
    )  # fmt: skip

    def __init__(self, *args: Any, agent: Agent, **kwargs: Any) -> None:
        kwargs["initial"] = _initial(agent)
        super().__init__(*args, **kwargs)
        self.agent = agent
        if self.is_bound and "name" not in self.data:
            self.fields["name"].required = False  # one section is saved; the name stays

    def clean_starters(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["starters"].splitlines() if line.strip()]
        if len(lines) > 8:
            raise forms.ValidationError(_("At most eight starters."))
        if any(len(line) > 300 for line in lines):
            raise forms.ValidationError(_("A starter has at most 300 characters."))
        return lines

    def clean_tags(self) -> list[str]:
        tags = list(dict.fromkeys(tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()))
        if len(tags) > 20 or any(len(tag) > 40 for tag in tags):
            raise forms.ValidationError(_("At most 20 tags of 40 characters."))
        return tags

    def clean_fallback_models(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["fallback_models"].splitlines() if line.strip()]
        if len(lines) > 5 or any(len(line) > 200 for line in lines):
            raise forms.ValidationError(_("At most five models."))
        return list(dict.fromkeys(lines))

    def clean_output_type(self) -> Any:
        value = parsed(self.cleaned_data["output_type"])
        if problems := output_types.check(value):
            raise forms.ValidationError(problems)
        return value

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "history_policy" in self.data:
            try:
                values["history"] = history_of(values.get("history_policy") or "all", values.get("history_number"))
            except forms.ValidationError as error:
                self.add_error("history_number", error)
        return values

    def changes(self) -> dict[str, Any]:
        """Only the fields that were sent, so that saving one section leaves the others alone."""
        sent = {name: value for name, value in self.cleaned_data.items() if name in self.data}
        if sent.pop("history_policy", None) is not None:
            sent["history"] = self.cleaned_data["history"]
        sent.pop("history_number", None)
        settings = {name: sent.pop(name) for name in _SETTINGS if name in sent}
        if settings:
            merged = self.agent.model_settings | settings
            sent["model_settings"] = {name: value for name, value in merged.items() if value not in (None, "")}
        return sent


def _initial(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "description": agent.description,
        "instructions": agent.instructions,
        "starters": "\n".join(agent.starters),
        "tags": ", ".join(agent.tags),
        "model": agent.model,
        "fallback_models": "\n".join(agent.fallback_models),
        "history_policy": agent.history["policy"],
        "history_number": agent.history.get("n") or agent.history.get("tokens"),
        "handoff_description": agent.handoff_description,
        "output_type": as_text(agent.output_type),
        **{name: agent.model_settings.get(name) for name in _SETTINGS},
    }


class BulkForm(forms.Form):
    """Agents ticked in the list and what to do with them; ``confirmed`` once the person has seen what depends on them."""

    action = forms.ChoiceField(choices=[(name, name) for name in ("archive", "restore", "delete")])
    confirmed = forms.BooleanField(required=False)
    ids = forms.TypedMultipleChoiceField(coerce=str, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = self.data.getlist("ids") if hasattr(self.data, "getlist") else []
        self.fields["ids"].choices = [(value, value) for value in given]  # type: ignore[attr-defined]


class ConversationForm(forms.Form):
    """Another name for a conversation."""

    title = forms.CharField(label=_("Name"), max_length=120)


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


class KeyForm(forms.Form):
    """A key for a type of provider, or for one that is configured."""

    provider = forms.ChoiceField(label=_("Provider"))
    api_key = forms.CharField(
        label=_("Key"), max_length=500, widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted, never shown again."),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), required=False, max_length=60)
    scope = forms.ChoiceField(label=_("Whose"), choices=KeyScope.choices, initial=KeyScope.USER)
    purpose = forms.ChoiceField(label=_("For"), choices=KeyPurpose.choices, initial=KeyPurpose.MODEL)
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
