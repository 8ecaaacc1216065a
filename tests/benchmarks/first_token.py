"""Added time to the first token: client → Troupe's stream against client → the same fake provider, interleaved.

``python -m tests.benchmarks.first_token [--concurrency 1,10,50,200]``

At concurrency 1 runs follow one another. Above, runs start evenly spaced and each lasts long enough for so many to be
under way at once; ``--burst`` starts them all in the same moment instead.
"""

import argparse
import asyncio
from dataclasses import dataclass
from functools import partial

import uvloop

from tests.benchmarks import client, report
from tests.benchmarks.client import Target, Timing
from tests.benchmarks.stack import Stack
from tests.fakes.server import in_process

SPACING = 0.04  # 25 new runs a second
SHAPES = {1: "fake-10-at50", 10: "fake-20-at50", 50: "fake-40-at20", 200: "fake-40-at5"}


@dataclass
class Pair:
    """The two ways to the same model."""

    through: Target
    direct: Target


async def sequential(pair: Pair, rounds: int) -> tuple[list[Timing], list[Timing]]:
    through: list[Timing] = []
    direct: list[Timing] = []
    async with client.session() as http:
        for number in range(rounds + 5):
            timings = await client.stream(http, pair.direct), await client.stream(http, pair.through)
            if number >= 5:  # the first ones warm caches and connections
                direct.append(timings[0])
                through.append(timings[1])
    return through, direct


async def concurrent(pair: Pair, level: int, rounds: int, spacing: float) -> tuple[list[Timing], list[Timing]]:
    """Blocks of each kind in turn, so that both see the same machine; only what starts with all under way counts."""
    through: list[Timing] = []
    direct: list[Timing] = []
    async with client.session() as http:
        for target, timings in ((pair.direct, direct), (pair.through, through)) * 2:
            found = await client.open_loop(level + rounds, spacing, partial(client.stream, http, target))
            timings += found[level:] if spacing else found
    return through, direct


def row(level: int, way: str, through: list[Timing], direct: list[Timing]) -> list[object]:
    ours = [timing.first * 1000 for timing in report.good(through)]
    base = [timing.first * 1000 for timing in report.good(direct)]
    added = (report.median(ours) - report.median(base), report.percentile(ours, 95) - report.percentile(base, 95))
    figures = (
        report.median(base),
        report.percentile(base, 95),
        report.median(ours),
        report.percentile(ours, 95),
        *added,
    )
    return [level, way, len(ours), *figures, len(report.errors(through)) + len(report.errors(direct))]


async def measure(stack: Stack, provider_url: str, levels: list[int], burst: bool) -> None:
    person = stack.register()
    models = sorted(set(SHAPES.values()))
    person.provider(provider_url, models)
    rows, failed = [], []
    for level in levels:
        model = SHAPES[min(SHAPES, key=lambda known: abs(known - level))]
        agent = person.agent(f"fake/{model}", f"Bench {level}")
        pair = Pair(client.troupe(stack.base_url, agent, person.headers), client.direct(provider_url, model))
        if level == 1:
            way, (through, direct) = "one by one", await sequential(pair, 60)
        else:
            way, spacing = ("burst", 0.0) if burst else ("steady", SPACING)
            through, direct = await concurrent(pair, level, 0 if burst else max(50, level // 2), spacing)
        rows.append(row(level, way, through, direct))
        failed += report.errors([*through, *direct])
    columns = [
        "concurrent",
        "start",
        "runs",
        "direct p50",
        "p95",
        "troupe p50",
        "p95",
        "added p50",
        "added p95",
        "errors",
    ]
    report.table("Time to first token, ms", columns, rows)
    report.tell_errors(failed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--concurrency", default="1,10,50,200")
    parser.add_argument("--burst", action="store_true")
    arguments = parser.parse_args()
    report.say(report.machine())
    with in_process("tests.fakes.openai_wire") as (url, _), Stack() as stack:
        stack.start("web", "worker-runs", "worker-cpu", "beat")
        levels = [int(part) for part in arguments.concurrency.split(",")]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(stack, url, levels, arguments.burst))


if __name__ == "__main__":
    main()
