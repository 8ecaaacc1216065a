"""Processor time of one 200-token streamed answer inside a worker process, for each of the three protocols: our engine, the
stock SDK (Anthropic's own client, for which the SDK has no model), the bare bytes.

Our engine builds the SDK's agent, reads the wire, coalesces deltas and sends its events to a real Valkey; the database
work around it, which the throughput benchmark has, is not in these figures.

``python -m tests.benchmarks.worker_cpu [--runs 200]``

Everything runs in this process, one answer after the other and the kinds in turn; the provider is a process of its own.
Process time counts, so a busy machine does not change it much.
"""

import argparse
import asyncio
import base64
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.update(
    ENVIRONMENT="development",
    LOG_LEVEL="ERROR",
    DJANGO_SETTINGS_MODULE="config.settings",
    FIELD_ENCRYPTION_KEY=base64.b64encode(bytes(32)).decode(),
)
import config  # noqa: F401  (puts agents/ on sys.path)

import django

django.setup()

import aiohttp
import anthropic
import openai
import uvloop
from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, RunConfig, Runner
from agents.models.interface import Model
from django.test.utils import override_settings

from agent_app.engine.execute import execute
from agent_app.engine.providers import transport
from agent_app.models import Message, Provider, Run
from agent_app.runs.log import RunLog
from agent_app.runs.registry import RunContext
from agent_app.runs.stream import StreamWriter
from config.lib.ids import uuid7
from tests.benchmarks import client, report
from tests.benchmarks.stack import Stack
from tests.fakes.server import in_process

MODEL = "fake-200"
ROUNDS = 5
Kind = Callable[[], Awaitable[int]]


def bare(http: aiohttp.ClientSession, url: str) -> Kind:
    """Read the bytes and look at none of them."""
    target = client.direct(url, MODEL)

    async def once() -> int:
        size = 0
        async with http.post(target.url, json=target.body) as answer:
            async for data in answer.content.iter_any():
                size += len(data)
        return size

    return once


def stock_client(provider: openai.AsyncOpenAI) -> Kind:
    """The official client alone, which builds a validated object for each chunk."""

    async def once() -> int:
        answer = await provider.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Hello"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return len([chunk async for chunk in answer])

    return once


def anthropic_client(provider: anthropic.AsyncAnthropic) -> Kind:
    async def once() -> int:
        asked: Any = {"model": MODEL, "max_tokens": 1000, "messages": [{"role": "user", "content": "Hello"}]}
        async with provider.messages.stream(**asked) as answer:
            return len([event async for event in answer])

    return once


def stock_sdk(model: Model) -> Kind:
    """The SDK as its documentation uses it."""
    agent: Agent[Any] = Agent(name="Bench", instructions="You answer.", model=model)

    async def once() -> int:
        result = Runner.run_streamed(agent, "Hello", run_config=RunConfig(tracing_disabled=True))
        return len([event async for event in result.stream_events()])

    return once


def engine(url: str, key: str, kind: str) -> Kind:
    """``engine.execute`` as a worker calls it, its events going to Valkey. Its first step is held, as it is for any run."""
    api = {"api": "responses"} if kind == "openai" else {}  # as OpenAI's own address would be asked
    provider = Provider(id=uuid7(), type=kind, name="fake", base_url=url, additional_config=api)
    provider.set_api_key(key)
    definition = {"name": "Bench", "instructions": "You answer.", "model_settings": {}}
    history = [Message(role="user", content="Hello")]
    writer = StreamWriter()

    async def once() -> int:
        run = Run(id=uuid7(), kind="agent", model=f"fake/{MODEL}", provider=provider, attempt=1)
        log = RunLog(run.id, 1, 0, writer)
        held: dict[str, int | None] = {"turn:1": None}
        outcome = await execute(RunContext(run=run, definition=definition, history=history, log=log, held=held))
        log.flush_delta()
        assert outcome.status == "succeeded"
        return log.seq

    return once


async def measure(openai_url: str, anthropic_url: str, runs: int) -> None:
    key = "sk-fake"  # pragma: allowlist secret
    async with (
        client.session() as http,
        openai.AsyncOpenAI(base_url=openai_url, api_key=key, max_retries=0) as provider,
        anthropic.AsyncAnthropic(base_url=anthropic_url, api_key=key, max_retries=0) as claude,
    ):
        chat, responses = OpenAIChatCompletionsModel(MODEL, provider), OpenAIResponsesModel(MODEL, provider)
        protocols: dict[str, dict[str, Kind]] = {
            "Chat Completions": {
                "bytes": bare(http, openai_url), "our engine": engine(openai_url, key, "custom"),
                "openai client": stock_client(provider), "stock SDK": stock_sdk(chat),
            },
            "Responses": {"our engine": engine(openai_url, key, "openai"), "stock SDK": stock_sdk(responses)},
            "Messages": {
                "our engine": engine(anthropic_url, key, "anthropic"), "anthropic client": anthropic_client(claude),
            },
        }  # fmt: skip
        for name, kinds in protocols.items():
            await compare(name, kinds, runs)
    await transport.close()


async def compare(protocol: str, kinds: dict[str, Kind], runs: int) -> None:
    used: dict[str, list[float]] = {name: [] for name in kinds}
    for once in kinds.values():
        for _ in range(10):
            await once()
    for _ in range(ROUNDS):
        for name, once in kinds.items():
            start = time.process_time()
            for _ in range(runs // ROUNDS):
                await once()
            used[name].append((time.process_time() - start) * 1000 / (runs // ROUNDS))
    stock = list(kinds)[-1]
    base = report.median(used[stock])
    rows = [[name, report.median(each), min(each), report.median(each) / base * 100] for name, each in used.items()]
    report.table(
        f"{protocol}: CPU of one 200-token streamed answer, ms", ["way", "median", "best round", f"% of {stock}"], rows
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    arguments = parser.parse_args()
    if "DATABASE_URL" not in os.environ:  # Django reads its settings once: again, now that the stores are known
        report.say(report.machine())
        with Stack() as stack:
            subprocess.run(
                [sys.executable, "-m", __spec__.name, *sys.argv[1:]], env={**os.environ, **stack.variables}, check=True
            )
        return
    with (
        in_process("tests.fakes.openai_wire") as (openai_url, _),
        in_process("tests.fakes.anthropic_wire") as (anthropic_url, _),
        override_settings(OUTBOUND_ALLOW_LOOPBACK_PROVIDERS=True),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(measure(openai_url, anthropic_url, arguments.runs))


if __name__ == "__main__":
    main()
