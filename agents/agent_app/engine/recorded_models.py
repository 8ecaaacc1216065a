"""Models whose calls are recorded: a call is made of tries, and each try is a span."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from agents import ModelResponse, ModelSettings, Tool
from agents.models.interface import Model

from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.sink import Sink
from agent_app.engine.tracing import Recorder
from agent_app.runs.registry import Produced
from agent_app.runs.spans import Recorded
from config.lib.errors import AppError


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
