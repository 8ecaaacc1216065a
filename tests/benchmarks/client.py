"""A light load client: streams answers and notes when the first token came, with as little work a chunk as can be."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

LIMIT = 120.0  # seconds that one request may take


@dataclass(slots=True)
class Timing:
    """One streamed answer. Seconds since the request was sent; ``error`` says what went wrong, if anything."""

    first: float = 0.0
    total: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Target:
    """Where to stream from: ``first`` is in the first token's event, ``last`` in the event that ends a good answer."""

    name: str
    url: str
    body: dict[str, object]
    headers: dict[str, str]
    first: bytes
    last: bytes


def troupe(base_url: str, agent_id: str, headers: dict[str, str]) -> Target:
    body: dict[str, object] = {"message": "Hello", "stream": True}
    url = f"{base_url}/api/v1/agents/{agent_id}/run/"
    return Target("troupe", url, body, headers, b"event: content_delta", b'"status":"succeeded"')


def direct(provider_url: str, model: str) -> Target:
    messages = [{"role": "system", "content": "You answer."}, {"role": "user", "content": "Hello"}]
    body = {"model": model, "messages": messages, "stream": True, "stream_options": {"include_usage": True}}
    return Target("direct", f"{provider_url}/chat/completions", body, {}, b'"delta":{"content":"t', b"data: [DONE]")


def session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=LIMIT), read_bufsize=2**20
    )


async def stream(http: aiohttp.ClientSession, target: Target) -> Timing:
    """One streamed answer, read to its end."""
    timing, start, tail = Timing(), time.perf_counter(), b""
    try:
        async with http.post(target.url, json=target.body, headers=target.headers) as answer:
            if answer.status != 200:
                timing.error = f"{answer.status}: {(await answer.text())[:200]}"
                return timing
            async for data in answer.content.iter_any():
                tail = tail[-200:] + data if timing.first else tail + data
                if not timing.first and target.first in tail:
                    timing.first = time.perf_counter() - start
        timing.total = time.perf_counter() - start
        if not timing.first:
            timing.error = f"no token came: {tail[-200:]!r}"
        elif target.last not in tail:
            timing.error = f"it did not end well: {tail[-200:]!r}"
    except (aiohttp.ClientError, TimeoutError) as error:
        timing.error = repr(error)
    return timing


async def closed_loop(
    concurrency: int, count: int, seconds: float, work: Callable[[], Awaitable[Timing]], *, pause: float = 0.0
) -> tuple[list[Timing], float]:
    """``concurrency`` callers, each asking again once it is answered, until ``count`` calls or ``seconds`` are over.

    Each pauses before a call, ``pause`` seconds on average (exponentially, so that they do not march in step).
    """
    timings: list[Timing] = []
    left = count
    start = time.perf_counter()

    async def caller() -> None:
        nonlocal left
        while left > 0 and time.perf_counter() - start < seconds:
            if pause:
                await asyncio.sleep(random.expovariate(1 / pause))  # a load, not a secret
            left -= 1
            timings.append(await work())

    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return timings, time.perf_counter() - start


async def open_loop(count: int, spacing: float, work: Callable[[], Awaitable[Timing]]) -> list[Timing]:
    """``count`` calls, one every ``spacing`` seconds, whether or not earlier ones are answered."""
    start = time.perf_counter()

    async def one(number: int) -> Timing:
        await asyncio.sleep(max(0.0, start + number * spacing - time.perf_counter()))
        return await work()

    return list(await asyncio.gather(*(one(number) for number in range(count))))
