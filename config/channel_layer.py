"""The channel layer of Channels on Valkey, whose receivers end when they are told to."""

from typing import Any

from channels_redis.core import RedisChannelLayer

from config.lib import loop


class ChannelLayer(RedisChannelLayer):  # type: ignore[misc]  # it is not typed
    async def _brpop_with_clean(self, index: int, channel: str, timeout: int) -> Any:  # noqa: ASYNC109  as it is called
        """One look at a channel, of which a receiver takes as many as it needs.

        A cancel that Valkey's client has swallowed would otherwise leave it looking for ever, and the socket's end waiting for it.
        """
        loop.obey()
        return await super()._brpop_with_clean(index, channel, timeout)
