"""Completed runs a second of the whole stack: streamed, 200-token answers of a provider without delay.

``python -m tests.benchmarks.throughput [--concurrency 10,50] [--runs 600] [--seconds 20]``

The load client and the provider share the machine with the stack; their processor time is printed beside ours.
"""

import argparse
import asyncio
import os

import uvloop

from tests.benchmarks import client, report
from tests.benchmarks.client import Target, Timing
from tests.benchmarks.stack import Stack
from tests.fakes.server import in_process

MODEL = "fake-200"


async def load(target: Target, level: int, runs: int, seconds: float) -> tuple[list[Timing], float]:
    async with client.session() as http:
        return await client.closed_loop(level, runs, seconds, lambda: client.stream(http, target))


def watched(stack: Stack, provider: int) -> dict[str, int]:
    names = {"worker": "worker-runs", "web": "web", "cpu worker": "worker-cpu", "beat": "beat"}
    pids = {label: stack.children[name].pid for label, name in names.items()}
    return pids | {
        "postgres": stack.postgres.pid,
        "valkey": stack.valkey.pid,
        "provider": provider,
        "client": os.getpid(),
    }


def used_by(pids: dict[str, int]) -> dict[str, float]:
    """Processor seconds of each so far. All the others are children of the client, which is this process."""
    used = {label: report.cpu_seconds(pid) for label, pid in pids.items()}
    return used | {"client": used["client"] * 2 - sum(used.values())}


async def measure(stack: Stack, url: str, pid: int, arguments: argparse.Namespace) -> None:
    person = stack.register()
    person.provider(url, [MODEL])
    ours = client.troupe(stack.base_url, person.agent(f"fake/{MODEL}"), person.headers)
    direct = client.direct(url, MODEL)
    await load(ours, 10, 60, 10)  # warm up
    rows: list[list[object]] = []
    cpu: list[list[object]] = []
    failed: list[str] = []
    for level in (int(part) for part in arguments.concurrency.split(",")):
        plain, plain_seconds = await load(direct, level, arguments.runs, arguments.seconds)
        pids = watched(stack, pid)
        before = used_by(pids)
        timings, took = await load(ours, level, arguments.runs, arguments.seconds)
        after = used_by(pids)
        done = report.good(timings)
        totals = [timing.total * 1000 for timing in done]
        rate, plain_rate = len(done) / took, len(report.good(plain)) / plain_seconds
        figures = (rate, report.median(totals), report.percentile(totals, 95), plain_rate, rate / plain_rate * 100)
        rows.append([level, len(done), *figures, len(timings) - len(done)])
        used = {label: (after[label] - before[label]) * 1000 / max(1, len(done)) for label in pids}
        cpu.append([level, *used.values(), sum(used.values())])
        failed += report.errors(timings)
    report.table(
        f"Completed streamed runs ({MODEL})",
        ["concurrent", "runs", "runs/s", "p50 ms", "p95 ms", "direct/s", "% of direct", "errors"],
        rows,
    )
    report.table("Processor time, ms a run", ["concurrent", *watched(stack, pid), "all"], cpu)
    report.tell_errors(failed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--concurrency", default="10,50")
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    report.say(report.machine())
    with in_process("tests.fakes.openai_wire") as (url, pid), Stack() as stack:
        stack.start("web", "worker-runs", "worker-cpu", "beat")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(stack, url, pid, arguments))


if __name__ == "__main__":
    main()
