"""``length``: trips where a text is too long or too short."""

from typing import ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.engine import tokens
from agent_app.guardrails.registry import Config, Problems, PureKind
from agent_app.guardrails.verdict import PASSED, Match, Verdict
from agent_app.json_schemas import Schema

_LIMITS = ("max_characters", "max_words", "max_tokens", "min_characters")
_NUMBER = {"type": "integer", "minimum": 1, "maximum": 1_000_000}


class Length(PureKind):
    name = "length"
    label = gettext_lazy("Length")
    summary = gettext_lazy("Trips where a text is longer or shorter than you want it.")
    icon = "ruler"
    finds = True
    properties: ClassVar[Schema] = {
        "max_characters": _NUMBER | {"title": gettext_lazy("At most so many characters")},
        "max_words": _NUMBER | {"title": gettext_lazy("At most so many words")},
        "max_tokens": _NUMBER | {"title": gettext_lazy("At most so many tokens, estimated")},
        "min_characters": _NUMBER | {"title": gettext_lazy("At least so many characters")},
    }

    def problems(self, workspace_id: UUID, config: Config) -> Problems:
        if not any(config.get(name) for name in _LIMITS):
            return {"": [_("Say at least one limit: %(names)s.") % {"names": ", ".join(_LIMITS)}]}
        if config.get("min_characters", 0) > config.get("max_characters", 1_000_000):
            return {"min_characters": [_("The least is more than the most.")]}
        return {}

    def check(self, text: str, config: Config) -> Verdict:
        """Redacted, a text that is too long ends where it should have."""
        most = config.get("max_characters")
        if most and len(text) > most:
            message = _("The text has %(size)d characters; at most %(most)d are allowed.")
            return self._tripped(text, most, message % {"size": len(text), "most": most})
        if (most := config.get("max_words")) and (size := len(text.split())) > most:
            message = _("The text has %(size)d words; at most %(most)d are allowed.")
            return self._tripped(text, _end_of_word(text, most), message % {"size": size, "most": most})
        if (most := config.get("max_tokens")) and (size := tokens.estimate(text)) > most:
            message = _("The text has about %(size)d tokens; at most %(most)d are allowed.")
            return self._tripped(text, len(text) * most // size, message % {"size": size, "most": most})
        least = config.get("min_characters")
        if least and len(text) < least:
            message = _("The text has %(size)d characters; at least %(least)d are wanted.")
            return self._tripped(text, 0, message % {"size": len(text), "least": least})
        return PASSED

    def _tripped(self, text: str, kept: int, message: str) -> Verdict:
        return Verdict(tripped=True, matches=(Match(kept, len(text), self.name),), message=message)


def _end_of_word(text: str, number: int) -> int:
    """Where the word with this number ends."""
    rest = text.split(maxsplit=number)[-1]
    return len(text[: len(text.rstrip()) - len(rest.rstrip())].rstrip())
