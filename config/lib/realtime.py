"""Notes to people's open pages (badges, lists, messages) over Channels groups. Lossy by nature: never the only carrier of a fact.

Token streams do not travel here; they are read from the run's own log.
"""

import atexit
import hashlib
import logging
from concurrent.futures import Future, wait
from typing import Any
from uuid import UUID

import orjson
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from config.lib import loop

logger = logging.getLogger(__name__)

_under_way: set[Future[None]] = set()


@atexit.register
def _finish() -> None:
    """A command that tells something and ends at once (``manage.py``) waits until it is told."""
    wait(set(_under_way), timeout=2)


def person_group(user_id: UUID) -> str:
    return f"person.{user_id.hex}"


def workspace_group(workspace_id: UUID) -> str:
    return f"workspace.{workspace_id.hex}"


def session_group(session_key: str) -> str:
    """The open sockets of one sign-in. The key itself is a secret and never a group's name."""
    return f"session.{hashlib.sha256(session_key.encode()).hexdigest()[:32]}"


def session_ended(session_key: str) -> None:
    """Close the sockets of a sign-in that is over. What this does not reach is found out within half a minute."""
    send_on_commit(session_group(session_key), "session.ended", {})


def access_changed(group: str) -> None:
    """Have the open sockets of ``group`` (a person's, a workspace's) ask again who they are: some right was taken away."""
    send_on_commit(group, "access.changed", {})


async def send_now(group: str, kind: str, payload: dict[str, Any]) -> None:
    """The same from an event loop, about what is in no database."""
    layer = get_channel_layer()
    if layer is not None:
        await layer.group_send(group, {"type": "live.message", "body": _body(kind, payload)})


def send_on_commit(group: str, kind: str, payload: dict[str, Any]) -> None:
    """Tell ``group`` about ``kind`` once the current transaction is committed. The payload is JSON; ids only, no secrets."""
    body = _body(kind, payload)
    transaction.on_commit(lambda: _send(group, body))


def _body(kind: str, payload: dict[str, Any]) -> str:
    return orjson.dumps({"type": kind, **payload}, default=str).decode()


def _send(group: str, body: str) -> None:
    """Nobody waits for it. On the process's loop the layer keeps its connection; ``async_to_sync`` would open one a note."""
    note = loop.submit(_group_send(group, body))
    _under_way.add(note)
    note.add_done_callback(_under_way.discard)


async def _group_send(group: str, body: str) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        await layer.group_send(group, {"type": "live.message", "body": body})
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("note not sent: Valkey does not answer", extra={"group": group, "error": str(error)})
