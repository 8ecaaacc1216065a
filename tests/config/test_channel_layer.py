"""What sockets read their notes from."""

import asyncio
from typing import Any

from channels.layers import get_channel_layer

from config.channel_layer import ChannelLayer

LONG = 60.0  # seconds; nothing here takes as long unless it is broken


class Swallowing:
    """A client that swallows a cancel once, as Valkey's does at times while it opens or closes a connection."""

    def __init__(self, client: Any, waits: asyncio.Event) -> None:
        self._client, self._waits = client, waits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def bzpopmin(self, *keys: Any, **more: Any) -> Any:
        if self._waits.is_set():
            return await self._client.bzpopmin(*keys, **more)
        self._waits.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return None


class Layer(ChannelLayer):
    waits: asyncio.Event

    def connection(self, index: int) -> Any:
        return Swallowing(super().connection(index), self.waits)


def test_a_receiver_that_is_told_to_end_ends_though_the_client_has_swallowed_that() -> None:
    known = get_channel_layer()
    assert isinstance(known, ChannelLayer)

    async def live() -> bool:
        layer = Layer(hosts=known.hosts, prefix="test")
        layer.waits = asyncio.Event()
        task = asyncio.create_task(layer.receive(await layer.new_channel()))
        async with asyncio.timeout(LONG):
            await layer.waits.wait()
        task.cancel()
        await asyncio.wait([task], timeout=LONG)
        ended = task.cancelled()
        task.cancel()
        await layer.close_pools()
        return ended

    assert asyncio.run(live())
