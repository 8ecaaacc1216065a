"""Requests a second of ``GET /api/v1/agents/`` with 24 agents, beside ``/health/live`` of the same server.

``python -m tests.benchmarks.agents_list [--concurrency 10,100] [--requests 3000] [--seconds 10]``
"""

import argparse
import asyncio
import time
from functools import partial

import aiohttp
import uvloop

from tests.benchmarks import client, report
from tests.benchmarks.client import Timing
from tests.benchmarks.stack import Stack

AGENTS = 24


async def get(http: aiohttp.ClientSession, url: str, headers: dict[str, str], holds: bytes) -> Timing:
    timing, start = Timing(), time.perf_counter()
    try:
        async with http.get(url, headers=headers) as answer:
            body = await answer.read()
        timing.total = time.perf_counter() - start
        if answer.status != 200 or holds not in body:
            timing.error = f"{answer.status}: {body[:200]!r}"
    except (aiohttp.ClientError, TimeoutError) as error:
        timing.error = repr(error)
    return timing


async def measure(stack: Stack, arguments: argparse.Namespace) -> None:
    person = stack.register()
    person.provider("http://127.0.0.1:9/v1", ["fake-200"])
    for number in range(AGENTS):
        person.agent("fake/fake-200", f"Agent {number}")
    webs = [child.pid for child in stack.children.values()]
    rows, failed = [], []
    pages = {
        "agents": (f"{stack.base_url}/api/v1/agents/", b'"count":%d' % AGENTS),
        "health": (f"{stack.base_url}/health/live", b"{"),
    }
    async with client.session() as http:
        for level in (int(part) for part in arguments.concurrency.split(",")):
            for name, (url, holds) in pages.items():
                work = partial(get, http, url, person.headers, holds)
                await client.closed_loop(level, 2 * level, 5, work)  # warm up
                before = sum(map(report.cpu_seconds, webs))
                timings, took = await client.closed_loop(level, arguments.requests, arguments.seconds, work)
                used = sum(map(report.cpu_seconds, webs)) - before
                totals = [timing.total * 1000 for timing in report.good(timings)]
                figures = (report.median(totals), report.percentile(totals, 95), used * 1000 / max(1, len(totals)))
                rows.append([name, level, len(totals) / took, *figures, len(timings) - len(totals)])
                failed += report.errors(timings)
    columns = ["page", "concurrent", "requests/s", "p50 ms", "p95 ms", "web CPU ms", "errors"]
    report.table(f"GET /api/v1/agents/ ({AGENTS} agents, 20 a page)", columns, rows)
    report.tell_errors(failed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--concurrency", default="10,100")
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=1, help="web processes")
    arguments = parser.parse_args()
    report.say(report.machine())
    with Stack(web_processes=arguments.processes) as stack:
        stack.start("web")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(stack, arguments))


if __name__ == "__main__":
    main()
