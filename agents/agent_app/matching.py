"""Whether patterns that people write match, in a time that is bounded for everybody.

The engine needs linear time, so none is refused for how it is built. But each character can be made to cost a lot, and
nothing else in a process goes on meanwhile: what may take long is done in a limited process of the pool.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from pydantic_core import SchemaError

from agent_app import linear
from agent_app.expressions import ExpressionError, pool

_HEAVY = 5_000  # from this weight on, a pattern is not even kept here
_MOST_AT_ONCE = 100_000_000  # weight by characters that is done here: a fraction of a second at the worst
_WIDE = re.compile(r"\\[wWdDsSbBpP]|\[\^|\.|\(\?[a-z]*i")  # what stands for hundreds of characters each
_REPEATED = re.compile(r"\{(\d{0,6}),?(\d{0,6})\}")


class TooSlow(Exception):
    """It was not found out in time."""


def usable(pattern: str) -> bool:
    """Whether a pattern can be matched here: without look-around and references, and not too large."""
    try:
        linear.compiled(pattern)
    except SchemaError:
        return False
    return True


def costly(patterns: Sequence[str], text: str) -> bool:
    """Whether matching them is left to another process, which has to be waited for."""
    weights = [_weight(each) for each in patterns]
    return max(weights, default=0) > _HEAVY or sum(weights) * len(text) > _MOST_AT_ONCE


def matches(patterns: Sequence[str], text: str) -> list[bool]:
    """Which of the patterns match somewhere. Raises TooSlow. May block."""
    if not costly(patterns, text):
        return [linear.matches(_kept(each), text) for each in patterns]
    try:
        return pool.match(patterns, text)
    except ExpressionError as error:
        raise TooSlow from error


@lru_cache(maxsize=1024)
def _weight(pattern: str) -> int:
    """How large it may become, roughly: repetitions are written out, as though all of them lay within each other."""
    weight = len(pattern) + 50 * len(_WIDE.findall(pattern))
    for least, most in _REPEATED.findall(pattern):
        weight *= max(int(least or 0), int(most or 0), 1)
    return min(weight, 10**9)


_kept = lru_cache(maxsize=256)(linear.compiled)
