"""What a type of tool is, and which there are.

To add one: a module beside this one with a subclass of ``ToolType``, its line in ``agent_app.kinds``, and its test. Nothing
else knows the types: forms, API, checks, the engine and the test panel all ask here.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from agent_app import json_schemas
from agent_app.json_schemas import Schema
from config.lib.errors import InvalidInput
from config.lib.ids import parse_uuid

Text = str | Promise
Params = dict[str, Any]
Problems = dict[str, list[str]]  # by field of the params; "" is the whole


WHEN_NAMES = frozenset({"context", "user", "message", "arguments"})  # what the condition of an approval may name


class Permission(StrEnum):
    """What a call may do; shown wherever the tool is chosen, and the base of warnings and defaults."""

    READS_UNTRUSTED = "reads_untrusted"  # what comes back was written by strangers
    SENDS_OUT = "sends_out"  # arguments leave the workspace
    CHANGES_STATE = "changes_state"  # something is different afterwards


@dataclass(frozen=True, kw_only=True)
class ToolDefinition:
    """A tool as an agent's content or a frozen definition holds it (contract: T)."""

    id: str
    name: str
    type: str
    description: str = ""
    params: Params = field(default_factory=dict)
    tool_id: str | None = None  # the library's, where it is one of those
    credential_id: str | None = None
    approval: str | dict[str, str] = "never"  # "always", or {"when": expression}
    max_calls: int | None = None
    timeout_s: int | None = None
    enabled: bool = True

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "ToolDefinition":
        """From a part of an agent's content; what it lacks is the default."""
        known = {name: content[name] for name in cls.__dataclass_fields__ if content.get(name) is not None}
        return cls(**known)


@dataclass(frozen=True, kw_only=True)
class Function:
    """What the model sees of a tool: most have one function, an imported API or an MCP server has several.

    ``key`` tells the tool's functions apart for its type. ``idempotent``: may be called again where a worker died in it.
    """

    name: str
    description: str
    parameters: Schema
    permissions: frozenset[Permission]
    key: str = ""
    idempotent: bool = False
    approval: str | dict[str, str] | None = None  # where it is otherwise than the tool's


@dataclass(kw_only=True)
class OutboundBudget:
    """How many requests a run may still send out (product.md: 10 a run)."""

    left: int = 10

    def spend(self) -> None:
        """Raises ToolFailed where none is left."""
        if self.left < 1:
            raise ToolFailed("This run has used all of its outbound requests.", code="outbound_limit")
        self.left -= 1


class Asks(Protocol):
    """What a call may ask of models: paid for and recorded with the run, shown to nobody. Raises ToolFailed."""

    async def agent(self, agent_id: str, message: str, *, call_id: str) -> Any:
        """Another agent's answer to one message, in a fresh context. ``call_id`` is the call that it answers."""
        ...

    async def model(self, reference: str, prompt: str, *, temperature: float | None, max_tokens: int | None) -> str:
        """A model's answer to one prompt (an empty reference: the workspace's default model)."""
        ...


@dataclass(kw_only=True)
class CallContext:
    """On whose behalf and within what a function is called. ``run_id`` is None in the test panel.

    ``values`` are what templates and conditions may name: ``context``, ``user``, ``message``.
    """

    workspace_id: UUID
    actor_id: UUID
    call_id: str
    run_id: UUID | None = None
    agent_id: UUID | None = None
    conversation_id: UUID | None = None
    timeout_s: float = 60.0
    values: dict[str, Any] = field(default_factory=dict)
    outbound: OutboundBudget = field(default_factory=OutboundBudget)
    asks: Asks | None = None


@dataclass(frozen=True)
class Picture:
    """What models that see are shown with a result: as a data address, and as the file that is given to them again after a pause."""

    address: str
    file_id: str


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """What a call came to. ``value`` is JSON or text and goes to the model; ``details`` are for people only (status, exit code…)."""

    value: Any
    details: dict[str, Any] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()


class ToolFailed(Exception):
    """The call did not work. The message is read by the model and by people: it says what to do, and holds no secret."""

    def __init__(self, message: str, *, code: str = "tool_error", details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = dict(details or {})


class ToolType(ABC):
    """One type of tool. Instances hold no state: one serves every call of the process."""

    name: ClassVar[str]
    label: ClassVar[Text]
    summary: ClassVar[Text]
    icon: ClassVar[str]
    params_schema: ClassVar[Schema]
    """JSON Schema of ``params``: it validates them, draws their form and documents them."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Dotted paths of params that are secrets: moved into an encrypted Credential when a tool is saved, write-only ever after."""
    permissions: ClassVar[frozenset[Permission]]
    rate: ClassVar[str] = "tool/*"
    """Under which name ``billing.rates`` has the price of a call."""
    default_timeout_s: ClassVar[int] = 60

    def unavailable(self) -> str:
        """Why no tool of this type can be used on this installation, in words; empty where it can."""
        return ""

    def prepare(self, *, workspace_id: UUID, params: Params, old: "ToolDefinition | None" = None) -> Params:
        """What is to be saved for ``params``: with what must be asked of a server once (``old``: what was saved before).

        Comes before the secrets are taken out, and outside of a transaction: it may wait for the network. Raises AppError.
        """
        return params

    def sealed(self, params: Params) -> Params:
        """``params`` that were saved before, as ``prepare`` would give them: nobody is asked again."""
        return params

    def settled(self, params: Params, old: "ToolDefinition | None" = None) -> Params:
        """What is saved of what ``prepare`` gave. Asks nobody: it comes within the transaction. Raises Conflict where that was
        not prepared."""
        return params

    def secret_paths(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Those of ``secrets`` that ``params`` have a use for: the others are not kept."""
        return self.secrets

    def audience(self, params: Mapping[str, Any]) -> str:
        """The origin that the secrets are sent to; kept secrets are not sent to another. Empty: not an address of anybody's."""
        return ""

    def credential_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """What must be known beside the secrets to get tokens for them (OAuth); empty where they are sent as they are."""
        return {}

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        """What is wrong with ``params``, by field. They fit ``params_schema`` already."""
        return {}

    @abstractmethod
    def functions(self, tool: ToolDefinition) -> list[Function]:
        """What the model is offered."""

    @abstractmethod
    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        """Do it, with arguments that fit the function's parameters. Raises ToolFailed. Being cancelled must stop everything begun."""


_types: dict[str, ToolType] = {}


def register(kind: ToolType) -> None:
    _types[kind.name] = kind


def unregister(name: str) -> None:
    _types.pop(name, None)


def get(name: str) -> ToolType:
    """Raises InvalidInput where there is no such type."""
    try:
        return _types[name]
    except KeyError:
        text = _("There is no type of tool called “%(name)s”.") % {"name": name}
        raise InvalidInput(text, code="unknown_tool_type") from None


def find(name: str) -> ToolType | None:
    return _types.get(name)


def types() -> list[ToolType]:
    """All types, in the order in which they were registered."""
    return list(_types.values())


def params_problems(kind: ToolType, workspace_id: UUID, params: Params) -> Problems:
    """What is wrong with ``params`` of a tool of this type; nothing where it can be saved."""
    if found := json_schemas.errors_in(kind.params_schema, params):
        return {"params": found}
    return kind.problems(workspace_id, params)


def agent_ids(tools: list[dict[str, Any]]) -> set[str]:
    """Which agents these tools call (type ``agent``): a definition must bring them along."""
    found = (str(tool.get("params", {}).get("agent_id") or "") for tool in tools if tool.get("type") == "agent")
    return {each for each in found if parse_uuid(each)}
