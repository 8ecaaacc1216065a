"""What many streamed answers at once do to each token, on one worker process, and what a waiting run costs in memory.

``python -m tests.benchmarks.token_delay [--runs 200] [--tokens 500] [--rate 50] [--spacing 0.03]``

Each word of the provider is the moment at which it was sent (the clock is the machine's), so the reader of the event stream
knows how long every single one was on its way, through the worker, Valkey and the web process. Counted are those that were
sent while all runs were under way; the same answers read from the provider directly stand beside it. ``between`` is how much
longer the pause before a token was for the reader than for the provider: what the eye sees.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass, field

import aiohttp
import orjson
import psutil
import uvloop

from tests.benchmarks import client, report
from tests.benchmarks.client import Target
from tests.benchmarks.stack import Person, Stack
from tests.fakes.server import in_process

_WAITING = "fake-5-first90000"


@dataclass
class Delays:
    """Milliseconds: of each token from the provider's socket to the reader, and what came on top between two."""

    tokens: list[tuple[float, float, float | None]] = field(default_factory=list)  # when sent, whole, between
    begun: float = 0.0  # when the last of the runs had its first token
    firsts: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def while_all_run(self) -> tuple[list[float], list[float]]:
        """``whole`` and ``between`` of the tokens sent after every run had begun."""
        counted = [token for token in self.tokens if token[0] >= self.begun]
        return [whole for _, whole, _ in counted], [between for _, _, between in counted if between is not None]


def said(frame: bytes) -> str:
    """The text of one event, of ours or of the provider's."""
    payload = frame[frame.rfind(b"data: ") + 6 :]
    if not payload.startswith(b"{"):
        return ""
    event = orjson.loads(payload)
    if event.get("type") == "content_delta":
        return str(event["delta"])
    choices = event.get("choices")
    return str(choices[0]["delta"].get("content") or "") if choices else ""


async def read(http: aiohttp.ClientSession, target: Target, tokens: int, delays: Delays) -> None:
    """One answer, each of its words held against the clock."""
    rest, word, last, seen, start = b"", "", 0.0, 0, time.monotonic()
    async with http.post(target.url, json=target.body, headers=target.headers) as answer:
        if answer.status != 200:
            delays.errors.append(f"{answer.status}: {(await answer.text())[:200]}")
            return
        async for data in answer.content.iter_any():
            now = time.monotonic()
            *frames, rest = (rest + data).split(b"\n\n")
            for frame in frames:
                *words, word = (word + said(frame)).split(" ")
                for sent in map(float, words):
                    delay = (now - sent) * 1000
                    delays.tokens.append((sent, delay, max(0.0, delay - last) if seen else None))
                    if not seen:
                        delays.firsts.append((now - start) * 1000)
                        delays.begun = max(delays.begun, now)
                    last, seen = delay, seen + 1
            ended = bool(frames) and target.last in frames[-1]
    if seen != tokens or not ended:
        delays.errors.append(f"{seen} of {tokens} tokens came, and {'a good' if ended else 'no good'} end")


async def together(target: Target, runs: int, tokens: int, spacing: float) -> Delays:
    delays = Delays()

    async def one(http: aiohttp.ClientSession, number: int) -> None:
        await asyncio.sleep(number * spacing)
        await read(http, target, tokens, delays)

    async with client.session() as http:
        await asyncio.gather(*(one(http, number) for number in range(runs)))
    return delays


async def memory(stack: Stack, person: Person, agent_id: str, runs: int) -> float:
    """MB of a worker that has done little before, for each run that waits for its first token."""
    worker = stack.children["worker-runs"].pid
    before = report.pss(worker)
    path, headers = f"/agents/{agent_id}/run/", {"Prefer": "respond-async"}
    started = [
        person.request("POST", path, {"message": "Hello"}, expect=202, headers=headers).json()["run_id"]
        for _ in range(runs)
    ]
    async with asyncio.timeout(60):
        while len(psutil.Process(worker).net_connections("tcp")) < runs:  # noqa: ASYNC110  it is another process
            await asyncio.sleep(0.2)
    used = report.pss(worker) - before
    for run_id in started:
        person.request("POST", f"/runs/{run_id}/cancel/")
    return used / runs


async def measure(stack: Stack, url: str, arguments: argparse.Namespace) -> None:
    model = f"fake-{arguments.tokens}-at{arguments.rate}-clock"
    person = stack.register()
    person.provider(url, [model, _WAITING])
    ours = client.troupe(stack.base_url, person.agent(f"fake/{model}"), person.headers)
    await together(ours, 10, arguments.tokens, 0.0)  # warm up
    each = await memory(stack, person, person.agent(f"fake/{_WAITING}", name="Slow"), arguments.runs)
    report.say(f"Memory of the worker: {each:.2f} MB a waiting run, of {arguments.runs}")
    rows: list[list[object]] = []
    failed: list[str] = []
    for name, target in [("direct", client.direct(url, model)), ("troupe", ours)]:
        pids = {"worker": stack.children["worker-runs"].pid, "web": stack.children["web"].pid}
        before = {label: report.cpu_seconds(pid) for label, pid in pids.items()}
        start = time.monotonic()
        delays = await together(target, arguments.runs, arguments.tokens, arguments.spacing)
        took = time.monotonic() - start
        shares = [(report.cpu_seconds(pid) - before[label]) / took * 100 for label, pid in pids.items()]
        whole, between = delays.while_all_run()
        figures = [report.percentile(values, 95) for values in (delays.firsts, whole, between)]
        rows.append([name, len(whole), report.median(whole), *figures, *shares, len(delays.errors)])
        failed += delays.errors
    report.table(
        f"{arguments.runs} answers at once, {arguments.rate} tokens a second each; ms",
        ["way", "tokens", "p50", "p95 first", "p95", "p95 between", "worker %", "web %", "errors"],
        rows,
    )
    report.tell_errors(failed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=500)
    parser.add_argument("--rate", type=int, default=50)
    parser.add_argument("--spacing", type=float, default=0.03, help="seconds between two starts")
    arguments = parser.parse_args()
    report.say(report.machine())
    with in_process("tests.fakes.openai_wire") as (url, _pid), Stack() as stack:
        stack.start("web", "worker-runs")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(stack, url, arguments))


if __name__ == "__main__":
    main()
