"""Circuit breakers and resting keys: what workers tell each other about providers, in Valkey.

A circuit is one provider with one key. Five failures within 30 seconds open it: for 30 seconds nobody asks there. Then one
call is let through; its success closes the circuit, its failure opens it again. A key that was told to wait rests for so long.
Without Valkey everything is tried: a breaker that fails must not be what stops a run.
"""

import logging
import time
from dataclasses import dataclass
from typing import Literal

from redis.exceptions import RedisError

from config.lib import redis
from config.lib.ids import uuid7

logger = logging.getLogger(__name__)

FAILURES = 5
WINDOW = 30.0
OPEN_FOR = 30.0
_TRIAL = 120.0  # how long one trial call may take until another one is let through
MEMORY = 3600  # how long a circuit that nobody tried again is remembered as half open
_AWAY = (RedisError, OSError, TimeoutError)
TROUBLED = "breakers"  # circuits by when they last had trouble, for whoever looks at them (``agent_app/circuits.py``)

# KEYS: failures, open, half. ARGV: now, window, failures allowed, open for, memory, member. Answers 1 where it is open now.
_FAILED = """
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2] * 1000)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) or redis.call('EXISTS', KEYS[3]) == 1 then
  redis.call('SET', KEYS[2], ARGV[1] + ARGV[4], 'PX', ARGV[4] * 1000)
  redis.call('SET', KEYS[3], '1', 'EX', ARGV[5])
  redis.call('DEL', KEYS[3] .. ':trial')
  return 1
end
return 0
"""


@dataclass(frozen=True)
class State:
    """Whether a circuit may be used now. ``wait``: how many seconds until it may be tried."""

    name: Literal["closed", "open", "half-open", "resting"] = "closed"
    wait: float = 0.0

    @property
    def usable(self) -> bool:
        return self.name in ("closed", "half-open")


CLOSED = State()


def keys(circuit: str) -> tuple[str, str, str, str]:
    base = f"breaker:{{{circuit}}}"
    return f"{base}:failures", f"{base}:open", f"{base}:half", f"{base}:rest"


async def state(circuit: str) -> State:
    """May this circuit be used? Whoever is told ``half-open`` has the one trial call."""
    if not circuit:
        return CLOSED
    _failures, opened, half, rest = keys(circuit)
    now = time.time()
    try:
        until_open, is_half, until_rest = await redis.loop_client().mget(opened, half, rest)
        if until_rest is not None and (wait := float(until_rest) - now) > 0:
            return State("resting", wait)
        if until_open is not None and (wait := float(until_open) - now) > 0:
            return State("open", wait)
        if is_half is None:
            return CLOSED
        mine = await redis.loop_client().set(f"{half}:trial", "1", nx=True, px=int(_TRIAL * 1000))
    except _AWAY:
        logger.warning("circuits are taken for closed: Valkey does not answer", exc_info=True)
        return CLOSED
    return State("half-open") if mine else State("open", 1.0)


async def failed(circuit: str) -> bool:
    """A call has failed by the provider's fault. Answers whether the circuit is open now."""
    if not circuit:
        return False
    failures, opened, half, _rest = keys(circuit)
    values = (f"{time.time():.3f}", WINDOW, FAILURES, OPEN_FOR, MEMORY, str(uuid7()))
    try:
        await _note(circuit)
        return bool(await redis.loop_client().eval(_FAILED, 3, failures, opened, half, *values))
    except _AWAY:
        logger.warning("a failure was not counted: Valkey does not answer", exc_info=True)
        return False


async def succeeded(circuit: str) -> None:
    """The trial call of a half-open circuit has answered: it is closed."""
    failures, opened, half, _rest = keys(circuit)
    try:
        await redis.loop_client().delete(failures, opened, half, f"{half}:trial")
    except _AWAY:
        logger.warning("a circuit was not closed: Valkey does not answer", exc_info=True)


async def untried(circuit: str) -> None:
    """The trial call was never made: the next one may try."""
    try:
        await redis.loop_client().delete(f"{keys(circuit)[2]}:trial")
    except _AWAY:
        logger.warning("a trial is not given back: Valkey does not answer", exc_info=True)


async def rest(circuit: str, seconds: float) -> None:
    """The provider asked to be left alone for so long with this key."""
    if not circuit:
        return
    try:
        await _note(circuit)
        await redis.loop_client().set(keys(circuit)[3], f"{time.time() + seconds:.3f}", px=max(1, int(seconds * 1000)))
    except _AWAY:
        logger.warning("a key does not rest: Valkey does not answer", exc_info=True)


async def _note(circuit: str) -> None:
    now = time.time()
    pipeline = redis.loop_client().pipeline(transaction=False)
    pipeline.zadd(TROUBLED, {circuit: now})
    pipeline.zremrangebyscore(TROUBLED, "-inf", now - MEMORY)
    await pipeline.execute()
