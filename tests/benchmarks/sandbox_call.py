"""What one call of a function costs in the sandbox that can only compute, and one command in a machine of its own.

``python -m tests.benchmarks.sandbox_call``
"""

# ruff: noqa: E402, I001  (Django is set up before what asks it for settings)
import asyncio
import os
import statistics
import time

os.environ.update(ENVIRONMENT="development", LOG_LEVEL="ERROR", DJANGO_SETTINGS_MODULE="config.settings")
import config  # noqa: F401  (puts agents/ on sys.path)

import django

django.setup()

from agent_app.tools.sandbox import machine, python, source
from agent_app.tools.sandbox.bubblewrap import Box

CODE = '''
import json

def score(items: list[dict], bonus: float = 1.5) -> dict:
    """A small function as people write them."""
    total = sum(item["price"] * item["count"] for item in items)
    return {"total": round(total * bonus, 2), "names": sorted(item["name"] for item in items)}
'''
ITEMS = [{"name": f"n{number}", "price": number * 1.1, "count": number} for number in range(20)]


def _told(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    ninth = ordered[int(len(ordered) * 0.95)]
    print(f"{name}: median {statistics.median(ordered) * 1000:.2f} ms, p95 {ninth * 1000:.2f} ms, {len(ordered)} calls")


async def functions(count: int = 300) -> None:
    signature = source.read(CODE)
    began = time.perf_counter()
    await python.call(CODE, signature, {"items": ITEMS})
    print(f"first call, with its process: {(time.perf_counter() - began) * 1000:.1f} ms")
    seconds = []
    for _number in range(count):
        began = time.perf_counter()
        await python.call(CODE, signature, {"items": ITEMS})
        seconds.append(time.perf_counter() - began)
    _told("warm function call", seconds)
    began = time.perf_counter()
    await asyncio.gather(*(python.call(CODE, signature, {"items": ITEMS}) for _number in range(count)))
    print(f"{count} at once: {count / (time.perf_counter() - began):.0f} a second")
    await python.close()


def machines(count: int = 20) -> None:
    if reason := machine.unavailable():
        print(f"machines: {reason}")
        return
    seconds = []
    for _number in range(count):
        began = time.perf_counter()
        machine.run(["/.box/sh", "-c", "ls"], Box(programs=("ls",)))
        seconds.append(time.perf_counter() - began)
    _told("command in a machine of its own", seconds)


if __name__ == "__main__":
    asyncio.run(functions())
    machines()
