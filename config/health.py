"""Whether this process may be given work: its database and broker answer, and code and schema fit each other."""

from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from redis.exceptions import RedisError

from config.lib import redis

Names = frozenset[tuple[str, str]]


def problems() -> dict[str, str]:
    """What keeps this process from being ready, by part (``database``, ``broker``, ``migrations``); empty when it is."""
    found: dict[str, str] = {}
    try:
        found.update(_migration_problems())
    except DatabaseError:
        found["database"] = "does not answer"
    try:
        redis.client().ping()
    except RedisError:
        found["broker"] = "does not answer"
    return found


def _migration_problems() -> dict[str, str]:
    in_code = _migrations_in_code()
    labels = {label for label, _name in in_code}
    applied = frozenset(MigrationRecorder(connection).applied_migrations())
    parts = []
    if missing := sorted(in_code - applied):
        parts.append("not applied: " + _listed(missing))
    if newer := sorted(key for key in applied - in_code if key[0] in labels):
        parts.append("newer than this code: " + _listed(newer))
    return {"migrations": "; ".join(parts)} if parts else {}


@lru_cache
def _migrations_in_code() -> Names:
    """Cannot change while the process lives, and takes a tenth of a second to collect."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    return frozenset(loader.disk_migrations.keys() - replaced)


def _listed(names: list[tuple[str, str]]) -> str:
    return ", ".join(f"{label}.{name}" for label, name in names)
