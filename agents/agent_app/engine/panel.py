"""Models and agents asked outside any run: what the test panels of tools and guardrails need of the engine.

What they cost is held and booked under the id of a run that is no row.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from agent_app.engine.asks import TeamAsks
from agent_app.engine.build import judge_of
from agent_app.engine.judge import Judge
from agent_app.engine.sink import Sink
from agent_app.engine.tracing import Recorder
from agent_app.guardrails.registry import CheckFailed
from agent_app.guardrails.verdict import Verdict
from agent_app.models import Run
from agent_app.runs import charges
from agent_app.runs.log import RunLog
from agent_app.runs.registry import RunContext, RunFailure
from agent_app.runs.stream import StreamWriter
from config.lib.db import in_db


class _Nobody:
    """Nobody follows."""

    def push(self, *_event: Any) -> None:
        return


def _context(run: Run) -> RunContext:
    log = RunLog(run.id, run.attempt, 0, cast(StreamWriter, _Nobody()))
    return RunContext(run=run, definition={}, history=[], log=log)


async def ask_model(run: Run, reference: str, prompt: str, *, temperature: float | None, max_tokens: int | None) -> str:
    """The answer to one prompt."""
    context = _context(run)
    asks = TeamAsks(context, Sink(context), Recorder(context.produced))
    try:
        return await asks.model(reference, prompt, temperature=temperature, max_tokens=max_tokens)
    finally:
        await in_db(charges.leave, run, context.produced.unsettled)


class Judging:
    """Agents that judge texts, each as its definition in ``judges`` says."""

    def __init__(self, run: Run, judges: Mapping[str, Mapping[str, Any]]) -> None:
        self._context = _context(run)
        self._judges = {key: dict(each) for key, each in judges.items()}
        self._judge: Judge | None = None

    async def verdict(self, agent_id: str, text: str) -> Verdict:
        """Raises CheckFailed, and NotEnoughCredits."""
        try:
            if self._judge is None:
                sink, recorder = Sink(self._context), Recorder(self._context.produced)
                self._judge = await judge_of(self._context, sink, recorder, self._judges)
            return await self._judge.verdict(agent_id, text)
        except RunFailure as error:
            raise CheckFailed(error.error) from error

    async def close(self) -> Decimal:
        """Book what was asked, and give back what was not. Answers what it has cost."""
        await in_db(charges.close, self._context.run, self._context.produced)
        return self._context.produced.credits
