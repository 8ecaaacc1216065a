"""The params of a type of tool as fields of a form, and back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agent_app.definition_forms import as_text, parsed
from agent_app.tool_words import Words, words_for
from agent_app.tools.registry import ToolType

PREFIX = "params."
_LONG = 300  # characters: from here on a text has several lines
Choices = Sequence[tuple[str, Any]]


class Choice(forms.ChoiceField):
    """One that always has an answer, so that no page calls it optional."""

    answered = True


class Needed(forms.CharField):
    """One that must be filled in wherever it is shown: also no page calls it optional."""

    answered = True


@dataclass(frozen=True)
class Place:
    """One param: where it stands, and what it must be."""

    path: str
    schema: Mapping[str, Any]
    required: bool
    secret: bool
    words: Words

    @property
    def name(self) -> str:
        return PREFIX + self.path

    @property
    def kind(self) -> str:
        kind = self.schema.get("type")
        if self.secret:
            return "string"  # its schema also has what stands for one that is there
        if self.words.pairs:
            return "pairs"
        if "enum" in self.schema or isinstance(kind, list) or kind is None:
            return "enum" if "enum" in self.schema else "json" if kind or "anyOf" in self.schema else "any"
        lines = kind == "array" and (self.schema.get("items") or {}).get("type") == "string"
        return "lines" if lines else "json" if kind in ("array", "object") else str(kind)

    @property
    def only(self) -> str:
        """What must be chosen elsewhere in the form for it to mean something, as the page's script reads it."""
        return " ".join(PREFIX + condition for condition in self.words.only)

    def means_something(self, chosen: Mapping[str, Any]) -> bool:
        return all(
            str(chosen.get(PREFIX + path) or "") in values.split("|")
            for path, _equals, values in (condition.partition("=") for condition in self.words.only)
        )


def places(kind: ToolType) -> list[Place]:
    """The params of a type that clients write, those of plain objects one by one."""
    return list(_places(kind, kind.params_schema, "", True))


def _places(kind: ToolType, schema: Mapping[str, Any], above: str, needed: bool) -> Iterator[Place]:
    required = set(schema.get("required") or ())
    for name, part in (schema.get("properties") or {}).items():
        path = f"{above}.{name}" if above else name
        plain = part.get("type") == "object" and part.get("properties") and part.get("additionalProperties") is False
        if part.get("readOnly"):
            continue
        if plain and not {"oneOf", "anyOf", "allOf"} & set(part):
            yield from _places(kind, part, path, needed and name in required)
        else:
            yield Place(path, part, needed and name in required, path in kind.secrets, words_for(kind.name, path))


def _at(path: str, params: Mapping[str, Any]) -> Any:
    value: Any = params
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def initial(place: Place, params: Mapping[str, Any]) -> Any:
    value = _at(place.path, params)
    if value is None or place.secret or value == (place.words.nothing or None):
        return None
    if (
        place.kind == "pairs"
        and isinstance(value, Mapping)
        and not any(isinstance(part, dict | list) for part in value.values())
    ):
        return "\n".join(f"{name}: {part}" for name, part in value.items())
    if place.kind == "any" and isinstance(value, str):
        return value
    if place.kind in ("json", "any", "pairs"):
        return as_text(value)
    return "\n".join(map(str, value)) if place.kind == "lines" else value


def read(place: Place, text: Any) -> Any:
    """What somebody wrote, as JSON where it must be. Raises ValidationError."""
    if place.secret or not isinstance(text, str) or not text.strip():
        return text
    if place.kind == "json" or (place.kind in ("any", "pairs") and text.lstrip()[0] in "{["):
        if place.kind == "any" and text.lstrip().startswith("{{"):
            return text  # a template
        return parsed(text)
    return _pairs(text) if place.kind == "pairs" else text


