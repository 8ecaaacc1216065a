"""Patterns that people write, matched in bounded time.

Whether a pattern matches is decided by an engine that needs linear time. Where it does is asked of one that may need
longer, and is given a fraction of a second for it: what it cannot say in time is everything.
"""

from functools import lru_cache
from time import perf_counter

import regex
from django.utils.translation import gettext as _

from agent_app import matching
from agent_app.guardrails.verdict import Match, whole

LONGEST = 2000
SECONDS = 0.2  # to find out where all patterns of a guardrail match
_MOST_MATCHES = 1000


@lru_cache(maxsize=256)
def _placing(pattern: str) -> "regex.Pattern[str] | None":
    try:
        return regex.compile(pattern, regex.VERSION1)
    except (regex.error, RecursionError, OverflowError):
        return None


def flagged(pattern: str, *, ignore_case: bool) -> str:
    return f"(?i:{pattern})" if ignore_case else pattern


def problem_of(pattern: str) -> str:
    """Why ``pattern`` cannot be used; empty where it can."""
    if len(pattern) > LONGEST:
        return _("A pattern has at most %(most)d characters.") % {"most": LONGEST}
    if not matching.usable(pattern):
        shown = pattern if len(pattern) <= 80 else f"{pattern[:80]}…"
        text = _("The pattern “%(pattern)s” cannot be used: write it without look-around and references.")
        return text % {"pattern": shown}
    return ""


def places(pattern: str, text: str, what: str, *, until: float) -> tuple[Match, ...]:
    """Where a pattern matches that was found to match: the whole text where that is not known ``until`` then (perf_counter)."""
    compiled = _placing(pattern)
    left = until - perf_counter()
    if compiled is None or left <= 0:
        return whole(text, what)
    found: list[Match] = []
    try:
        for match in compiled.finditer(text, timeout=left, concurrent=True):
            if match.end() > match.start():
                found.append(Match(match.start(), match.end(), what))
            if len(found) > _MOST_MATCHES:
                return whole(text, what)
    except TimeoutError:
        return whole(text, what)
    return tuple(found) or whole(text, what)
