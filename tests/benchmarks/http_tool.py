"""What a call of an http tool costs beside the same request of a bare client, in one run against one server.

``python -m tests.benchmarks.http_tool``
"""

# ruff: noqa: E402, I001  (Django is set up before what asks it for settings)
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

os.environ.update(ENVIRONMENT="development", LOG_LEVEL="ERROR", DJANGO_SETTINGS_MODULE="config.settings")
os.environ["OUTBOUND_ALLOWED_HOSTS"] = "127.0.0.1"
import config  # noqa: F401  (puts agents/ on sys.path)

import django

django.setup()

import httpx

from agent_app.tools import egress
from agent_app.tools.http import HttpTool
from agent_app.tools.registry import CallContext, OutboundBudget, ToolDefinition
from config.lib.ids import uuid7
from tests.benchmarks.report import median, percentile, table
from tests.fakes.site import Site

CALLS = 400
ANSWER = {"city": "Oslo", "days": [{"day": number, "sun": number % 2 == 0, "degrees": 7.5} for number in range(50)]}


async def _measured(once: Callable[[], Awaitable[object]]) -> tuple[list[float], float]:
    """Seconds of each call, one after another, and of processor time for all."""
    for _number in range(20):
        await once()
    seconds, busy = [], time.thread_time()
    for _number in range(CALLS):
        began = time.perf_counter()
        await once()
        seconds.append(time.perf_counter() - began)
    return seconds, time.thread_time() - busy


async def measure(base_url: str) -> None:
    kind, context = HttpTool(), CallContext(workspace_id=uuid7(), actor_id=uuid7(), call_id="c")
    params = {"url": f"{base_url}/cities/{{{{ city }}}}", "query": {"days": "{{ days }}"}, "response_path": "days"}
    tool = ToolDefinition(id=str(uuid7()), name="weather", type="http", params=params)
    [function] = kind.functions(tool)

    async def by_tool() -> object:
        context.outbound = OutboundBudget()
        return await kind.call(tool, function, {"city": "Oslo", "days": "50"}, context)

    rows: list[tuple[object, ...]] = []
    async with httpx.AsyncClient() as client:

        async def bare() -> object:
            return (await client.get(f"{base_url}/cities/Oslo", params={"days": "50"})).json()["days"]

        for name, once in (("bare httpx", bare), ("http tool", by_tool), ("bare httpx again", bare)):
            seconds, busy = await _measured(once)
            rows.append((name, median(seconds) * 1000, percentile(seconds, 95) * 1000, busy / CALLS * 1000))
    await egress.close()
    table(f"{CALLS} calls, one by one, ms", ("", "median", "p95", "processor"), rows)


def serve() -> None:
    """The server, in a process of its own: in this one it would take turns with what is measured."""
    with Site() as site:
        site.answers("/cities/Oslo", ANSWER)
        sys.stdout.write(f"{site.base_url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        command = [sys.executable, "-m", "tests.benchmarks.http_tool", "serve"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin is not None and server.stdout is not None
            asyncio.run(measure(server.stdout.readline().strip()))
            server.stdin.close()
