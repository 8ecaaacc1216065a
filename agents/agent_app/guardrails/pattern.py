"""``regex``: trips where a pattern matches, or where it does not."""

from time import perf_counter
from typing import ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import matching
from agent_app.guardrails import patterns
from agent_app.guardrails.registry import Config, Problems, PureKind
from agent_app.guardrails.verdict import PASSED, Match, Verdict, whole
from agent_app.json_schemas import Schema


class Pattern(PureKind):
    name = "regex"
    label = gettext_lazy("Pattern")
    summary = gettext_lazy("Trips where a regular expression matches, or where it does not.")
    icon = "regex"
    finds = True
    properties: ClassVar[Schema] = {
        "pattern": {"type": "string", "minLength": 1, "maxLength": patterns.LONGEST, "title": gettext_lazy("Pattern")},
        "patterns": {
            "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": patterns.LONGEST}, "maxItems": 50,
            "title": gettext_lazy("More patterns, one a line"),
        },
        "ignore_case": {"type": "boolean", "title": gettext_lazy("Capital and small letters are the same")},
        "must_match": {"type": "boolean", "title": gettext_lazy("Trip where nothing matches")},
    }  # fmt: skip

    def problems(self, workspace_id: UUID, config: Config) -> Problems:
        given = _given(config)
        if not given:
            return {"pattern": [_("Write a pattern.")]}
        found = [problem for each in given if (problem := patterns.problem_of(each))]
        return {"pattern": found} if found else {}

    def costly(self, text: str, config: Config) -> bool:
        return super().costly(text, config) or matching.costly(_wanted(config), text)

    def check(self, text: str, config: Config) -> Verdict:
        wanted = _wanted(config)
        try:
            matched = matching.matches(wanted, text)
        except matching.TooSlow:
            return Verdict(tripped=True, failed=True, message=_("Its patterns take too long on this text."))
        if config.get("must_match"):
            if any(matched):
                return PASSED
            return Verdict(
                tripped=True,
                matches=whole(text, self.name),
                message=_("The text does not have the form that is asked for."),
            )
        found: list[Match] = []
        until = perf_counter() + patterns.SECONDS
        for each in (pattern for pattern, matches in zip(wanted, matched, strict=True) if matches):
            found += patterns.places(each, text, self.name, until=until)
        if not found:
            return PASSED
        return Verdict(
            tripped=True, matches=tuple(found), message=_("The text has something in it that is not allowed here.")
        )


def _wanted(config: Config) -> list[str]:
    return [patterns.flagged(each, ignore_case=bool(config.get("ignore_case"))) for each in _given(config)]


def _given(config: Config) -> list[str]:
    first = config.get("pattern")
    return [*([first] if first else []), *(config.get("patterns") or [])]
