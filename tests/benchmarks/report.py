"""Small tables, percentiles and processor time: what every benchmark prints."""

import platform
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

from tests.benchmarks.client import Timing


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under ``columns``; floats with one digit after the point below 1,000."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(name), *(len(row[i]) for row in cells)) if cells else len(name) for i, name in enumerate(columns)]
    say(f"\n{title}")
    for row in (list(columns), ["-" * width for width in widths], *cells):
        say(
            "  "
            + "  ".join(
                value.rjust(width) if i else value.ljust(width)
                for i, (value, width) in enumerate(zip(row, widths, strict=True))
            )
        )


def _cell(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def percentile(values: Sequence[float], percent: int) -> float:
    """Nearest rank; NaN for nothing."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(percent / 100 * len(ordered) + 0.5) - 1))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")


def good(timings: Iterable[Timing]) -> list[Timing]:
    return [timing for timing in timings if not timing.error]


def errors(timings: Iterable[Timing]) -> list[str]:
    return [timing.error for timing in timings if timing.error]


def tell_errors(found: Sequence[str]) -> None:
    for text in sorted(set(found))[:5]:
        say(f"  ! {found.count(text)} times: {text}")


def machine() -> str:
    """What it was measured on, in a line."""
    memory = psutil.virtual_memory().total / 2**30
    load = psutil.getloadavg()[0]
    return f"{psutil.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}, load before {load:.2f}"


def family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of its children, so far."""
    total = 0.0
    for process in family(pid):
        times = process.cpu_times()
        total += times.user + times.system
    return total


def pss(pid: int) -> float:
    """Proportional set size in MB: shared pages are counted once over all who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return float("nan")
