"""``keywords``: trips where one of the words stands in the text, however its letters are dressed up."""

import unicodedata
from bisect import bisect_right
from typing import ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.guardrails.registry import Config, Problems, PureKind
from agent_app.guardrails.verdict import PASSED, Match, Verdict, whole
from agent_app.json_schemas import Schema

_MOST_MATCHES = 1000
_MOST_TRIES = 500_000  # places looked at in one text, of all words together
_INVISIBLE = frozenset(
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
)


class Keywords(PureKind):
    name = "keywords"
    label = gettext_lazy("Keywords")
    summary = gettext_lazy("Trips where one of your words or phrases stands in the text.")
    icon = "list"
    finds = True
    properties: ClassVar[Schema] = {
        "keywords": {
            "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"\S"}, "minItems": 1,
            "maxItems": 500, "title": gettext_lazy("Words and phrases, one a line"),
        },
        "whole_words": {"type": "boolean", "default": True, "title": gettext_lazy("Whole words only")},
        "case_sensitive": {"type": "boolean", "title": gettext_lazy("Capital and small letters differ")},
    }  # fmt: skip
    required = ("keywords",)

    def problems(self, workspace_id: UUID, config: Config) -> Problems:
        empty = [word for word in config["keywords"] if not Plain(word, case_sensitive=True).text.strip()]
        return {"keywords": [_("A word has at least one visible character.")]} if empty else {}

    def check(self, text: str, config: Config) -> Verdict:
        sensitive = bool(config.get("case_sensitive"))
        search = Search(Plain(text, case_sensitive=sensitive), whole_words=bool(config.get("whole_words", True)))
        for keyword in config["keywords"]:
            search.look_for(Plain(keyword, case_sensitive=sensitive).text.strip())
        if not search.found:
            return PASSED
        found = whole(text, "keyword") if search.exhausted else tuple(sorted(search.found))
        return Verdict(tripped=True, matches=found, message=_("The text has a word in it that is not allowed here."))


class Plain:
    """A text as it is read: compatibility forms and case taken away, invisible characters left out, spaces alike; and where
    each character comes from."""

    def __init__(self, text: str, *, case_sensitive: bool) -> None:
        self._starts: list[int] | None = None
        self._length = len(text)
        if text.isascii():
            self.text = text if case_sensitive else text.lower()
            if any(space in text for space in "\t\n\r\f\v"):
                self.text = self.text.translate(_SPACES)
            return
        parts: list[str] = []
        starts: list[int] = []
        sources: list[int] = []
        length = 0
        for place, character in enumerate(text):
            made = _dressed_down(character, case_sensitive)
            if made:
                starts.append(length)
                sources.append(place)
                parts.append(made)
                length += len(made)
        self.text = "".join(parts)
        self._starts, self._sources = starts, sources

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Which part of the original text ``text[start:end]`` comes from."""
        if self._starts is None:
            return start, end
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1) - 1
        return self._sources[first], self._sources[last] + 1


_SPACES = dict.fromkeys(map(ord, "\t\n\r\f\v"), " ")


def _dressed_down(character: str, case_sensitive: bool) -> str:
    if character in _INVISIBLE:
        return ""
    if character.isspace():
        return " "
    made = unicodedata.normalize("NFKC", character)
    return made if case_sensitive else made.casefold()


class Search:
    """Where words stand in a text. Too much of anything means everywhere: the time it takes is bounded."""

    def __init__(self, plain: Plain, *, whole_words: bool) -> None:
        self._plain = plain
        self._whole_words = whole_words
        self._tries = 0
        self.found: list[Match] = []
        self.exhausted = False

    def look_for(self, wanted: str) -> None:
        text = self._plain.text
        place = text.find(wanted) if wanted and not self.exhausted else -1
        while place >= 0:
            self._tries += 1
            end = place + len(wanted)
            if not self._whole_words or _stands_alone(text, place, end):
                self.found.append(Match(*self._plain.source(place, end), "keyword"))
            if self._tries > _MOST_TRIES or len(self.found) > _MOST_MATCHES:
                self.exhausted = True
                self.found = self.found or [Match(0, 0, "keyword")]
                return
            place = text.find(wanted, place + 1)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Nothing of a word touches it. Scripts without spaces between words need ``whole_words`` off."""
    before = start > 0 and _in_word(text[start - 1]) and _in_word(text[start])
    after = end < len(text) and _in_word(text[end]) and _in_word(text[end - 1])
    return not before and not after


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
