"""What a run records of itself. The SDK's own tracing is off: nothing leaves, and nothing waits for a span.

Spans are kept in ``produced.spans`` when they end; the worker writes them with its other upkeep.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from agents import ModelResponse, ModelSettings, Tool
from agents.models.interface import Model
from django.utils import timezone

from agent_app.engine.held_spans import HeldSpans
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.sink import Sink
from agent_app.engine.waiting_spans import WaitingSpans
from agent_app.runs.registry import Produced
from agent_app.runs.spans import Recorded, SpanType
from config.lib.errors import AppError


@dataclass(slots=True)
class _Place:
    """Where spans belong: to the agent that speaks, or to the call within which it will. ``held`` are those that wait until the
    answer was checked."""

    above: Recorded | None = None
    agent: Recorded | None = None
    held: HeldSpans | None = None


# Agents that were called as tools speak side by side, each below its call.
_place: ContextVar[_Place | None] = ContextVar("place", default=None)


class Recorder:
    """The spans of one run. ``agent`` is the one that speaks now; what happens lies below its span. ``tools`` are the names of
    those that were called."""

    def __init__(self, produced: Produced) -> None:
        self._produced = produced
        self._root = _Place()
        self.waiting = WaitingSpans()
        self.tools: list[str] = []

    @property
    def agent(self) -> Recorded | None:
        return self._here.agent

    @property
    def _here(self) -> _Place:
        return _place.get() or self._root

    @contextmanager
    def below(self, span: Recorded) -> Iterator[None]:
        """What happens within belongs to ``span``."""
        token = _place.set(_Place(above=span, held=self._here.held))
        try:
            yield
        finally:
            _place.reset(token)

    def agent_starts(self, name: str, agent_id: str, given: Any, *, answers: str | None = None) -> None:
        """Another agent's turn: whoever spoke before has ended. ``answers``: it may have waited, in the conversation that answers
        this call (empty: the run's own)."""
        self.agent_ends()
        self._here.agent = span = self.open("agent", name, agent_id=agent_id, input=given)
        if answers is not None:
            self.waiting.goes_on(f"agent {answers}", span)

    def agent_resumes(self, name: str, agent_id: str, given: Any) -> None:
        """An agent goes on where another worker has left the run. Whoever was about to begin takes no turn where nothing has
        happened yet."""
        here = self._here
        if here.agent is not None and all(span.parent_id != here.agent.id for span in self._produced.spans):
            here.agent = here.agent if here.held and here.held.holds_child_of(here.agent) else None
        self.agent_starts(name, agent_id, given, answers="")

    def agent_waits(self, answers: str) -> None:
        """Whoever speaks waits for people, in the conversation that answers this call (empty: the run's own)."""
        here = self._here
        if here.agent is not None:
            span, here.agent = here.agent, None
            self._waits(f"agent {answers}", span)

    def given(self, what: Any) -> None:
        """What the agent that speaks now was given."""
        if self.agent is not None and not self.agent.goes_on:
            self.agent.input = what

    def agent_ends(self, output: Any = None, error: dict[str, str] | None = None) -> None:
        here = self._here
        if here.agent is not None:
            span, here.agent = here.agent, None
            self.close(span, output, error)

    def open(self, kind: SpanType, name: str, *, agent_id: str = "", **more: Any) -> Recorded:
        above = self._here.agent or self._here.above
        if kind == "tool":
            self.tools.append(name)
        owner = agent_id or (above.agent_id if above else "")
        span = Recorded(type=kind, name=name, parent_id=above.id if above else None, agent_id=owner, **more)
        if self._here.held is not None:
            self._here.held.opens(span)
        return span

    def open_call(self, name: str, call_id: str, given: Any) -> Recorded:
        """The span of a tool's call, which may be one that waited."""
        span = self.open("tool", name, input=given)
        self.waiting.goes_on(f"tool {call_id}", span)
        return span

    def call_waits(self, span: Recorded, call_id: str) -> None:
        """A call has begun, and ends with another worker."""
        self._waits(f"tool {call_id}", span)

    def _waits(self, name: str, span: Recorded) -> None:
        self.waiting.waits(name, span)
        self._produced.spans.append(span)

    def drop(self, span: Recorded) -> None:
        """What was opened did not happen (yet)."""
        self.tools.remove(span.name)

    def close(self, span: Recorded, output: Any = None, error: dict[str, str] | None = None) -> None:
        span.ended_at = timezone.now()
        span.output = output
        span.error = error
        self.waiting.ends(span)
        held = self._here.held
        if held is None or not held.takes(span):
            self._produced.spans.append(span)

    # Answers that are checked

    def hold(self, held: HeldSpans | None) -> None:
        """From here on, what tells of the answer waits until it was checked; None: the answer is checked by nobody."""
        self._here.held = held

    def let_go(self, *, withheld: bool = False) -> None:
        """The answer was checked. Where it is ``withheld``, its words leave the trace."""
        here = self._here
        if (held := here.held) is not None:
            here.held, held.let_go = None, True
            if here.agent is not None:
                held.clean(here.agent, withheld=withheld)
            self._produced.spans += held.give(withheld=withheld)

    def start_over(self) -> None:
        """What was said so far counts for nothing, and nobody will check it."""
        if (held := self._here.held) is not None:
            self._produced.spans += held.give(withheld=True)
            held.said = held.lost = True

    def forget_reasoning(self) -> None:
        if self._here.held is not None:
            self._here.held.forget_reasoning()


class HostedTurn(Protocol):
    """What sees to the calls that a provider makes itself within an answer (``engine.hosted``)."""

    def takes(self, item: Mapping[str, Any], endpoint: Endpoint) -> None: ...

    async def end(self, *, whole: bool) -> None: ...


class Hosted(Protocol):
    """The same for an agent: asked before each answer what may be called within it."""

    async def begin(
        self, tools: Sequence[Tool], settings: ModelSettings
    ) -> tuple[HostedTurn, list[Tool], ModelSettings]: ...


class Call:
    """One call of a model with all its tries: each that was made is a span, and so is each model that was passed over."""

    def __init__(self, recorder: Recorder, name: str, given: dict[str, Any]) -> None:
        self._recorder = recorder
        self._name = name
        self._given = given
        self._first = recorder.open("generation", name, model=name, input=given)
        self._tries = 0
        self._open: Recorded | None = None
        self._last: ProviderError | None = None
        self.hosted: HostedTurn | None = None

    def begins(self, reference: str, provider: str, items: list[Any]) -> None:
        """A model is asked, by one of its keys, with what it can take of what was given."""
        self._open = span = self._next(reference)
        span.details["provider"] = provider
        span.input = {**self._given, "items": items}

    def used(self, step: str) -> None:
        """What the open try has used is on the bill under ``step``."""
        if self._open is not None:
            self._open.step = step

    def fails(self, error: ProviderError, wait: float | None) -> None:
        """So ends the open try; ``wait``: in how many seconds the same model is asked again (None: it is not)."""
        if (span := self._open) is None:
            return
        self._open, self._last = None, error
        if error.status:
            span.details["status"] = error.status
        if wait is not None:
            span.details["wait_ms"] = round(wait * 1000)
        self._recorder.close(span, error=_told(error))

    def takes(self, item: Mapping[str, Any], endpoint: Endpoint) -> None:
        """The provider tells of a part of its answer, which may be a call that it makes itself."""
        if self.hosted is not None:
            self.hosted.takes(item, endpoint)

    def passed_over(self, reference: str, error: ProviderError) -> None:
        """A model that was not even asked. One whose tries have failed is known already."""
        if error is not self._last:
            span = self._next(reference)
            span.details["passed_over"] = True
            self._recorder.close(span, error=_told(error))

    def ends(self, answer: ModelResponse | None, error: dict[str, str] | None) -> list[Any]:
        """What was answered, as items."""
        span = self._open
        if span is None and (answer is not None or not self._tries):  # kept from before, or nobody could be asked
            span = self._first
        made = None if answer is None else [item.model_dump(exclude_unset=True) for item in answer.output]
        if span is not None:
            span.usage = _usage(answer) if answer is not None else None
            self._recorder.close(span, made, error)
        return made or []

    def _next(self, reference: str) -> Recorded:
        self._tries += 1
        if self._tries == 1:
            span = self._first
            span.name = span.model = reference
        else:
            span = self._recorder.open("generation", reference, model=reference, input=self._given)
            span.details["call"] = str(self._first.id)
        span.details["try"] = self._tries
        return span


# The call that this task makes: agents that work side by side share everything else.
_call: ContextVar[Call | None] = ContextVar("call", default=None)


def this_call() -> Call:
    """The call under way; one that nobody reads where none is recorded (a test of a model alone)."""
    return _call.get() or Call(Recorder(Produced()), "", {})


class RecordedModel(Model):
    """A model whose calls are spans. Everything else is the wrapped model's business.

    ``asked`` is what the last call was given and ``said`` what it answered: an answer that must be given anew needs both.
    ``files``, the agent's own, stand before each conversation; but not where it is asked ``apart``, as for a summary.
    ``before`` and ``after`` are told of the turns of conversations: where the run could go on.
    """

    before: Callable[[list[Any]], Awaitable[None]] | None = None
    hosted: Hosted | None = None
    after: Callable[[list[Any], list[Any]], Awaitable[None]] | None = None

    def __init__(self, model: Model, name: str, sink: Sink, recorder: Recorder, files: Any = None) -> None:
        self._model = model
        self._name = name
        self._sink = sink
        self._recorder = recorder
        self._files = files
        self.asked: list[Any] = []
        self.said: list[Any] = []

    def apart(self) -> "RecordedModel":
        """The same model for a question of its own: without the agent's files, and nothing of what was ``asked`` and ``said``
        here changes."""
        return RecordedModel(self._model, self._name, self._sink, self._recorder)

    async def get_response(
        self, system_instructions: str | None, input: Any, model_settings: ModelSettings, tools: Any, output_schema: Any,
        handoffs: Any, tracing: Any, **more: Any,
    ) -> ModelResponse:  # fmt: skip
        self.asked = asked = [{"role": "user", "content": input}] if isinstance(input, str) else list(input)
        if self.before is not None:
            await self.before(asked)
        if self._files is not None:
            input = [self._files, *asked]
        items = asked if isinstance(input, str) else list(input)
        given = {"instructions": system_instructions, "items": items, "tools": _names(tools, handoffs)}
        call = Call(self._recorder, self._name, given)
        if self.hosted is not None:
            call.hosted, tools, model_settings = await self.hosted.begin(tools, model_settings)
        error: dict[str, str] | None = {"code": "cancelled", "error": ""}
        answer: ModelResponse | None = None
        token = _call.set(call)
        try:
            answer = await self._model.get_response(
                system_instructions, input, model_settings, tools, output_schema, handoffs, tracing, **more
            )
            error = None
        except ProviderError as failure:
            error = _told(failure)
            raise
        except AppError as failure:
            error = {"code": failure.error_code, "error": str(failure.detail)}
            raise
        finally:
            _call.reset(token)
            self.said = said = call.ends(answer, error)
            if call.hosted is not None:
                await call.hosted.end(whole=answer is not None)
        if self.after is not None:
            await self.after(asked, said)
        return answer

    def stream_response(self, *arguments: Any, **more: Any) -> Any:
        """We never ask the SDK for its stream (see ``execute``)."""
        raise NotImplementedError


def _told(error: ProviderError) -> dict[str, str]:
    return {"code": error.code, "error": error.message}


def _names(tools: Any, handoffs: Any) -> list[str]:
    return [tool.name for tool in tools] + [handoff.tool_name for handoff in handoffs]


def _usage(answer: ModelResponse) -> dict[str, int]:
    used = answer.usage
    return {
        "prompt_tokens": used.input_tokens, "completion_tokens": used.output_tokens, "total_tokens": used.total_tokens,
        "cached_tokens": used.input_tokens_details.cached_tokens,
        "reasoning_tokens": used.output_tokens_details.reasoning_tokens,
    }  # fmt: skip
