"""The filters of the page of runs."""

from datetime import date, datetime, time, timedelta
from typing import Literal

from django import forms
from django.utils import timezone

from agent_app.definition.choice import DRAFT
from agent_app.models import RunSource, RunStatus
from agent_app.selectors import RunFilters
from config.lib.lists import MAX_SEARCH

# Those that stand behind "More filters" where none of them is set.
MORE = ("version", "source", "person", "tag", "cost", "since", "until")


class RunFilterForm(forms.Form):
    """What cannot be understood filters nothing."""

    q = forms.CharField(required=False, max_length=MAX_SEARCH)
    agent = forms.UUIDField(required=False)
    status = forms.ChoiceField(required=False, choices=RunStatus.choices)
    version = forms.RegexField(rf"^(?:{DRAFT}|[0-9]{{1,9}})$", required=False)
    source = forms.ChoiceField(required=False, choices=RunSource.choices)
    person = forms.UUIDField(required=False)
    tag = forms.CharField(required=False, max_length=40)
    cost = forms.DecimalField(required=False, min_value=0, max_digits=13, decimal_places=4)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)

    def filters(self) -> RunFilters:
        asked = self.cleaned_data
        return RunFilters(
            search=asked.get("q", ""), agent_id=asked.get("agent"), status=asked.get("status", ""),
            version=_version(asked.get("version", "")), source=asked.get("source", ""), actor_id=asked.get("person"),
            tag=asked.get("tag", ""), least_credits=asked.get("cost"), since=_midnight(asked.get("since")),
            until=_midnight(asked.get("until"), days=1),
        )  # fmt: skip


def _version(asked: str) -> int | Literal["draft"] | None:
    if asked == DRAFT:
        return "draft"
    return int(asked) if asked else None


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    """The first moment of ``day``, or of one ``days`` later, where the person is."""
    if day is None or not 1900 <= day.year <= 9998:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min))
