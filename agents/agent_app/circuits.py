"""Circuit breakers for staff: which providers, with which keys, had trouble lately. Reading takes nobody's trial call."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agent_app import provider_types
from agent_app.engine import breaker
from agent_app.models import Provider, ProviderKey
from config.lib import redis
from config.lib.ids import parse_uuid

STATES: dict[str, Promise] = {
    "open": _("Open: nobody asks there"), "half-open": _("Half open: the next call tries"),
    "resting": _("Resting: the provider asked to wait"), "closed": _("Closed"),
}  # fmt: skip
_SOURCES: dict[str, Promise] = {
    "platform": _("The operator's key"), "provider": _("The provider's key"), "workspace": _("A key of the workspace"),
    "user": _("A person's key"), "none": _("Without a key"),
}  # fmt: skip
_MOST = 500


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """One provider with one key. ``row`` is its ProviderKey or Provider, where it has one that is still there."""

    name: str
    state: str
    failures: int
    until: datetime | None
    last_trouble: datetime
    row: "ProviderKey | Provider | None" = None

    @property
    def type(self) -> str:
        slug = self.name.partition(":")[0]
        return str(provider_types.info(slug).label) if slug in provider_types.TYPES else slug

    @property
    def key(self) -> str:
        """Whose key it is, and its last characters."""
        source = self.name.split(":")[1] if ":" in self.name else ""
        hint = getattr(self.row, "key_hint", "") or getattr(self.row, "api_key_hint", "")
        return f"{_SOURCES.get(source, source)} {hint}".strip()

    @property
    def state_label(self) -> str:
        return str(STATES[self.state])


def troubled() -> list[Circuit]:
    """Circuits with trouble within the last hour, the latest first. Raises RedisError."""
    client = redis.client()
    noted = cast(list[tuple[bytes, float]], client.zrevrange(breaker.TROUBLED, 0, _MOST - 1, withscores=True))
    names = [name.decode() for name, _moment in noted]
    now = time.time()
    pipeline = client.pipeline(transaction=False)
    for name in names:
        failures, opened, half, rest = breaker.keys(name)
        pipeline.zcount(failures, now - breaker.WINDOW, "+inf")
        pipeline.get(opened)
        pipeline.exists(half)
        pipeline.get(rest)
    answers = pipeline.execute() if names else []
    rows = _rows(names)
    return [
        _circuit(name, answers[place * 4 : place * 4 + 4], now, last, rows.get(_row_id(name)))
        for place, (name, (_name, last)) in enumerate(zip(names, noted, strict=True))
    ]


def _circuit(name: str, found: list[Any], now: float, last: float, row: "ProviderKey | Provider | None") -> Circuit:
    failures, opened, half, rest = found[0], _after(found[1], now), bool(found[2]), _after(found[3], now)
    if rest:
        state = "resting"
    elif opened:
        state = "open"
    else:
        state = "half-open" if half else "closed"
    until = rest or opened
    return Circuit(
        name=name, state=state, failures=int(failures), until=_moment(until) if until else None, last_trouble=_moment(last),
        row=row,
    )  # fmt: skip


def _after(value: bytes | None, now: float) -> float | None:
    return float(value) if value is not None and float(value) > now else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _row_id(name: str) -> UUID | None:
    return parse_uuid(name.rpartition(":")[2])


def _rows(names: Iterable[str]) -> "dict[UUID | None, ProviderKey | Provider]":
    """The keys and providers that circuits belong to, in two queries."""
    ids = [found for name in names if (found := _row_id(name))]
    rows: dict[UUID | None, ProviderKey | Provider] = {}
    if ids:
        rows |= {row.id: row for row in Provider.objects.filter(id__in=ids).select_related("workspace")}
        rows |= {row.id: row for row in ProviderKey.objects.filter(id__in=ids).select_related("workspace")}
    return rows
