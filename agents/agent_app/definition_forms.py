"""Forms of an agent's parts."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agent_app.definition import checks
from agent_app.models import Agent
from config.lib.errors import InvalidInput
from config.lib.http import parse_json

_FILTERS = [
    ("all", _("The whole conversation")),
    ("last_n", _("The last messages")),
    ("remove_tools", _("All without tool calls")),
    ("summary", _("A summary")),
]


def parsed(text: str) -> Any:
    """JSON that somebody wrote; None where nothing. Raises ValidationError with the line."""
    if not text.strip():
        return None
    try:
        json.loads(text)  # it knows the line
        return parse_json(text.encode())
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise forms.ValidationError(
            _("This is not JSON: look at line %(line)s."), params={"line": line}, code="json"
        ) from error
    except InvalidInput as error:
        raise forms.ValidationError(error.detail, code="json") from error


def as_text(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)


class HandoffForm(forms.Form):
    """``values()`` gives them as ``part_add`` and ``part_replace`` take them."""

    target_agent_id = forms.ChoiceField(label=_("Hand over to"))
    tool_name = forms.CharField(
        label=_("Tool name"), required=False, max_length=64, help_text=_("What the model calls it. Empty: transfer_to_ and the name.")
    )  # fmt: skip
    tool_description = forms.CharField(
        label=_("When to hand over"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The model reads this to decide."),
    )  # fmt: skip
    filter = forms.ChoiceField(label=_("What goes along"), choices=_FILTERS)
    last_n = forms.IntegerField(label=_("How many messages"), required=False, min_value=1, max_value=1000)
    enabled_when = forms.CharField(
        label=_("Only when"), required=False, max_length=2000,
        help_text=_("A condition such as context.plan == \"pro\". Empty: always."),
    )  # fmt: skip
    payload_schema = forms.CharField(
        label=_("Payload"), required=False, widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("A JSON Schema of what the model must say when it hands over."),
    )  # fmt: skip

    def __init__(self, *args: Any, agents: list[Agent], handoff: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if handoff is not None:
            chosen = handoff["input_filter"]
            kwargs["initial"] = handoff | {
                "filter": "last_n" if isinstance(chosen, dict) else chosen,
                "last_n": chosen["n"] if isinstance(chosen, dict) else None,
                "payload_schema": as_text(handoff["payload_schema"]),
            }
        super().__init__(*args, **kwargs)
        self.fields["target_agent_id"].choices = [(str(agent.id), agent.name) for agent in agents]  # type: ignore[attr-defined]

    def clean_payload_schema(self) -> Any:
        return parsed(self.cleaned_data["payload_schema"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("filter") == "last_n" and not values.get("last_n"):
            self.add_error("last_n", _("Say how many."))
        return values

    def values(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        number, chosen = values.pop("last_n"), values.pop("filter")
        return values | {"input_filter": {"type": "last_n", "n": number} if chosen == "last_n" else chosen}


class ContextForm(forms.Form):
    """Named values that instructions can use."""

    name = forms.CharField(label=_("Name"), max_length=80)
    content = forms.CharField(
        label=_("Values"), widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=_("A JSON object. “shop” is {{ context.shop }} in the instructions."),
    )  # fmt: skip
    is_default = forms.BooleanField(label=_("Use it where a run names no context"), required=False)

    def __init__(self, *args: Any, context: dict[str, Any] | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = context | {"content": as_text(context["content"])} if context else {"content": "{}"}
        super().__init__(*args, **{"auto_id": "context_%s", **kwargs})  # the page below its dialog has names of its own

    def clean_content(self) -> dict[str, Any]:
        content = parsed(self.cleaned_data["content"])
        if not isinstance(content, dict):
            raise forms.ValidationError(_("This is a JSON object: it begins with { and ends with }."))
        return content


class PublishForm(forms.Form):
    notes = forms.CharField(
        label=_("What is new"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    with_targets = forms.BooleanField(label=_("Also publish the changed agents that it hands over to"), required=False)


class ImportForm(forms.Form):
    """An export as a file or as text."""

    file = forms.FileField(label=_("File"), required=False)
    document = forms.CharField(
        label=_("Or its content"), required=False, max_length=2_000_000, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if (file := values.get("file")) is not None:
            if file.size > 2_000_000:
                raise forms.ValidationError(_("An export has at most 2 MB."))
            try:
                values["document"] = file.read().decode()
            except UnicodeDecodeError as error:
                raise forms.ValidationError(_("This file is not an export of agents.")) from error
        if not values.get("document"):
            raise forms.ValidationError(_("Choose a file, or paste its content."))
        values["parsed"] = parsed(values["document"])
        return values


def history_of(policy: str, number: int | None) -> dict[str, Any]:
    """A history policy from the builder's two fields. Raises ValidationError."""
    name = {"last_n": "n", "token_budget": "tokens"}.get(policy)
    history: dict[str, Any] = {"policy": policy} | ({name: number} if name else {})
    if problems := checks.history_problems(history):
        raise forms.ValidationError(problems)
    return history
