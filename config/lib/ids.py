"""Identifiers. Rows are keyed by UUIDv7 (time-ordered: new rows land at the end of the index)."""

import secrets
import uuid

from uuid_utils import compat


def uuid7() -> uuid.UUID:
    """A new time-ordered UUID, of the standard library's class."""
    return compat.uuid7()


def parse_uuid(value: object) -> uuid.UUID | None:
    """``value`` as a UUID, or None where it is none (so that a malformed id can be answered like a missing object)."""
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None


def trace_id() -> str:
    """A trace id in the form the Agents SDK asks for: ``trace_`` and 32 hexadecimal digits."""
    return f"trace_{secrets.token_hex(16)}"
