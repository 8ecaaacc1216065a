"""Whether a database is as the last start has left it: preparing it again would take a third of the time of a start."""

import hashlib
from pathlib import Path

import psycopg

_APPLIED = "SELECT md5(string_agg(app || '.' || name, ',' ORDER BY id)) FROM django_migrations"


def marker(var: Path) -> Path:
    return var / "prepared"


def welcome(var: Path) -> Path:
    """What the preparation has to say at the sign-in, at this start and later ones."""
    return var / "welcome"


def digest(root: Path, database_url: str) -> str:
    """The code's migrations and packages, and the migrations that the database says it has; empty where it says nothing."""
    try:
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            row = connection.execute(_APPLIED).fetchone()
    except psycopg.Error:
        return ""
    if row is None or row[0] is None:
        return ""
    files = (path for pattern in ("*/migrations/*.py", "*/*/migrations/*.py") for path in root.glob(pattern))
    names = sorted(str(path.relative_to(root)) for path in files)
    lock = root / "uv.lock"
    packages = lock.read_bytes() if lock.exists() else b""
    return hashlib.sha256("\n".join([*names, row[0]]).encode() + packages).hexdigest()


def was_prepared(var: Path, root: Path, database_url: str) -> bool:
    there = marker(var)
    return there.exists() and there.read_text() == (digest(root, database_url) or None)


def keep(var: Path, root: Path, database_url: str) -> None:
    marker(var).write_text(digest(root, database_url))
