"""The form of a tool, drawn from what its type says of its params."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agent_app.definition.tool_checks import LONGEST_CALL, MOST_CALLS
from agent_app.definition_forms import as_text, parsed
from agent_app.tools.integration import INTEGRATION
from agent_app.tools.registry import ToolType
from community.files import staging

_PREFIX = "params."
_LONG = 300  # characters: from here on a text has several lines
Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Place:
    """One param: where it stands, and what it must be."""

    path: str
    schema: Mapping[str, Any]
    required: bool
    secret: bool

    @property
    def name(self) -> str:
        return _PREFIX + self.path

    @property
    def kind(self) -> str:
        kind = self.schema.get("type")
        if self.secret:
            return "string"  # its schema also has what stands for one that is there
        if "enum" in self.schema or isinstance(kind, list) or kind is None:
            return "enum" if "enum" in self.schema else "json"
        lines = kind == "array" and (self.schema.get("items") or {}).get("type") == "string"
        return "lines" if lines else "json" if kind in ("array", "object") else str(kind)


def places(kind: ToolType) -> list[Place]:
    """The params of a type, those of plain objects one by one."""
    return list(_places(kind.params_schema, "", kind.secrets, True))


def _places(schema: Mapping[str, Any], above: str, secrets: tuple[str, ...], needed: bool) -> Iterator[Place]:
    required = set(schema.get("required") or ())
    for name, part in (schema.get("properties") or {}).items():
        path = f"{above}.{name}" if above else name
        plain = part.get("type") == "object" and part.get("properties") and part.get("additionalProperties") is False
        if plain and not {"oneOf", "anyOf", "allOf"} & set(part):
            yield from _places(part, path, secrets, needed and name in required)
        else:
            yield Place(path, part, needed and name in required, path in secrets)


class ToolForm(forms.Form):
    """``values()`` gives them as the services take them. ``tool`` is one as it is answered: with its secrets masked."""

    name = forms.CharField(
        label=_("Name"), max_length=64, help_text=_("What the model calls it: letters, digits, “_” and “-”.")
    )
    description = forms.CharField(
        label=_("When to use it"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The model reads this to decide."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, kind: ToolType, choices: Mapping[str, Choices] = MappingProxyType({}),
        tool: Mapping[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        self.kind = kind
        self._places = places(kind)
        params = (tool or {}).get("params") or {}
        if tool is not None:
            kwargs["initial"] = {**tool, **{place.name: _initial(place, params) for place in self._places}}
        super().__init__(*args, **kwargs)
        for place in self._places:
            self.fields[place.name] = _field(place, choices, params)
            if place.path == "file_id":
                self.fields[staging.FIELD] = forms.FileField(
                    label=_("Or upload it"), required=False, help_text=_("JSON or YAML, kept among the files.")
                )
        self.fields["max_calls"] = forms.IntegerField(
            label=_("Calls in a run, at most"), required=False, min_value=1, max_value=MOST_CALLS,
            help_text=_("Empty: no limit of its own."),
        )  # fmt: skip
        self.fields["timeout_s"] = forms.IntegerField(
            label=_("Seconds for a call, at most"), required=False, min_value=1,
            max_value=max(LONGEST_CALL, kind.default_timeout_s), help_text=_("Empty: the usual of its type."),
        )  # fmt: skip
        self.fields["enabled"] = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for place in self._places:
            text = values.get(place.name)
            if place.kind == "json" and text:
                try:
                    values[place.name] = parsed(text)
                except forms.ValidationError as error:
                    self.add_error(place.name, error)
        return values

    def values(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        params: dict[str, Any] = {}
        for place in self._places:
            if (value := _value(place, cleaned.get(place.name))) is not None:
                *way, last = place.path.split(".")
                part = params
                for step in way:
                    part = part.setdefault(step, {})
                part[last] = value
        names = ("name", "description", "max_calls", "timeout_s", "enabled")
        return {name: cleaned.get(name) for name in names} | {"type": self.kind.name, "params": params}


def _initial(place: Place, params: Mapping[str, Any]) -> Any:
    value: Any = params
    for step in place.path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None or place.secret:
        return None
    if place.kind == "json":
        return as_text(value)
    return "\n".join(map(str, value)) if place.kind == "lines" else value


def _hint(place: Place, params: Mapping[str, Any]) -> str:
    value: Any = params
    for step in place.path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return str(value.get("hint") or "") if isinstance(value, Mapping) else ""


def _field(place: Place, choices: Mapping[str, Choices], params: Mapping[str, Any]) -> forms.Field:
    schema = place.schema
    common: dict[str, Any] = {
        "label": schema.get("title") or place.path.rpartition(".")[2].replace("_", " ").capitalize(),
        "help_text": schema.get("description") or "", "required": place.required and not place.secret,
    }  # fmt: skip
    if place.secret:
        hint = _hint(place, params)
        if hint:
            common["help_text"] = _("Set, ending in %(hint)s. Empty: it stays.") % {"hint": hint}
        widget = forms.PasswordInput(attrs={"autocomplete": "off"})
        return forms.CharField(**common, max_length=16_000, widget=widget, strip=False)
    if place.path in choices:
        empty: list[tuple[str, str]] = [] if place.required else [("", "–")]
        return forms.ChoiceField(**common, choices=[*empty, *choices[place.path]])
    if place.kind == "enum":
        none = [] if place.required else [("", "–")]
        return forms.ChoiceField(**common, choices=[*none, *((str(each), str(each)) for each in schema["enum"])])
    if place.kind == "boolean":
        return forms.BooleanField(**{**common, "required": False}, initial=schema.get("default", False))
    if place.kind in ("integer", "number"):
        limits: dict[str, Any] = {
            "min_value": schema.get("minimum"),
            "max_value": schema.get("maximum"),
            "initial": schema.get("default"),
        }
        made = forms.IntegerField if place.kind == "integer" else forms.FloatField
        return made(**common, **limits)
    return _text_field(place, common)


def _text_field(place: Place, common: dict[str, Any]) -> forms.Field:
    schema = place.schema
    if place.kind == "lines":
        common["help_text"] = common["help_text"] or _("One a line.")
        return forms.CharField(**common, widget=forms.Textarea(attrs={"rows": 3}))
    if place.kind == "json":
        common["help_text"] = common["help_text"] or _("JSON.")
        return forms.CharField(**common, widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}))
    most = schema.get("maxLength")
    if place.path.endswith("url") or (most is not None and most <= _LONG):
        return forms.CharField(**common, max_length=most or 2000, initial=schema.get("default"))
    if most is None and schema.get("format") in ("uri", "uuid", "email"):
        return forms.CharField(**common, max_length=2000)
    rows = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})
    return forms.CharField(
        **common, max_length=most or 100_000, widget=rows, strip=False, initial=schema.get("default")
    )


def _value(place: Place, value: Any) -> Any:
    """As the params have it; None where it was left out."""
    if place.kind == "lines":
        return [line.strip() for line in (value or "").splitlines() if line.strip()] or None
    if place.kind == "enum" and value:
        return next((each for each in place.schema["enum"] if str(each) == value), value)
    if place.kind == "boolean":
        return bool(value)
    return None if value in ("", None) else value


class IntegrationForm(ToolForm):
    """The form of an integration is that of a tool, without what is about calls."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, kind=INTEGRATION, **kwargs)
        for name in list(self.fields):
            if name not in ("name", "description") and not name.startswith(_PREFIX):
                del self.fields[name]
        self.fields["name"].help_text = ""
        self.fields["description"] = forms.CharField(label=_("Description"), required=False, max_length=500)

    def fields_of(self) -> dict[str, Any]:
        values = self.values()
        return {"name": values["name"], "description": values["description"], **values["params"]}


