"""The forms of a tool: its params as its type says them, when a person is asked, and what limits it has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django import forms
from django.forms import BoundField
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agent_app.definition.tool_checks import LONGEST_CALL, MOST_CALLS
from agent_app.definition_forms import parsed
from agent_app.expressions import check_expression
from agent_app.tool_fields import (
    PREFIX,
    Choice,
    Choices,
    Needed,
    Place,
    example_text,
    field_for,
    initial,
    places,
    read,
    value_of,
)
from agent_app.tool_words import APPROVALS, group_of
from agent_app.tools.integration import INTEGRATION
from agent_app.tools.oauth import return_address
from agent_app.tools.registry import WHEN_NAMES, ToolType
from community.files import staging

_ASKS: Choices = [
    ("never", _("Never: it is called at once")),
    ("always", _("Always: somebody decides about each call")),
    ("when", _("When a condition holds")),
]
_LIVE = {
    "placeholder": "arguments.amount > 100", "spellcheck": "false", "autocomplete": "off", "class": "field-code",
    "hx-get": reverse_lazy("agents:tool_condition"), "hx-target": "#condition", "hx-trigger": "input changed delay:300ms",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A field, what must be chosen elsewhere for it to mean something, and what there is to know about it."""

    bound: BoundField
    only: str = ""
    about: Any = ""


@dataclass(frozen=True)
class Section:
    """Fields that stand together. ``folded``: shown on request, or at once where something is set or wrong there."""

    title: Any
    rows: list[Row]
    folded: bool = False
    help: Any = ""

    @property
    def open(self) -> bool:
        return any(
            row.bound.errors or row.bound.value() not in (None, "", row.bound.field.initial) for row in self.rows
        )


