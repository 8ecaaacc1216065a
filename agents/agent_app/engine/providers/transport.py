"""HTTP to providers: one session an event loop and kind of address, kept open between runs."""

import asyncio
import weakref
from typing import Any

import aiohttp
from django.conf import settings

from config.lib import outbound

_sessions: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bool, aiohttp.ClientSession]] = (
    weakref.WeakKeyDictionary()
)


def session(*, guarded: bool) -> aiohttp.ClientSession:
    """The running loop's session. ``guarded`` for every address that a user has given; the operator's own need no guard."""
    own = _sessions.setdefault(asyncio.get_running_loop(), {})
    if guarded not in own:
        options: dict[str, Any] = {}
        if guarded:
            options = outbound.connector_options(allow_loopback=settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS)
        own[guarded] = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=30, keepalive_timeout=30, **options),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=settings.PROVIDER_CONNECT_TIMEOUT, sock_read=settings.PROVIDER_STALL_TIMEOUT
            ),
            headers={"User-Agent": "Troupe"},
            trust_env=False,
        )
    return own[guarded]


async def close() -> None:
    """Close the running loop's sessions: for a loop that ends before its process does."""
    for own in _sessions.pop(asyncio.get_running_loop(), {}).values():
        await own.close()
