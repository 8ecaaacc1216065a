"""What pages accept."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agent_app import model_references, output_types
from agent_app.auto import BALANCED
from agent_app.definition_forms import as_text, history_of, parsed
from agent_app.models import Agent
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
_SETTINGS = ("temperature", "top_p", "max_tokens", "reasoning_effort", "cache_ttl", "preference")
_KEPT: list[tuple[str | int, Any]] = [
    ("", _("Never: each answer is new")), (300, _("for 5 minutes")), (3600, _("for an hour")), (86_400, _("for a day")),
    (7 * 86_400, _("for a week")), (30 * 86_400, _("for 30 days")),
]  # fmt: skip
_PREFERENCES = [
    ("", _("Balance: strong enough, then cheap")), ("quality", _("Quality: the strongest")),
    ("cost", _("Cost: the cheapest that is strong enough")), ("speed", _("Speed: the fastest that is strong enough")),
]  # fmt: skip
MOST_FALLBACKS = 5


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
        label=_("Top p"), required=False, min_value=0, max_value=1, widget=forms.NumberInput(attrs={"step": "0.05"}),
        help_text=_("Chooses among the likeliest words only: 0.1 is the top tenth. Change this or the temperature, not both."),
    )  # fmt: skip
    max_tokens = forms.IntegerField(
        label=_("Longest answer, tokens"), required=False, min_value=16, max_value=1_000_000,
        help_text=_("A longer answer is cut there and the run ends as partial. Empty: the model's own."),
    )  # fmt: skip
    reasoning_effort = forms.ChoiceField(
        label=_("Reasoning effort"), required=False, choices=_EFFORTS,
        help_text=_("How long the model thinks first. What it thinks is paid for as well."),
    )  # fmt: skip
    preference = forms.ChoiceField(
        label=_("Automatic selection looks for"), required=False, choices=_PREFERENCES,
        help_text=_("It counts where the model is chosen automatically."),
    )  # fmt: skip
    cache_ttl = forms.TypedChoiceField(
        label=_("Keep answers"), required=False, coerce=int, empty_value=None,
        help_text=_(
            "The very same request, with the same conversation, gets the kept answer again: at once, for no tokens, and marked "
            "as kept. Only at temperature 0, and only in this workspace."
        ),
    )  # fmt: skip
    fallback_models = forms.CharField(
        label=_("If it fails, then"), required=False,
        widget=forms.Textarea(attrs={"rows": 2, "data-ordered-target": "field"}),
        help_text=_(
            "Up to five other models as provider/model, one a line, asked in this order. First the model itself is tried again; "
            "a fallback answers only where nothing of an answer was shown yet, and the run says which one did."
        ),
    )  # fmt: skip
    history_policy = forms.ChoiceField(label=_("Memory"), required=False, choices=_POLICIES)
    history_number = forms.IntegerField(label=_("How many messages or tokens"), required=False, min_value=1)
    handoff_description = forms.CharField(
        label=_("When others hand over to this agent"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Other agents read this to decide whether to hand over."),
    )  # fmt: skip
    output_type = forms.CharField(
        label=_("Output type"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_("A JSON Schema that every answer must fit, or a type of the library with its options. Empty: text."),
    )  # fmt: skip

    hold_until_checked = forms.TypedChoiceField(
        label=_("Answers with guardrails"), required=False, coerce=bool, empty_value=None,
        choices=[("", _("Shown while they are written, and replaced where a guardrail trips")), ("1", _("Held until they are checked"))],
    )  # fmt: skip

    runs_per_minute = forms.IntegerField(
        label=_("Runs a minute"), required=False, min_value=1, max_value=100_000,
        help_text=_("By all together; more are refused until the minute is over. Empty: any number."),
    )  # fmt: skip
    concurrent_runs = forms.IntegerField(
        label=_("Runs at once"), required=False, min_value=1, max_value=10_000,
        help_text=_("Queued or under way; more are refused. Empty: as many as the workspace may have."),
    )  # fmt: skip

    def __init__(self, *args: Any, agent: Agent, **kwargs: Any) -> None:
        kwargs["initial"] = _initial(agent)
        super().__init__(*args, **kwargs)
        self.agent = agent
        self.fields["cache_ttl"].choices = _kept(agent)  # type: ignore[attr-defined]
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
        return _tags(self.cleaned_data["tags"])

    def clean_fallback_models(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["fallback_models"].splitlines() if line.strip()]
        lines = list(dict.fromkeys(lines))
        if len(lines) > MOST_FALLBACKS or any(len(line) > 200 for line in lines):
            raise forms.ValidationError(_("At most five models."))
        if lines != self.agent.fallback_models and (found := self._unknown(lines)):
            raise forms.ValidationError(found)
        return lines

    def _unknown(self, references: list[str]) -> list[str]:
        """What speaks against each reference that leads nowhere; those that were kept are not asked about again."""
        found = []
        for reference in references:
            if reference not in self.agent.fallback_models:
                try:
                    model_references.resolve(workspace_id=self.agent.workspace_id, reference=reference)
                except AppError as error:
                    found.append(f"{reference}: {error.detail}")
        return found

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
        if "hold_until_checked" in sent:
            sent["hold_until_checked"] = bool(sent["hold_until_checked"])
        settings = {name: sent.pop(name) for name in _SETTINGS if name in sent}
        if settings:
            merged = self.agent.model_settings | settings
            sent["model_settings"] = {name: value for name, value in merged.items() if value not in (None, "")}
        return sent


def _tags(text: str) -> list[str]:
    """Tags as people write them, separated by commas. Raises ValidationError."""
    tags = list(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))
    if len(tags) > 20 or any(len(tag) > 40 for tag in tags):
        raise forms.ValidationError(_("At most 20 tags of 40 characters."))
    return tags


def _kept(agent: Agent) -> list[tuple[str | int, Any]]:
    """How long answers can be kept; what was set otherwise, through the API, is among it."""
    ttl = agent.model_settings.get("cache_ttl")
    known = {seconds for seconds, _label in _KEPT}
    return [*_KEPT, (ttl, _("for %(seconds)d seconds") % {"seconds": ttl})] if ttl and ttl not in known else _KEPT


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
        "hold_until_checked": "1" if agent.hold_until_checked else "",
        "runs_per_minute": agent.runs_per_minute,
        "concurrent_runs": agent.concurrent_runs,
        **{name: agent.model_settings.get(name) for name in _SETTINGS},
        "cache_ttl": agent.model_settings.get("cache_ttl") or "",
        "preference": ""
        if agent.model_settings.get("preference") == BALANCED
        else agent.model_settings.get("preference"),
    }


class BulkForm(forms.Form):
    """Agents ticked in the list and what to do with them; ``confirmed`` once the person has seen what depends on them."""

    action = forms.ChoiceField(choices=[(name, name) for name in ("archive", "restore", "delete", "tag", "untag")])
    confirmed = forms.BooleanField(required=False)
    ids = forms.TypedMultipleChoiceField(coerce=str, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = self.data.getlist("ids") if hasattr(self.data, "getlist") else []
        self.fields["ids"].choices = [(value, value) for value in given]  # type: ignore[attr-defined]


class TagsForm(forms.Form):
    """Tags for several agents at once; ``known`` are those that some of them have."""

    add_tags = forms.CharField(
        label=_("Add"), required=False, max_length=900, help_text=_("Separated by commas."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    remove_tags = forms.MultipleChoiceField(
        label=_("Remove"), required=False, widget=forms.CheckboxSelectMultiple(attrs={"class": "check"})
    )

    def __init__(self, *args: Any, known: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remove_tags"].choices = [(tag, tag) for tag in known]  # type: ignore[attr-defined]
        if not known:
            del self.fields["remove_tags"]

    def clean_add_tags(self) -> list[str]:
        return _tags(self.cleaned_data["add_tags"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and not values.get("add_tags") and not values.get("remove_tags"):
            raise forms.ValidationError(_("Write a tag to add, or choose one to remove."))
        return values


class ConversationForm(forms.Form):
    """Another name for a conversation."""

    title = forms.CharField(label=_("Name"), max_length=120)
