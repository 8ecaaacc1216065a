"""The form of a guardrail: what all have, and what its kind says in its schema."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agent_app.definition_forms import as_text, parsed
from agent_app.guardrails.registry import Kind
from agent_app.models import Agent, GuardrailAction, GuardrailMode, GuardrailStage

_MODES = [
    (GuardrailMode.BLOCKING, _("First: what follows waits for it")),
    (GuardrailMode.PARALLEL, _("At the same time: faster, and what has begun is ended when it trips")),
]
_ACTIONS = [
    (GuardrailAction.BLOCK, _("Block, with a message")), (GuardrailAction.REPLACE, _("Replace the whole text")),
    (GuardrailAction.REDACT, _("Take out what was found")), (GuardrailAction.WARN, _("Only say so")),
]  # fmt: skip
_LONG = {"code", "pattern"}
_WORDS = {
    "block": _("It does not pass"), "pass": _("It passes"), "email": _("E-mail addresses"), "phone": _("Telephone numbers"),
    "card": _("Cards"), "iban": _("IBANs"), "key": _("Keys"),
}  # fmt: skip


class GuardrailForm(forms.Form):
    """``values()`` gives them as ``part_add`` and ``part_replace`` take them."""

    name = forms.CharField(label=_("Name"), max_length=80)
    type = forms.ChoiceField(label=_("What is checked"), choices=GuardrailStage.choices)

    def __init__(
        self, *args: Any, kind: Kind, agents: list[Agent], guardrail: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        self.kind = kind
        config = guardrail["config"] if guardrail else {}
        kwargs["initial"] = {"name": kind.label, "enabled": True} if guardrail is None else dict(guardrail)
        super().__init__(*args, **{"auto_id": "guardrail_%s", **kwargs})  # the builder has names of its own
        for name, part in {**kind.properties, **{name: {"type": "secret"} for name in kind.secrets}}.items():
            self.fields[_field(name)] = _made(name, part, agents)
            self.initial[_field(name)] = _initial(part, config.get(name, part.get("default")))
        actions = [choice for choice in _ACTIONS if kind.finds or choice[0] != GuardrailAction.REDACT]
        self.fields["action"] = forms.ChoiceField(label=_("When it trips"), choices=actions)
        self.fields["mode"] = forms.ChoiceField(label=_("When it runs"), choices=_MODES)
        self.fields["config_message"] = forms.CharField(
            label=_("Message"),
            required=False,
            max_length=1000,
            help_text=_("What people read when it blocks. Empty: a usual one."),
        )
        self.fields["config_replacement"] = forms.CharField(
            label=_("What stands there instead"),
            required=False,
            max_length=10_000,
            help_text=_("For replacing and taking out."),
        )
        self.fields["config_tools"] = Lines(
            label=_("Only for these tools"), required=False, help_text=_("Their names, one a line. Empty: for all.")
        )
        self.initial["config_tools"] = "\n".join(config.get("tools") or [])
        self.initial.update({_field(name): config.get(name, "") for name in ("message", "replacement")})
        self.fields["enabled"] = forms.BooleanField(label=_("In use"), required=False)

    def values(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        config = {name.removeprefix("config_"): given.pop(name) for name in list(given) if name.startswith("config_")}
        kept = {
            name: value
            for name, value in config.items()
            if value not in (None, "", [], False) or self._says_no(name, value)
        }
        return {**given, "implementation": self.kind.name, "config": kept}

    def _says_no(self, name: str, value: Any) -> bool:
        """A switch that is off where on is usual."""
        return value is False and bool(self.kind.properties.get(name, {}).get("default"))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name, part in self.kind.properties.items():
            if part.get("type") == "object" and isinstance(values.get(_field(name)), str):
                try:
                    values[_field(name)] = parsed(values[_field(name)])
                except forms.ValidationError as error:
                    self.add_error(_field(name), error)
        return values


class Lines(forms.CharField):
    """A list, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(initial) != self.to_python(data))


class TrialForm(forms.Form):
    """A text to try."""

    text = forms.CharField(
        label=_("Text"), max_length=200_000, strip=False, widget=forms.Textarea(attrs={"rows": 6})
    )  # fmt: skip
    type = forms.ChoiceField(
        label=_("What it is"), required=False, choices=[("", _("Anything")), *GuardrailStage.choices]
    )


def _field(name: str) -> str:
    return f"config_{name}"


def _initial(part: Mapping[str, Any], value: Any) -> Any:
    if part.get("type") == "object":
        return as_text(value)
    if part.get("type") == "array" and "enum" not in part["items"]:
        return "\n".join(value or [])
    return value


def _made(name: str, part: Mapping[str, Any], agents: list[Agent]) -> forms.Field:
    """The field for one property. What may stand in it the schema knows: here it is only read."""
    label = part.get("title") or name.replace("_", " ").capitalize()
    kind = part.get("type")
    if name == "agent_id":
        return forms.ChoiceField(label=label, choices=[(str(agent.id), agent.name) for agent in agents])
    if kind == "secret":
        return forms.CharField(
            label=_("Secret"), required=False, max_length=500, widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
            help_text=_("Stored encrypted, never shown again. Empty: as it is."),
        )  # fmt: skip
    if kind == "boolean":
        return forms.BooleanField(label=label, required=False)
    if kind == "integer":
        return forms.IntegerField(
            label=label, required=False, min_value=part.get("minimum"), max_value=part.get("maximum")
        )
    if kind == "number":
        return forms.FloatField(
            label=label, required=False, min_value=part.get("minimum"), max_value=part.get("maximum")
        )
    if kind == "array" and "enum" in part["items"]:
        return forms.MultipleChoiceField(
            label=label, required=False, choices=[(value, _WORDS.get(value, value)) for value in part["items"]["enum"]],
            help_text=_("None chosen: all of them."),
        )  # fmt: skip
    if kind == "array":
        return Lines(label=label, required=False)
    if "enum" in part:
        return forms.ChoiceField(
            label=label, required=False, choices=[(value, _WORDS.get(value, value)) for value in part["enum"]]
        )
    area = forms.Textarea(attrs={"rows": 8 if name == "code" else 4, "spellcheck": "false"})
    widget = area if kind == "object" or name in _LONG else None
    return forms.CharField(label=label, required=False, strip=False, max_length=part.get("maxLength"), widget=widget)
