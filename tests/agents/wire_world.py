"""Asking a fake provider through our own models, without a database: a run that was never stored, with its first step held."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agents import FunctionTool, ModelResponse, ModelSettings, ModelTracing
from agents.agent_output import AgentOutputSchemaBase
from agents.items import TResponseInputItem
from agents.tool_context import ToolContext

from agent_app.engine.providers import select, transport
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.providers.request import Request
from agent_app.engine.response_cache import ResponseCache
from agent_app.engine.routing import Route, RoutedModel
from agent_app.engine.sink import Sink
from agent_app.keys import ChosenKey
from agent_app.model_references import ResolvedModel
from agent_app.models import Provider, Run
from agent_app.runs.log import RunLog
from agent_app.runs.registry import Produced, RunContext
from agent_app.runs.stream import StreamWriter
from config.lib.ids import uuid7
from tests.agents.world import KEY

T = TypeVar("T")


class Unsent(StreamWriter):
    """Keeps what would go to Valkey."""

    def push(self, *event: Any) -> None:
        self._queue.append(event)


class FreeSink(Sink):
    """Every step is held already: nothing is priced, and the database is not asked."""

    def _next_step(self, reference: str) -> str:
        step = super()._next_step(reference)
        self._context.held.setdefault(step, None)
        return step


@dataclass
class Said:
    """What came of one call."""

    response: ModelResponse | None
    error: ProviderError | None
    produced: Produced
    truncated: bool
    run: Run
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def items(self) -> list[Any]:
        assert self.response is not None, self.error
        return self.response.output

    @property
    def history(self) -> list[TResponseInputItem]:
        """The answer as the SDK hands it to the next call."""
        assert self.response is not None, self.error
        return self.response.to_input_items()


def provider_of(base_url: str, kind: str = "custom", **fields: Any) -> Provider:
    if kind == "openai":
        fields.setdefault("additional_config", {"api": "responses"})  # as OpenAI's own address would be asked
    provider = Provider(id=uuid7(), type=kind, name=fields.pop("name", "fake"), base_url=base_url, **fields)
    provider.set_api_key(KEY)
    return provider


def tool(name: str = "add", **schema: Any) -> FunctionTool:
    async def invoke(context: ToolContext[Any], arguments: str) -> str:
        return arguments

    parameters = schema or {"type": "object", "properties": {"a": {"type": "integer"}}}
    return FunctionTool(name, "Adds.", parameters, invoke, strict_json_schema=False)


class Schema(AgentOutputSchemaBase):
    """An output type from a JSON Schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def is_plain_text(self) -> bool:
        return False

    def name(self) -> str:
        return "Answer"

    def json_schema(self) -> dict[str, Any]:
        return self._schema

    def is_strict_json_schema(self) -> bool:
        return True

    def validate_json(self, json_str: str) -> Any:
        return json_str


def request(input: Any = "Hello", **fields: Any) -> Request:
    values: dict[str, Any] = {
        "instructions": "Be kind.", "settings": ModelSettings(), "tools": [], "output_schema": None, "handoffs": [],
    }  # fmt: skip
    return Request(input=input, **values | fields)


def route_of(resolved: ResolvedModel) -> Route:
    """By the provider's own key."""
    return select.route_to(resolved, [ChosenKey(source="provider", type=resolved.type, row=resolved.provider)])


async def asked(
    resolved: ResolvedModel,
    wanted: Request,
    *fallbacks: ResolvedModel,
    route: Route | None = None,
    cache: ResponseCache | None = None,
    meanwhile: Callable[[Produced], Coroutine[Any, Any, None]] | None = None,
) -> Said:
    """Ask through the very model that a run's agent would be given. ``meanwhile`` is done beside it, by what has come so far."""
    run = Run(id=uuid7(), kind="agent", model=resolved.reference, provider=resolved.provider, attempt=1)
    log = RunLog(run.id, 1, 0, Unsent())
    context = RunContext(run=run, definition={}, history=[], log=log, held={"turn:1": None})
    sink = FreeSink(context)
    routes = [route] if route else [route_of(each) for each in (resolved, *fallbacks)]
    model = RoutedModel(routes, sink, cache)
    said = Said(None, None, context.produced, False, run)
    beside = asyncio.create_task(meanwhile(context.produced)) if meanwhile else None
    try:
        said.response = await model.get_response(
            wanted.instructions, wanted.input, wanted.settings, wanted.tools, wanted.output_schema, wanted.handoffs,
            ModelTracing.DISABLED,
        )  # fmt: skip
    except ProviderError as error:
        said.error = error
    if beside:
        await beside
    log.flush_delta()
    said.truncated = sink.truncated
    said.events = [event.payload() for event in log.unsaved]
    return said


def ask(base_url: str, wanted: Request | None = None, *, kind: str = "custom", model: str = "m", **fields: Any) -> Said:
    return run(asked(ResolvedModel(model, provider_of(base_url, kind, **fields)), wanted or request()))


def run(work: Coroutine[Any, Any, T]) -> T:
    """On a loop of its own, which leaves no connection open."""

    async def closing() -> T:
        try:
            return await work
        finally:
            await transport.close()

    return asyncio.run(closing())
