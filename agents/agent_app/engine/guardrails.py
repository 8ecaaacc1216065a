"""The guardrails of one run: what is checked when, and what becomes of a text that one of them stops.

The SDK has guardrails of its own; they can only stop a run, know the first agent's input and the last one's output, and see
a parallel trip too late. Ours are asked at the same places and at those between: a handoff's target checks what it is given,
and everybody who has spoken checks the answer before it is final.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import orjson
from django.utils.translation import gettext as _

from agent_app import output_types
from agent_app.engine.asking import Asking
from agent_app.engine.held_spans import HeldSpans
from agent_app.engine.sink import Sink
from agent_app.engine.tracing import Recorder
from agent_app.guardrails import frozen, registry
from agent_app.guardrails.checking import Checked, Guard, parts_after
from agent_app.guardrails.registry import BLOCKING, INPUT, OUTPUT, PARALLEL, WARN
from agent_app.guardrails.texts import Asked
from agent_app.output_types import InvalidOutput
from agent_app.runs import events
from agent_app.runs.registry import Paused, RunContext, RunFailure

T = TypeVar("T")
Definition = Mapping[str, Any]

# Who has spoken within the call of an agent as a tool: what it answers is checked by itself.
_within: ContextVar[list[str] | None] = ContextVar("within", default=None)


class Stopped(RunFailure):
    """A guardrail has stopped the run. ``shown`` is what people read in the place of the answer."""

    def __init__(self, stage: str, shown: str, error: str = "") -> None:
        super().__init__("guardrail_tripped", error or shown, code="guardrail_tripped")
        self.stage = stage
        self.shown = shown


class Guards(Asking):
    """The guardrails of all agents of a run. ``definitions`` are those of its agents, by id."""

    def __init__(
        self, context: RunContext, sink: Sink, recorder: Recorder, definitions: Mapping[str, Definition]
    ) -> None:
        super().__init__(context, recorder)
        self._sink = sink
        self._definitions = definitions
        self._speakers: list[str] = []
        self._since = 0  # where in the answer the last speaker begins
        sink.hold = any(
            each.get("hold_until_checked") and _of(each, OUTPUT) for each in frozen.aloud(context.definition)
        )
        beside = any(each["mode"] == PARALLEL and each["action"] != WARN for each in _of(context.definition, INPUT))
        if beside or self.may_withhold_any:
            recorder.hold(HeldSpans(said=context.run.attempt > 1))

    def of(self, agent_id: str, stage: str) -> list[Guard]:
        return _of(self._definitions[agent_id], stage)

    def speaks(self, agent_id: str) -> None:
        """Whoever speaks checks the answer before it is final: to the reader, or to the agent that has called it."""
        within = _within.get()
        (self._speakers if within is None else within).append(agent_id)

    # A run that goes on

    def kept(self) -> dict[str, Any]:
        """What must be known to go on with another worker; see ``restore``."""
        return {"asked": self._context.produced.asked, "speakers": list(self._speakers), "since": self._since}

    def restore(self, kept: Mapping[str, Any], passed: Sequence[str]) -> None:
        """The run goes on after it waited: what was checked then is not checked again."""
        produced, run = self._context.produced, self._context.run
        self._speakers[:] = kept["speakers"]
        self._since = kept["since"]
        produced.passed.update(passed)
        if kept["asked"] is not None:
            produced.asked = kept["asked"]
            run.input = {**run.input, "message": produced.asked}

    # Input

    async def enter(self, agent_id: str, items: list[Any], *, first: bool = False, said: int = 1) -> list[Any]:
        """Before an agent's first turn: what it is asked (the last ``said`` of what people said) as its guardrails leave it.

        The ``first`` agent's parallel ones are asked by ``beside``, and what is left of the message is what is kept of it.
        Raises Stopped.
        """
        self.speaks(agent_id)
        if _within.get() is None:
            self._since = len(self._context.produced.content)
        guardrails = self.of(agent_id, INPUT)
        blocking = [each for each in guardrails if each["mode"] == BLOCKING or not first]
        asked = Asked(items, said)
        for guardrail in blocking:
            await self._pass(guardrail, asked)
        if first and asked.changed:
            self._keep_asked(asked.parts[0])
        if first and len(blocking) == len(guardrails):
            self._context.produced.passed.add(INPUT)
        return asked.items()

    async def _pass(self, guardrail: Guard, asked: Asked) -> None:
        found = await self.ask(guardrail, "".join(asked.parts))
        after = parts_after(guardrail, found.verdict, asked.parts)
        if after is None:
            raise Stopped(INPUT, found.message)
        asked.parts = after

    def _keep_asked(self, text: str) -> None:
        """The person's message as a guardrail has left it is the one that is stored, shown and sent along later."""
        run = self._context.run
        self._context.produced.asked = text
        run.input = {**run.input, "message": text}
        if run.user_message_id:
            self._context.log.append(events.MESSAGE_REPLACED, message_id=run.user_message_id, content=text)

    async def beside(self, work: Coroutine[Any, Any, T], agent_id: str, items: list[Any]) -> T:
        """Do ``work`` while the parallel guardrails look at what was asked. One that trips ends it. Raises Stopped."""
        guardrails = [each for each in self.of(agent_id, INPUT) if each["mode"] == PARALLEL]
        if not guardrails or INPUT in self._context.produced.passed:
            return await work
        text = "".join(Asked(items).parts)
        main = asyncio.create_task(work)
        checks = {asyncio.create_task(self._alongside(guardrail, text)) for guardrail in guardrails}
        try:
            await _first_trouble({main, *checks}, main)
            await asyncio.gather(*checks)  # an answer is none before all have passed what it answers
            self._context.produced.passed.add(INPUT)
            return await main
        except Paused:  # nobody is asked about what a guardrail stops
            await asyncio.gather(*checks)
            self._context.produced.passed.add(INPUT)
            raise
        finally:
            for task in (main, *checks):
                task.cancel()
            await asyncio.gather(main, *checks, return_exceptions=True)

    async def _alongside(self, guardrail: Guard, text: str) -> None:
        found = await self.ask(guardrail, text)
        if parts_after(guardrail, found.verdict, [text]) is None:
            raise Stopped(INPUT, found.message, self._with_tools(found.message))

    def _with_tools(self, message: str) -> str:
        """What was already done when a parallel guardrail tripped cannot be undone: that is said."""
        if not self._recorder.tools:
            return message
        names = ", ".join(dict.fromkeys(self._recorder.tools))
        return _("%(message)s These tools had already been called by then: %(names)s.") % {
            "message": message,
            "names": names,
        }

    # Output

    @property
    def may_withhold_any(self) -> bool:
        """Whether something of the run's answer may have to be taken back."""
        return frozen.may_withhold(self._context.definition)

    def may_withhold(self, agent_id: str) -> bool:
        """Whether something of the answer of ``agent_id``, or of whom it hands over to, may have to be taken back."""
        return frozen.may_withhold({**self._definitions[agent_id], "targets": self._definitions})

    def start_over(self) -> None:
        """What was said does not count, and nobody will check it."""
        if self.may_withhold_any:
            self._sink.unshow()
            self._recorder.start_over()

    async def leave(self, output: Any) -> Any:
        """Before an answer is final: the output as the guardrails of everybody who has spoken leave it. Raises Stopped."""
        before = self._answer()
        return self._let_go(before, await self._checked(self._speakers, before), output)

    async def _checked(self, speakers: Iterable[str], parts: list[str]) -> list[str]:
        """What the output guardrails of ``speakers`` leave of a text. Raises Stopped."""
        guardrails = self._output_of(speakers)
        for guardrail in (each for each in guardrails if each["mode"] == BLOCKING):
            found = await self.ask(guardrail, "".join(parts))
            parts = self._left(guardrail, found, parts)
        beside = [each for each in guardrails if each["mode"] == PARALLEL]
        for found in await _all(self.ask(each, "".join(parts)) for each in beside):
            parts = self._left(found.guardrail, found, parts)
        return parts

    def leave_at_once(self) -> None:
        """The same where there is no time to ask anybody (the run was cancelled, or failed): what only others could say of an
        answer's beginning is not shown."""
        produced = self._context.produced
        if not produced.text or OUTPUT in produced.passed:
            return
        parts = before = self._answer()
        try:
            for guardrail in self._output_of(self._speakers):
                kind = registry.get(guardrail["implementation"])
                if not kind.pure:
                    if guardrail["action"] == WARN:
                        continue
                    raise Stopped(OUTPUT, _("The answer was not checked to its end and is not shown."))
                verdict = registry.checked(kind, "".join(parts), guardrail["config"])
                parts = self._left(guardrail, Checked(guardrail=guardrail, verdict=verdict, seconds=0), parts)
            self._let_go(before, parts, None)
        except Stopped as stopped:
            self.withhold(stopped)

    def _output_of(self, speakers: Iterable[str]) -> list[Guard]:
        return [each for agent_id in dict.fromkeys(speakers) for each in self.of(agent_id, OUTPUT)]

    def _answer(self) -> list[str]:
        """What was said before the last speaker began, and since."""
        content = self._context.produced.content
        said = content[self._since :]
        begins = self._since + len(said) - len(said.lstrip("\n")) if self._since else 0
        return [content[:begins], content[begins:]]

    def _left(self, guardrail: Guard, found: Checked, parts: list[str]) -> list[str]:
        after = parts_after(guardrail, found.verdict, parts)
        if after is None:
            raise Stopped(OUTPUT, found.message)
        return after

    def _let_go(self, before: list[str], parts: list[str], output: Any) -> Any:
        produced = self._context.produced
        if parts != before:
            output = self._reformed(self._speakers[-1], output, parts[1] or parts[0])
            self._sink.replace("".join(parts))
        elif self._reasoning_tells():
            produced.reasoning.clear()
            self._sink.unshow(events.REASONING_DELTA)
            self._recorder.forget_reasoning()
        self._recorder.let_go(withheld=parts != before)
        self._sink.release()
        produced.passed.add(OUTPUT)
        return output

    def _reformed(self, agent_id: str, output: Any, text: str) -> Any:
        """The agent's output once its text was changed: of the form its type asks for, or nothing. Raises Stopped."""
        if output is None or isinstance(output, str):
            return None if output is None else text
        chosen = self._definitions[agent_id].get("output_type")
        try:
            return output_types.parse(chosen, text) if chosen else text
        except InvalidOutput as error:
            raise Stopped(
                OUTPUT, _("Without what a guardrail took out of it, the answer does not have its form any more.")
            ) from error

    def _reasoning_tells(self) -> bool:
        """Whether the model's reasoning has what the answer was found to be without."""
        text = "".join(self._context.produced.reasoning)
        for guardrail in self._output_of(self._speakers) if text else ():
            kind = registry.get(guardrail["implementation"])
            searches = kind.pure and kind.finds and kind.name != "length" and not guardrail["config"].get("must_match")
            if searches and guardrail["action"] != WARN and registry.checked(kind, text, guardrail["config"]).tripped:
                return True
        return False

    def withhold(self, stopped: Stopped) -> None:
        """What readers have seen of an answer, and what is kept of it, is the guardrail's message."""
        produced = self._context.produced
        produced.passed.discard(stopped.stage)
        self._sink.unshow()
        if produced.text or produced.reasoning:
            self._sink.replace(stopped.shown)
            self._sink.release()
        self._recorder.let_go(withheld=True)
        produced.passed.add(OUTPUT)  # what is left are the builder's words

    # Within the call of an agent as a tool

    @contextmanager
    def within(self, speakers: list[str]) -> Iterator[None]:
        """Who speaks within, speaks to another agent, and is added to ``speakers``."""
        token = _within.set(speakers)
        try:
            yield
        finally:
            _within.reset(token)

    async def answers(self, speakers: list[str], output: Any) -> Any:
        """What another agent is answered, as the guardrails of everybody who has spoken leave it. Raises Stopped."""
        text = output if isinstance(output, str) else orjson.dumps(output, default=str).decode()
        [left] = await self._checked(speakers, [text])
        return output if left == text else self._reformed(speakers[-1], output, left)


def _of(definition: Definition, stage: str) -> list[Guard]:
    return [each for each in definition.get("guardrails") or [] if each["type"] == stage]


async def _all(asked: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What all answer. Where one raises, the others are over as well: what they cost must not be for nobody."""
    tasks = [asyncio.create_task(each) for each in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first_trouble(tasks: set["asyncio.Task[Any]"], main: "asyncio.Task[Any]") -> None:
    """Until ``main`` has ended, or one of the others has raised."""
    waiting: set[asyncio.Task[Any]] = set(tasks)
    while main in waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