def _pairs(text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise forms.ValidationError(_("“%(line)s” is no name: value."), params={"line": line[:60]}, code="pair")
        found[name.strip()] = value.strip()
    return found


def value_of(place: Place, value: Any) -> Any:
    """As the params have it; None where it was left out."""
    if place.kind == "lines":
        return [line.strip() for line in (value or "").splitlines() if line.strip()] or None
    if place.kind == "enum" and value:
        return next((each for each in place.schema["enum"] if str(each) == value), value)
    if place.kind == "boolean":
        return bool(value)
    return None if value in ("", None) else value


def field_for(place: Place, choices: Mapping[str, Choices], params: Mapping[str, Any]) -> forms.Field:
    """The field of a param. ``params``: what is saved, with its secrets masked."""
    schema, words = place.schema, place.words
    common: dict[str, Any] = {
        "label": words.label or schema.get("title") or place.path.rpartition(".")[2].replace("_", " ").capitalize(),
        "help_text": words.help or (not words.label and schema.get("description")) or "", "required": place.required and not place.secret,
    }  # fmt: skip
    if place.secret:
        return _secret(place, common, params)
    if place.path in choices:
        empty: Choices = [] if place.required else [("", words.empty)]
        return (forms.ChoiceField if place.required else Choice)(**common, choices=[*empty, *choices[place.path]])
    if place.kind == "enum":
        return _choice(place, common)
    if place.kind == "boolean":
        return forms.BooleanField(**{**common, "required": False}, initial=schema.get("default", False))
    if place.kind in ("integer", "number"):
        limits: dict[str, Any] = {
            name: schema.get(key)
            for name, key in (("min_value", "minimum"), ("max_value", "maximum"), ("initial", "default"))
        }
        made = forms.IntegerField if place.kind == "integer" else forms.FloatField
        return made(**common, **limits)
    return _text(place, common)


def _secret(place: Place, common: dict[str, Any], params: Mapping[str, Any]) -> forms.Field:
    saved = _at(place.path, params)
    hint = saved.get("hint") if isinstance(saved, Mapping) else ""
    if hint:
        common["help_text"] = _("Set, ending in %(hint)s. Empty: it stays.") % {"hint": hint}
    widget = forms.PasswordInput(attrs={"autocomplete": "off"})
    made = Needed if place.words.needed else forms.CharField
    return made(**common, max_length=16_000, widget=widget, strip=False)


def _choice(place: Place, common: dict[str, Any]) -> forms.Field:
    words, default = place.words, place.schema.get("default")
    names = words.choices or {}
    choices: list[tuple[str, Any]] = [
        (str(each), names.get(str(each), str(each))) for each in place.schema["enum"] if str(each) != words.nothing
    ]
    sure = place.required or default is not None or (bool(words.only) and words.choices is not None)
    if (words.nothing and not place.required) or not sure:
        choices.insert(0, ("", words.empty))
    made = Choice if words.nothing or sure else forms.ChoiceField
    return made(**common, choices=choices, initial=default)


def _text(place: Place, common: dict[str, Any]) -> forms.Field:
    schema, words = place.schema, place.words
    made = Needed if words.needed else forms.CharField
    attributes: dict[str, Any] = {"placeholder": words.example} if words.example else {}
    code = words.code or place.kind in ("json", "pairs", "any")
    shapes = [name for name, wanted in (("field-code", code), ("field-short", 0 < words.rows < 4)) if wanted]
    long = {**attributes, "spellcheck": "false", "class": " ".join(shapes)} if shapes else attributes
    if place.kind in ("lines", "pairs", "json", "any"):
        common["help_text"] = common["help_text"] or (_("One a line.") if place.kind == "lines" else _("JSON."))
        widget = forms.Textarea(attrs={**long, "rows": words.rows or 3})
        return made(**common, widget=widget)
    most = schema.get("maxLength")
    if not words.rows and (
        place.path.endswith("url") or words.label or schema.get("format") or (most is not None and most <= _LONG)
    ):
        line = forms.TextInput(attrs=attributes)
        return made(**common, max_length=most or 2000, initial=schema.get("default"), widget=line)
    area = forms.Textarea(attrs={**long, "rows": words.rows or 6})
    return forms.CharField(
        **common, max_length=most or 100_000, widget=area, strip=False, initial=schema.get("default")
    )


def example(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Something to begin with: every property that must be there, empty."""
    empty: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}
    properties = schema.get("properties") or {}
    wanted = schema.get("required") or list(properties)
    return {name: empty.get(str((properties.get(name) or {}).get("type")), "") for name in wanted}


def example_text(schema: Mapping[str, Any]) -> str:
    return json.dumps(example(schema), indent=2, ensure_ascii=False)
