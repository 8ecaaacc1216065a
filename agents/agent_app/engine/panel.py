"""A model asked outside any run: what the test panel of a tool needs of the engine."""

from typing import Any, cast

from agent_app.engine.asks import TeamAsks
from agent_app.engine.sink import Sink
from agent_app.engine.tracing import Recorder
from agent_app.models import Run
from agent_app.runs import charges
from agent_app.runs.log import RunLog
from agent_app.runs.registry import RunContext
from agent_app.runs.stream import StreamWriter
from config.lib.db import in_db


class _Nobody:
    """Nobody follows."""

    def push(self, *_event: Any) -> None:
        return


async def ask_model(run: Run, reference: str, prompt: str, *, temperature: float | None, max_tokens: int | None) -> str:
    """The answer to one prompt, held and booked under the id of ``run``, which is no row."""
    log = RunLog(run.id, run.attempt, 0, cast(StreamWriter, _Nobody()))
    context = RunContext(run=run, definition={}, history=[], log=log)
    asks = TeamAsks(context, Sink(context), Recorder(context.produced))
    try:
        return await asks.model(reference, prompt, temperature=temperature, max_tokens=max_tokens)
    finally:
        await in_db(charges.settle, run, context.produced.unsettled)
