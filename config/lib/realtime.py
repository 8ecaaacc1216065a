"""Notes to people's open pages (badges, lists, messages) over Channels groups. Lossy by nature: never the only carrier of a fact.

Token streams do not travel here; they are read from the run's own log.
"""

from typing import Any
from uuid import UUID

import orjson
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction


def person_group(user_id: UUID) -> str:
    return f"person.{user_id.hex}"


def workspace_group(workspace_id: UUID) -> str:
    return f"workspace.{workspace_id.hex}"


def send_on_commit(group: str, kind: str, payload: dict[str, Any]) -> None:
    """Tell ``group`` about ``kind`` once the current transaction is committed. The payload is JSON; ids only, no secrets."""
    body = orjson.dumps({"type": kind, **payload}, default=str).decode()
    transaction.on_commit(lambda: _send(group, body))


def _send(group: str, body: str) -> None:
    layer = get_channel_layer()
    if layer is not None:
        async_to_sync(layer.group_send)(group, {"type": "live.message", "body": body})
