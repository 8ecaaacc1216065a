"""Answers that a model has given before, for agents that ask for them (``model_settings.cache_ttl``, temperature 0).

Only the very same request of the same workspace to the same model finds one: instructions, conversation, tools, schema and
settings are all in its name. What is found is shown at once, costs nothing, and says that it is no new answer. Without Valkey
every request is new.
"""

import hashlib
import logging
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import orjson
from agents import ModelResponse
from agents import Usage as SdkUsage
from agents.items import TResponseOutputItem
from openai._models import construct_type
from openai.types.responses import ResponseOutputItem
from redis.exceptions import RedisError

from agent_app.engine.providers import protocol
from config.lib import redis

logger = logging.getLogger(__name__)

_LARGEST = 256 * 1024
_AWAY = (RedisError, OSError, TimeoutError)


@dataclass(frozen=True)
class Found:
    """An answer as it was given."""

    text: str
    items: list[dict[str, Any]]

    def response(self) -> ModelResponse:
        """Calls of tools get ids of their own: another run of the conversation may have had this very answer."""
        output = []
        for item in self.items:
            if item.get("type") == "function_call":
                item = {**item, "call_id": protocol.new_call_id()}
            output.append(cast(TResponseOutputItem, construct_type(type_=ResponseOutputItem, value=item)))
        return ModelResponse(output=output, usage=SdkUsage(), response_id=None)


@dataclass(frozen=True, kw_only=True)
class ResponseCache:
    """The answers of one workspace. ``ttl`` in seconds."""

    workspace_id: UUID
    ttl: int

    def name(self, reference: str, path: str, body: dict[str, Any]) -> str:
        """What an answer is found by. Provider and model are part of it; the key and the address are not."""
        asked = orjson.dumps([reference, path, body], option=orjson.OPT_SORT_KEYS, default=str)
        return f"answers:{self.workspace_id}:{hashlib.sha256(asked).hexdigest()}"

    async def find(self, name: str) -> Found | None:
        try:
            kept = await redis.loop_client().get(name)
        except _AWAY:
            logger.warning("no answer is looked up: Valkey does not answer", exc_info=True)
            return None
        return Found(**orjson.loads(kept)) if kept else None

    async def keep(self, name: str, response: ModelResponse) -> None:
        items = [item.model_dump(mode="json", exclude_unset=True) for item in response.output]
        kept = orjson.dumps({"text": _text(items), "items": items})
        if len(kept) > _LARGEST:
            return
        try:
            await redis.loop_client().set(name, kept, ex=self.ttl)
        except _AWAY:
            logger.warning("an answer is not kept: Valkey does not answer", exc_info=True)


def _text(items: list[dict[str, Any]]) -> str:
    parts = [part for item in items if item.get("type") == "message" for part in item["content"]]
    return "".join(part.get("text", "") for part in parts)
