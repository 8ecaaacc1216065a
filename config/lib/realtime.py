"""Notes to people's open pages (badges, lists, messages) over Channels groups. Lossy by nature: never the only carrier of a fact.

Token streams do not travel here; they are read from the run's own log.
"""

import logging
from typing import Any
from uuid import UUID

import orjson
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from config.lib import loop

logger = logging.getLogger(__name__)


def person_group(user_id: UUID) -> str:
    return f"person.{user_id.hex}"


def workspace_group(workspace_id: UUID) -> str:
    return f"workspace.{workspace_id.hex}"


def send_on_commit(group: str, kind: str, payload: dict[str, Any]) -> None:
    """Tell ``group`` about ``kind`` once the current transaction is committed. The payload is JSON; ids only, no secrets."""
    body = orjson.dumps({"type": kind, **payload}, default=str).decode()
    transaction.on_commit(lambda: _send(group, body))


def _send(group: str, body: str) -> None:
    """Nobody waits for it. On the process's loop the layer keeps its connection; ``async_to_sync`` would open one a note."""
    loop.submit(_group_send(group, body))


async def _group_send(group: str, body: str) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        await layer.group_send(group, {"type": "live.message", "body": body})
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("note not sent: Valkey does not answer", extra={"group": group, "error": str(error)})
