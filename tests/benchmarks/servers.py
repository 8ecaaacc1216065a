"""The ASGI servers beside each other: small requests, and streamed answers, through the whole application.

``python -m tests.benchmarks.servers [--concurrency 10,100]``

One process of each. daphne and uvicorn are dependencies; granian takes part where it is installed
(``uv pip install granian``). Processor time is the server process's own.
"""

import argparse
import asyncio
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import requests
import uvloop

from config.env import BASE_DIR
from tests.benchmarks import agents_list, client, report
from tests.benchmarks.stack import Person, Stack
from tests.fakes.server import in_process

APPLICATION = "config.asgi:application"
MODEL = "fake-200"
SERVERS: dict[str, Callable[[int], list[str]]] = {
    "uvicorn": lambda port: [
        "uvicorn", APPLICATION, "--port", str(port), "--lifespan", "off", "--no-access-log", "--log-level", "error",
    ],
    "daphne": lambda port: ["daphne", "--port", str(port), "--verbosity", "0", "--no-server-name", APPLICATION],
    "granian": lambda port: [
        "granian", "--interface", "asginl", "--port", str(port), "--no-log", "--loop", "uvloop", APPLICATION,
    ],
}  # fmt: skip


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def wait_for(url: str) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            requests.get(url, timeout=1)
            return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
    raise RuntimeError(f"{url} does not answer")


async def measure(base_url: str, pid: int, person: Person, agent_id: str, level: int) -> list[tuple[str, list[object]]]:
    stream = client.troupe(base_url, agent_id, person.headers)
    rows: list[tuple[str, list[object]]] = []
    async with client.session() as http:
        kinds = {
            "health": partial(agents_list.get, http, f"{base_url}/health/live", {}, b"{"),
            "agents": partial(agents_list.get, http, f"{base_url}/api/v1/agents/", person.headers, b"count"),
            "stream": partial(client.stream, http, stream),
        }
        for name, work in kinds.items():
            await client.closed_loop(level, 2 * level, 5, work)  # warm up
            before = report.cpu_seconds(pid)
            timings, took = await client.closed_loop(level, 2000, 6, work)
            used = report.cpu_seconds(pid) - before
            done = [timing.total * 1000 for timing in report.good(timings)]
            figures = [
                len(done) / took,
                report.median(done),
                report.percentile(done, 95),
                used * 1000 / max(1, len(done)),
            ]
            rows.append((name, [*figures, len(timings) - len(done)]))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--concurrency", default="10,100")
    levels = [int(part) for part in parser.parse_args().concurrency.split(",")]
    report.say(report.machine())
    rows: list[list[object]] = []
    with in_process("tests.fakes.openai_wire") as (url, _), Stack() as stack:
        stack.start("web", "worker-runs")
        person = stack.register()
        person.provider(url, [MODEL])
        agent_id = person.agent(f"fake/{MODEL}")
        stack.children["web"].stop()
        for name, command in SERVERS.items():
            if importlib.util.find_spec(name) is None:
                continue
            port = free_port()
            environment = {**os.environ, **stack.variables}
            process = subprocess.Popen([sys.executable, "-m", *command(port)], cwd=BASE_DIR, env=environment)
            try:
                wait_for(f"http://127.0.0.1:{port}/health/live")
                for level in levels:
                    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                        work = measure(f"http://127.0.0.1:{port}", process.pid, person, agent_id, level)
                        rows += [[kind, level, name, *figures] for kind, figures in runner.run(work)]
            finally:
                process.terminate()
                process.wait()
    columns = ["what", "concurrent", "server", "per second", "p50 ms", "p95 ms", "CPU ms", "errors"]
    report.table("ASGI servers, one process each", columns, sorted(rows, key=lambda row: (str(row[0]), row[1])))


if __name__ == "__main__":
    main()
