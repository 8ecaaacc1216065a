"""What can be run. The pipeline knows no agent and no workflow; each kind registers one ``Runnable`` in ``AppConfig.ready()``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.utils.functional import Promise

from agent_app.models import Message, Run, RunStatus
from agent_app.runs.log import RunLog
from agent_app.runs.spans import Recorded
from community.access import Actor


@dataclass(frozen=True, kw_only=True)
class RunInput:
    """What a caller asks for (contract: RunInput). ``parent_message_id`` names a person's message to answer again or to replace."""

    message: str
    conversation_id: UUID | None = None
    version: int | str | None = None
    model: str = ""
    context_id: UUID | None = None
    provider_id: UUID | None = None
    attachments: tuple[UUID, ...] | None = None  # None: those of the message that is answered again or replaced
    parent_message_id: UUID | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Usage:
    """Tokens of a run, or of one step of it. ``known`` is False where the provider did not say and we had to count.

    ``model`` is the one that a step has used (empty: the run's); a step that nobody ``answered`` costs nothing.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0
    known: bool = True
    model: str = ""
    answered: bool = True

    def add(self, other: "Usage") -> None:
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.cached_tokens += other.cached_tokens
        self.reasoning_tokens += other.reasoning_tokens
        self.cache_write_tokens += other.cache_write_tokens
        self.known = self.known and other.known


@dataclass(frozen=True, kw_only=True)
class ModelCall:
    """What a call of a model may use at most. ``rate`` names its price, ``own_key`` says that the workspace pays its provider.

    ``model`` is the reference under which it is booked (empty: the run's).
    """

    rate: str
    own_key: bool
    prompt_tokens: Callable[[], int]  # counting may need a query
    max_tokens: int | None
    model: str = ""


@dataclass
class Produced:
    """What a run has made so far; kept whatever happens next. ``unsettled`` are steps that ended and are not on the bill yet."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    turns: int = 0
    unsettled: dict[str, Usage] = field(default_factory=dict)
    agent_name: str = ""  # who speaks, where it is another agent than the run's
    spans: list[Recorded] = field(default_factory=list)
    credits: Decimal = Decimal(0)
    passed: set[str] = field(default_factory=set)  # stages of guardrails that have let everything through
    asked: str | None = None  # the person's message as guardrails have left it, where that is another
    called: bool = False  # whether a tool was called
    unshown: dict[str, int] = field(
        default_factory=dict
    )  # by type of event: up to which its words are not to be read again

    @property
    def content(self) -> str:
        return "".join(self.text)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended."""

    status: RunStatus
    reason: str = ""
    output: Any = None
    code: str = ""
    error: str | Promise = ""
    cause: str = ""  # of trouble with a provider: what it has against the request


class RunFailure(Exception):
    """The run cannot go on. ``reason`` is the contract's stop reason, ``error`` is for the person who reads it, ``cause`` says
    what a provider has against the request."""

    def __init__(self, reason: str, error: str, *, code: str = "", cause: str = "") -> None:
        super().__init__(error)
        self.reason = reason
        self.error = error
        self.code = code or reason
        self.cause = cause


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call that a person must allow first. ``span_id``: below which span the waiting stands; ``callers``: the names of the
    agents that have called each other as tools on the way to the one that asks, the run's own first; ``within``: the calls by
    which they did, which wait too."""

    call_id: str
    tool_name: str
    tool_type: str
    tool_id: UUID | None
    agent_id: UUID | None
    agent_name: str
    arguments: dict[str, Any]
    permissions: list[str]
    prompt: str
    span_id: UUID | None = None
    callers: tuple[str, ...] = ()
    within: tuple[str, ...] = ()


class Paused(Exception):
    """The run waits until people have answered. ``state`` is where it goes on then, and ``spans`` are those that go on."""

    def __init__(self, requests: list[Request]) -> None:
        super().__init__(f"{len(requests)} calls need an approval")
        self.requests = requests
        self.state: dict[str, Any] = {}
        self.spans: dict[str, Recorded] = {}


@dataclass(kw_only=True)
class RunContext:
    """One run on its worker: what was stored about it, where its events go, and what it has made so far."""

    run: Run
    definition: dict[str, Any]
    history: list[Message]
    log: RunLog
    produced: Produced = field(default_factory=Produced)
    held: dict[str, int | None] = field(default_factory=dict)  # steps held for this attempt: how long the answer may be
    waited: bool = False  # it goes on after it has waited: readers have everything that was said


class Runnable(Protocol):
    """A kind of thing that can be run."""

    def plan(self, run_id: UUID, *, actor: Actor, object_id: UUID, run_input: RunInput, source: str) -> Run:
        """Check access, state and capability; add the rows the run needs; answer the unsaved Run. In the start's transaction."""
        ...

    def first_call(self, run: Run) -> ModelCall | None:
        """What the run's first call of a model needs at most: it is held before the run is queued. None: it calls none itself."""
        ...

    def load(self, run: Run) -> tuple[dict[str, Any], list[Message]]:
        """The pinned definition and the messages before the answer."""
        ...

    async def execute(self, context: RunContext) -> Outcome:
        """Do it. Raises RunFailure, and Paused where it cannot go on by itself. Being cancelled must stop everything that was
        begun."""
        ...

    def conclude(self, run: Run, outcome: Outcome, produced: Produced) -> None:
        """Store what belongs to this kind (the answer's message). In the finish's transaction."""
        ...


_runnables: dict[str, Runnable] = {}


def register(kind: str, runnable: Runnable) -> None:
    _runnables[kind] = runnable


def get(kind: str) -> Runnable:
    return _runnables[kind]
