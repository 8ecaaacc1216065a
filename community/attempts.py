"""Guessing passwords is slow, and nobody can lock somebody else out (docs/adr/0008).

Wrong passwords are counted for each pair of client address and e-mail address; past the limit that pair waits. Many client
addresses together are counted for the e-mail address: past that limit it takes no more tries from places it never signed in
from, while its person goes on from where they did. Nothing here looks at whether the e-mail address is anybody's.
"""

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from redis.exceptions import RedisError

from config.lib.callers import network
from config.lib.redis import client

logger = logging.getLogger(__name__)

# (tries, seconds)
PAIR_LIMITS = ((10, 300), (30, 3600))
STRANGERS_LIMITS = ((100, 3600),)
PLACE_KNOWN = 30 * 86400


class TooManyAttempts(Exception):
    def __init__(self, wait: float) -> None:
        super().__init__("too many wrong passwords")
        self.wait = max(1, round(wait))


@dataclass(frozen=True)
class Attempt:
    """A try that is counted as wrong until ``succeeded`` says otherwise."""

    place: str
    counters: list[str] = field(default_factory=list)

    def succeeded(self) -> None:
        """Take the try back (only this one: guesses between right passwords still add up) and remember the place."""
        try:
            pipeline = client().pipeline(transaction=False)
            for counter in self.counters:
                pipeline.decr(counter)
            pipeline.set(self.place, 1, ex=PLACE_KNOWN)
            pipeline.execute()
        except RedisError:
            logger.warning("a right password was not noted: Valkey does not answer")


def begin(email: str, address: str, *, signed_in: bool = False) -> Attempt:
    """Count one try at the password of ``email`` from ``address``. Raises TooManyAttempts.

    Counted before the password is looked at, so that tries made at the same time count as well. Who is ``signed_in``
    already (and confirms a password) is no stranger. Without Valkey nothing is counted.
    """
    who = _digest(email.strip().lower())
    pair = _digest(who, network(address))
    attempt = Attempt(place=f"attempts:place:{pair}")
    try:
        known = signed_in or bool(client().exists(attempt.place))
        _count(attempt, f"attempts:pair:{pair}", PAIR_LIMITS)
        if not known:
            _count(attempt, f"attempts:email:{who}", STRANGERS_LIMITS)
    except RedisError:
        logger.warning("a password was not counted: Valkey does not answer")
    return attempt


def forget(email: str) -> None:
    """Whoever reads the mail of ``email`` has just chosen a new password: what strangers tried before is void."""
    who = _digest(email.strip().lower())
    try:
        client().delete(*(_window(f"attempts:email:{who}", seconds)[0] for _limit, seconds in STRANGERS_LIMITS))
    except RedisError:
        logger.warning("attempts were not forgotten: Valkey does not answer")


def _count(attempt: Attempt, name: str, limits: Sequence[tuple[int, int]]) -> None:
    windows = [_window(name, seconds) for _limit, seconds in limits]
    pipeline = client().pipeline(transaction=False)
    for (counter, _left), (_limit, seconds) in zip(windows, limits, strict=True):
        pipeline.incr(counter)
        pipeline.expire(counter, seconds)
    counts = pipeline.execute()[::2]
    attempt.counters.extend(counter for counter, _left in windows)
    waits = [
        left
        for (_counter, left), (limit, _seconds), count in zip(windows, limits, counts, strict=True)
        if count > limit
    ]
    if waits:
        raise TooManyAttempts(max(waits))


def _window(name: str, seconds: int) -> tuple[str, float]:
    """The counter of the window we are in, and how long it still lasts."""
    now = time.time()
    number = int(now // seconds)
    return f"{name}:{seconds}:{number}", (number + 1) * seconds - now


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
