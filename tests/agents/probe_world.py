"""What tests of tools start from: a type of tool that does what a test tells it, and agents that have it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from agent_app.models import Agent, Run, ToolCall
from agent_app.tools import registry
from agent_app.tools.registry import CallContext, Function, Permission, ToolDefinition, ToolFailed, ToolResult, ToolType
from tests.agents.world import make_agent
from tests.cast import Person

Act = Callable[[dict[str, Any], CallContext], Awaitable[Any]]
ECHO = {"name": "echo", "type": "probe", "params": {}}


class Probe(ToolType):
    """Answers what it was asked. ``act`` does something else (a value, or a whole result); ``calls`` remembers every call."""

    name = "probe"
    label = "Probe"
    summary = "Answers what it was asked."
    icon = "wrench"
    params_schema = {
        "type": "object",
        "properties": {
            "idempotent": {"type": "boolean"}, "several": {"type": "boolean"},
            "auth": {"type": "object", "properties": {"token": {"type": "string"}}},
        },
        "additionalProperties": False,
    }  # fmt: skip
    secrets = ("auth.token",)
    permissions = frozenset({Permission.READS_UNTRUSTED})
    rate = "tool/probe"

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.contexts: list[CallContext] = []
        self.act: Act | None = None
        self.missing = ""

    def unavailable(self) -> str:
        return self.missing

    def functions(self, tool: ToolDefinition) -> list[Function]:
        names = [f"{tool.name}_one", f"{tool.name}_two"] if tool.params.get("several") else [tool.name]
        return [
            Function(
                name=name, description=tool.description, key=name, permissions=self.permissions,
                idempotent=bool(tool.params.get("idempotent")),
                parameters={
                    "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"],
                    "additionalProperties": False,
                },
            )
            for name in names
        ]  # fmt: skip

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        self.calls.append(arguments)
        self.contexts.append(context)
        if self.act is not None:
            said = await self.act(arguments, context)
            return said if isinstance(said, ToolResult) else ToolResult(value=said)
        if arguments["text"] == "fail":
            raise ToolFailed("It did not work. Try another word.", code="no_luck")
        return ToolResult(value={"said": arguments["text"]}, details={"through": function.key})


@contextmanager
def probing() -> Iterator[Probe]:
    """The type is there as long as the test needs it."""
    kind = Probe()
    registry.register(kind)
    try:
        yield kind
    finally:
        registry.unregister(kind.name)


def agent_with(person: Person, *tools: dict[str, Any], **fields: Any) -> Agent:
    """An agent on the fake provider's model, with tools that it was given over the API."""
    agent = make_agent(person, **{"model": "fake/m", "instructions": "Use your tools."} | fields)
    answer = person.api.patch(f"agents/{agent.id}/", {"tools": list(tools)})
    assert answer.status_code == 200, answer.content
    agent.refresh_from_db()
    return agent


def calls(run: Run) -> list[tuple[str, str, Any]]:
    """The run's calls in order: the text, status, and the code of what went wrong."""
    rows = ToolCall.objects.filter(run=run).order_by("started_at", "id")
    return [(text_in(row.arguments), row.status, row.error.get("code", "")) for row in rows]


def text_in(arguments: Any) -> Any:
    return next(iter(arguments.values()), None) if isinstance(arguments, dict) else None