class PolicyForm(forms.Form):
    """When a person is asked, how often and for how long it may be called, and whether at all."""

    approval = Choice(label=_("Ask before a call"), choices=_ASKS, initial="never", required=False)
    approval_when = Needed(
        label=_("Condition"), required=False, max_length=2000,
        help_text=_("It sees arguments, context, user and message. One that cannot be worked out asks as well."),
        widget=forms.TextInput(attrs=_LIVE),
    )  # fmt: skip
    max_calls = forms.IntegerField(
        label=_("Calls in a run, at most"), required=False, min_value=1, max_value=MOST_CALLS,
        help_text=_("Empty: no limit of its own."),
    )  # fmt: skip
    timeout_s = forms.IntegerField(
        label=_("Seconds for a call, at most"), required=False, min_value=1, max_value=LONGEST_CALL,
        help_text=_("Empty: the usual of its type."),
    )  # fmt: skip
    enabled = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "tool_%s", **kwargs})  # the page below its dialog has names of its own

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("approval") == "when":
            for problem in condition_problems(values.get("approval_when") or ""):
                self.add_error("approval_when", problem)
        return values

    def policy(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        asks: Any = cleaned.get("approval")
        if asks == "when":
            asks = {"when": cleaned["approval_when"].strip()}
        limits = {name: cleaned.get(name) for name in ("max_calls", "timeout_s", "enabled")}
        return limits | ({"approval": asks} if asks else {})

    def policy_sections(self) -> list[Section]:
        asks = [Row(self["approval"]), Row(self["approval_when"], "approval=when")]
        limits = [Row(self[name]) for name in ("max_calls", "timeout_s", "enabled")]
        return [Section(_("Approval"), asks), Section(_("Limits"), limits, folded=True)]


class ToolForm(PolicyForm):
    """``values()`` gives them as the services take them. ``tool`` is one as it is answered: with its secrets masked."""

    name = forms.CharField(
        label=_("Name"), max_length=64, help_text=_("What the model calls it: letters, digits, “_” and “-”."),
        widget=forms.TextInput(attrs={"placeholder": "order_lookup", "spellcheck": "false"}),
    )  # fmt: skip
    description = forms.CharField(
        label=_("When to use it"), required=False, max_length=2000, help_text=_("The model reads this to decide."),
        widget=forms.Textarea(attrs={"rows": 2, "class": "field-short", "placeholder": _("Looks an order up by its number.")}),
    )  # fmt: skip

    def __init__(
        self, *args: Any, kind: ToolType, choices: Mapping[str, Choices] = MappingProxyType({}),
        tool: Mapping[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        self.kind = kind
        self._places = places(kind)
        params = (tool or {}).get("params") or {}
        if tool is not None:
            given = {place.name: initial(place, params) for place in self._places}
            kwargs["initial"] = {**tool, **_asked(tool.get("approval")), **given}
        super().__init__(*args, **kwargs)
        for place in self._places:
            self.fields[place.name] = field_for(place, choices, params)
            if place.path == "file_id":
                self.fields[staging.FIELD] = forms.FileField(
                    label=_("Or upload it"), required=False, help_text=_("JSON or YAML, kept among the files.")
                )
        if page := self.fields.get(f"{PREFIX}auth.authorize_url"):
            page.help_text = _("Allow the site to come back to %(address)s.") % {"address": return_address()}
        most = max(LONGEST_CALL, kind.default_timeout_s)
        self.fields["timeout_s"] = forms.IntegerField(
            label=_("Seconds for a call, at most"), required=False, min_value=1, max_value=most,
            help_text=_("Empty: %(seconds)s.") % {"seconds": kind.default_timeout_s},
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        for place in self._places:
            try:
                values[place.name] = read(place, values.get(place.name))
            except forms.ValidationError as error:
                self.add_error(place.name, error)
        return values

    def values(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        params: dict[str, Any] = {}
        for place in self._places:
            value = value_of(place, cleaned.get(place.name))
            if value is not None and place.means_something(cleaned):
                *way, last = place.path.split(".")
                part = params
                for step in way:
                    part = part.setdefault(step, {})
                part[last] = value
        own = {name: cleaned.get(name) for name in ("name", "description")}
        return own | self.policy() | {"type": self.kind.name, "params": params}

    @property
    def sections(self) -> list[Section]:
        """As the page shows them: what nearly everybody fills in, groups with a heading, then what is folded away."""
        asks, limits = self.policy_sections()
        asks.rows.extend(self._row(place) for place in self._places if place.path == APPROVALS)
        return [*self.param_sections(), asks, limits]

    def param_sections(self) -> list[Section]:
        shown: dict[Any, list[Row]] = {"": [Row(self["name"]), Row(self["description"])]}
        more: list[Row] = []
        for place in self._places:
            if place.path == APPROVALS:
                continue
            if place.path == "file_id":
                shown[""].append(Row(self[staging.FIELD]))
            rows = more if place.words.more else shown.setdefault(group_of(place.path), [])
            rows.append(self._row(place))
        folded = [Section(_("More settings"), more, folded=True)] if more else []
        return [*(Section(title, rows) for title, rows in shown.items()), *folded]

    def _row(self, place: Place) -> Row:
        return Row(self[place.name], place.only, place.schema.get("description") if place.path == "code" else "")


class IntegrationForm(ToolForm):
    """The form of an integration is that of a tool, without what is about calls."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, kind=INTEGRATION, **kwargs)
        for name in list(self.fields):
            if name not in ("name", "description") and not name.startswith(PREFIX):
                del self.fields[name]
        self.fields["name"] = forms.CharField(label=_("Name"), max_length=64)
        self.fields["description"] = forms.CharField(label=_("Description"), required=False, max_length=500)

    def fields_of(self) -> dict[str, Any]:
        values = self.values()
        return {"name": values["name"], "description": values["description"], **values["params"]}

    @property
    def sections(self) -> list[Section]:
        return self.param_sections()


class AttachedForm(PolicyForm):
    """What an agent may have otherwise than the library."""

    def __init__(self, *args: Any, tool: Mapping[str, Any], **kwargs: Any) -> None:
        kwargs["initial"] = {**tool, **_asked(tool.get("approval"))}
        super().__init__(*args, **kwargs)
        for name in ("max_calls", "timeout_s"):
            self.fields[name].help_text = _("Empty: what the library says.")

    def values(self) -> dict[str, Any]:
        return self.policy()

    @property
    def sections(self) -> list[Section]:
        asks, limits = self.policy_sections()
        return [asks, Section(limits.title, limits.rows)]


def _asked(approval: Any) -> dict[str, str]:
    """A policy as the two fields of the form."""
    if isinstance(approval, Mapping):
        return {"approval": "when", "approval_when": str(approval.get("when") or "")}
    return {"approval": str(approval or "never"), "approval_when": ""}


def condition_problems(text: str) -> list[str]:
    """What is wrong with a condition; nothing where it can be used."""
    if not text.strip():
        return [gettext("Write a condition.")]
    return list(check_expression(text, WHEN_NAMES))


class TrialForm(forms.Form):
    """The arguments to try a tool out with."""

    function = forms.ChoiceField(label=_("Function"))
    arguments = forms.CharField(
        label=_("Arguments"), help_text=_("A JSON object."),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "field-code"}),
    )  # fmt: skip

    def __init__(self, *args: Any, functions: list[Any], **kwargs: Any) -> None:
        if functions:
            kwargs["initial"] = {"arguments": example_text(functions[0].parameters)}
        super().__init__(*args, **{"auto_id": "trial_%s", **kwargs})
        self.fields["function"].choices = _names(functions)  # type: ignore[attr-defined]
        if len(functions) == 1:
            self.fields["function"].widget = forms.HiddenInput()
            self.initial["function"] = functions[0].name

    def clean_arguments(self) -> dict[str, Any]:
        value = parsed(self.cleaned_data["arguments"])
        if not isinstance(value, dict):
            raise forms.ValidationError(_("This is a JSON object: it begins with { and ends with }."))
        return value


def _names(functions: Iterable[Any]) -> Choices:
    return [(each.name, each.name) for each in functions]
