"""What a run records of itself. The SDK's own tracing is off: nothing leaves, and nothing waits for a span.

Spans are kept in ``produced.spans`` when they end; the worker writes them with its other upkeep.
"""

from typing import Any

from agents import ModelResponse, ModelSettings
from agents.models.interface import Model
from django.utils import timezone

from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.sink import Sink
from agent_app.runs.registry import Produced
from agent_app.runs.spans import Recorded, SpanType
from config.lib.errors import AppError


class Recorder:
    """The spans of one run. ``agent`` is the one that speaks now; what happens lies below its span."""

    def __init__(self, produced: Produced) -> None:
        self._produced = produced
        self.agent: Recorded | None = None

    def agent_starts(self, name: str, agent_id: str, given: Any) -> None:
        """Another agent's turn: whoever spoke before has ended."""
        self.agent_ends()
        self.agent = self.open("agent", name, agent_id=agent_id, input=given)

    def agent_ends(self, output: Any = None, error: dict[str, str] | None = None) -> None:
        if self.agent is not None:
            span, self.agent = self.agent, None
            self.close(span, output, error)

    def open(self, kind: SpanType, name: str, *, agent_id: str = "", **more: Any) -> Recorded:
        above = self.agent
        owner = agent_id or (above.agent_id if above else "")
        return Recorded(type=kind, name=name, parent_id=above.id if above else None, agent_id=owner, **more)

    def close(self, span: Recorded, output: Any = None, error: dict[str, str] | None = None) -> None:
        span.ended_at = timezone.now()
        span.output = output
        span.error = error
        self._produced.spans.append(span)


class RecordedModel(Model):
    """A model whose calls are spans. Everything else is the wrapped model's business.

    ``asked`` is what the last call was given and ``said`` what it answered: an answer that must be given anew needs both.
    """

    def __init__(self, model: Model, name: str, sink: Sink, recorder: Recorder) -> None:
        self._model = model
        self._name = name
        self._sink = sink
        self._recorder = recorder
        self.asked: list[Any] = []
        self.said: list[Any] = []

    async def get_response(
        self, system_instructions: str | None, input: Any, model_settings: ModelSettings, tools: Any, output_schema: Any,
        handoffs: Any, tracing: Any, **more: Any,
    ) -> ModelResponse:  # fmt: skip
        self.asked = [{"role": "user", "content": input}] if isinstance(input, str) else list(input)
        span = self._recorder.open("generation", self._name, model=self._name)
        span.input = {"instructions": system_instructions, "items": self.asked, "tools": _names(tools, handoffs)}
        error: dict[str, str] | None = {"code": "cancelled", "error": ""}
        answer: ModelResponse | None = None
        before = self._sink.step
        try:
            answer = await self._model.get_response(
                system_instructions, input, model_settings, tools, output_schema, handoffs, tracing, **more
            )
            error = None
        except ProviderError as failure:
            error = {"code": failure.code, "error": failure.message}
            raise
        except AppError as failure:
            error = {"code": failure.error_code, "error": str(failure.detail)}
            raise
        finally:
            if self._sink.step != before:  # else nothing was asked, and nothing is on the bill
                span.step, span.model = self._sink.step, self._sink.step_model
            if answer is not None:
                self.said = [item.model_dump(exclude_unset=True) for item in answer.output]
                span.usage = _usage(answer)
            self._recorder.close(span, self.said if answer is not None else None, error)
        return answer

    def stream_response(self, *arguments: Any, **more: Any) -> Any:
        """We never ask the SDK for its stream (see ``execute``)."""
        raise NotImplementedError


def _names(tools: Any, handoffs: Any) -> list[str]:
    return [tool.name for tool in tools] + [handoff.tool_name for handoff in handoffs]


def _usage(answer: ModelResponse) -> dict[str, int]:
    used = answer.usage
    return {
        "prompt_tokens": used.input_tokens, "completion_tokens": used.output_tokens, "total_tokens": used.total_tokens,
        "cached_tokens": used.input_tokens_details.cached_tokens,
        "reasoning_tokens": used.output_tokens_details.reasoning_tokens,
    }  # fmt: skip