class AttachedForm(forms.Form):
    """What an agent may have otherwise than the library."""

    max_calls = forms.IntegerField(
        label=_("Calls in a run, at most"), required=False, min_value=1, max_value=MOST_CALLS, help_text=_("Empty: what the library says.")
    )  # fmt: skip
    timeout_s = forms.IntegerField(label=_("Seconds for a call, at most"), required=False, min_value=1)
    enabled = forms.BooleanField(label=_("In use"), required=False, initial=True)


class TrialForm(forms.Form):
    """The arguments to try a tool out with."""

    function = forms.ChoiceField(label=_("Function"))
    arguments = forms.CharField(
        label=_("Arguments"), widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}), help_text=_("A JSON object.")
    )  # fmt: skip

    def __init__(self, *args: Any, functions: list[Any], **kwargs: Any) -> None:
        if functions:
            kwargs["initial"] = {
                "arguments": json.dumps(example(functions[0].parameters), indent=2, ensure_ascii=False)
            }
        super().__init__(*args, **kwargs)
        self.fields["function"].choices = [(each.name, each.name) for each in functions]  # type: ignore[attr-defined]

    def clean_arguments(self) -> dict[str, Any]:
        value = parsed(self.cleaned_data["arguments"])
        if not isinstance(value, dict):
            raise forms.ValidationError(_("This is a JSON object: it begins with { and ends with }."))
        return value


def example(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Something to begin with: every property that must be there, empty."""
    empty: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}
    properties = schema.get("properties") or {}
    wanted = schema.get("required") or list(properties)
    return {name: empty.get(str((properties.get(name) or {}).get("type")), "") for name in wanted}
