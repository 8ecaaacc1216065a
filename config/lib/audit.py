"""The audit seam: any app records what was done; ``community.records``, where the table lives, registers the writer."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from config.lib import logs

client_ip: ContextVar[str | None] = ContextVar("client_ip", default=None)  # set by the middleware for each request
token_id: ContextVar[UUID | None] = ContextVar("token_id", default=None)  # set by whoever authenticates an API token


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One action: who did what to which object, and how it was before and after. Never put a secret in it."""

    action: str
    actor_id: UUID | None
    workspace_id: UUID | None
    object_type: str = ""
    object_id: UUID | None = None
    ip: str | None = field(default_factory=lambda: client_ip.get())
    token_id: UUID | None = field(default_factory=lambda: token_id.get())
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    request_id: str = field(default_factory=lambda: logs.request_id.get())


_writers: list[Callable[[Entry], None]] = []


def register(writer: Callable[[Entry], None]) -> None:
    """Set the function that stores entries."""
    _writers[:] = [writer]


def record(entry: Entry) -> None:
    """Store ``entry`` in the caller's transaction: an action that is rolled back leaves no trace of having happened."""
    for writer in _writers:
        writer(entry)
