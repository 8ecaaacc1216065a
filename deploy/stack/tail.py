"""What matters in the children's logs, for the terminal: errors, shortened; never more than a few lines at a time."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

MARKS = (b'"level":"ERROR"', b'"level":"CRITICAL"', b"FATAL:", b"PANIC:", b"Traceback (most recent call last)")
LINES_AT_ONCE = 5
LARGEST_LOG = 50 * 1024 * 1024


class Tail:
    """Follows one log file by reading what was appended since the last look."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self.position = 0

    def news(self) -> list[str]:
        try:
            size = self.path.stat().st_size
            if size <= self.position:
                self.position = size
                return []
            with self.path.open("rb") as stream:
                stream.seek(self.position)
                new = stream.read(1 << 20)
        except FileNotFoundError:
            return []
        whole = new[: new.rfind(b"\n") + 1]
        self.position += len(whole)
        if size > LARGEST_LOG:
            self.cut()
        found = [line for line in whole.splitlines() if any(mark in line for mark in MARKS)]
        shown = [f"{self.name}: {_short(line.decode(errors='replace'))}" for line in found[:LINES_AT_ONCE]]
        if len(found) > LINES_AT_ONCE:
            shown.append(f"{self.name}: {len(found) - LINES_AT_ONCE} more errors in {self.path}")
        return shown

    def cut(self) -> None:
        """Keep one old part. Children append, so they go on at the start of the emptied file."""
        shutil.copyfile(self.path, self.path.with_name(f"{self.path.name}.1"))
        os.truncate(self.path, 0)
        self.position = 0


def _short(line: str) -> str:
    try:
        record = json.loads(line)
        text = f"{record['message']} {str(record.get('exception', '')).splitlines()[-1:] or ''}".strip()
    except (ValueError, KeyError, TypeError):
        text = line
    return text if len(text) <= 300 else f"{text[:300]}…"


async def follow(tails: Iterable[Tail], show: Callable[[str], None], every: float = 1.0) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(every)
        for tail in tails:
            for line in tail.news():
                show(line)
