"""``python -m tests.benchmarks.live_sockets [count]``: open live sockets, and what they cost while nothing happens.

Prints database connections of the web process, its memory a socket, the time to open them, and how long one note takes to
reach all of them.
"""

import asyncio
import json
import sys
import time

import aiohttp
import psutil
import psycopg

from tests.benchmarks.report import percentile, say, table
from tests.benchmarks.stack import Person, Stack

AT_ONCE = 25
IDLE = 35.0  # in which every sign-in is checked once


async def open_sockets(
    session: aiohttp.ClientSession, stack: Stack, person: Person, count: int
) -> list[aiohttp.ClientWebSocketResponse]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> aiohttp.ClientWebSocketResponse:
        async with gate:
            socket = await session.ws_connect(f"{stack.base_url}/api/v1/live/", headers=person.headers, heartbeat=None)
            assert json.loads((await socket.receive()).data)["type"] == "ready"
            return socket

    return await asyncio.gather(*(one() for _ in range(count)))


async def hear(socket: aiohttp.ClientWebSocketResponse) -> float:
    """When the socket heard that an agent was saved. It reads all the while: only so it answers the server's pings."""
    while True:
        message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise RuntimeError(f"a socket was closed: {socket.close_code}")
        if json.loads(message.data)["type"] == "agent.saved":
            return time.perf_counter()


def connections(stack: Stack) -> int:
    with psycopg.connect(stack.urls["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def measure(session: aiohttp.ClientSession, stack: Stack, count: int) -> None:
    person = stack.register()
    agent_id = str(person.create("/agents/", {"name": "Bench"})["id"])
    web = psutil.Process(stack.children["web"].pid)
    before = web.memory_info().rss
    started = time.perf_counter()
    sockets = await open_sockets(session, stack, person, count)
    opened = time.perf_counter() - started
    hearing = [asyncio.create_task(hear(socket)) for socket in sockets]
    held = connections(stack)
    memory = (web.memory_info().rss - before) / count / 1024
    busy = web.cpu_times()
    await asyncio.sleep(IDLE)
    idle = web.cpu_times()
    cpu = (idle.user + idle.system - busy.user - busy.system) / IDLE * 100
    started = time.perf_counter()
    await asyncio.to_thread(person.request, "PATCH", f"/agents/{agent_id}/", {"name": "Again"}, 200)
    times = [(heard - started) * 1000 for heard in await asyncio.gather(*hearing)]
    held = max(held, connections(stack))
    table(
        f"{count} live sockets",
        ("", "figure"),
        [
            ("database connections", held),
            ("opened within, s", opened),
            ("memory a socket, KB", memory),
            ("CPU while idle, %", cpu),
            ("one note to all, p50 ms", percentile(times, 50)),
            ("one note to all, p99 ms", percentile(times, 99)),
        ],
    )


async def run(stack: Stack, count: int) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await measure(session, stack, count)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with Stack() as stack:
        stack.start("web")
        asyncio.run(run(stack, count))
    say()


if __name__ == "__main__":
    main()
