"""What a kind of guardrail is, and which there are.

To add one: a module beside this one with a subclass of ``PureKind`` or ``AskingKind``, its line in ``agent_app.kinds``, and
its test. Forms, API, checks, the engine and the test panel all ask here.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import json_schemas
from agent_app.guardrails.verdict import REDACTED, Verdict
from agent_app.json_schemas import Schema
from agent_app.tools.registry import OutboundBudget
from config.lib.errors import InvalidInput

Text = str | Promise
Config = Mapping[str, Any]
Problems = dict[str, list[str]]  # by field of the config; "" is the whole

INPUT, OUTPUT, TOOL_INPUT, TOOL_OUTPUT = STAGES = ("input", "output", "tool_input", "tool_output")
BLOCK, REPLACE, REDACT, WARN = ACTIONS = ("block", "replace", "redact", "warn")
BLOCKING, PARALLEL = MODES = ("blocking", "parallel")
LONG = 20_000  # characters from which a check leaves the event loop
MOST_TEXT = 1_000_000  # characters; nothing longer is checked, and what cannot be checked does not pass

COMMON: Schema = {  # what every guardrail may say in its config
    "message": {"type": "string", "maxLength": 1000, "title": gettext_lazy("Message when it trips")},
    "replacement": {"type": "string", "maxLength": 10_000, "title": gettext_lazy("What stands there instead")},
    "tools": {
        "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 64}, "maxItems": 100,
        "title": gettext_lazy("Only for these tools"),
    },
}  # fmt: skip


@dataclass(kw_only=True)
class CheckContext:
    """On whose behalf and in what a text is checked. ``run_id`` is None in the test panel.

    ``judge`` asks an agent of the definition about a text; where there is no run, there is none to ask.
    """

    workspace_id: UUID
    actor_id: UUID
    stage: str
    name: str = ""
    run_id: UUID | None = None
    agent_id: UUID | None = None
    credential_id: UUID | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    judge: Callable[[str, str], Awaitable[Verdict]] | None = None
    outbound: OutboundBudget = field(default_factory=OutboundBudget)


class Kind(ABC):
    """One kind of guardrail. Instances hold no state: one serves every check of the process."""

    name: ClassVar[str]
    label: ClassVar[Text]
    summary: ClassVar[Text]
    icon: ClassVar[str] = "shield"
    properties: ClassVar[Schema]
    """The properties of ``config`` beside ``COMMON``, as JSON Schema: they validate it, draw its form and document it."""
    required: ClassVar[tuple[str, ...]] = ()
    secrets: ClassVar[tuple[str, ...]] = ()
    """Names in ``config`` that are secrets: moved into an encrypted Credential when it is saved, write-only ever after."""
    finds: ClassVar[bool] = False
    """Whether it knows where in the text the trouble is: only then can it be redacted."""
    pure: ClassVar[bool] = True
    """Whether it asks nobody: then it costs microseconds, and can be done anywhere."""

    def schema(self) -> Schema:
        return {
            "type": "object", "properties": {**self.properties, **COMMON}, "required": list(self.required),
            "additionalProperties": False,
        }  # fmt: skip

    def problems(self, workspace_id: UUID, config: Config) -> Problems:
        """What is wrong with ``config``, by field. It fits the schema already."""
        return {}

    @abstractmethod
    async def verdict(self, text: str, config: Config, context: CheckContext) -> Verdict:
        """Check a text. Being cancelled must stop everything begun. Raises CheckFailed where it could not be checked."""


class CheckFailed(Exception):
    """A check did not work. The message is read by people and holds no secret."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.message = str(message)


class CheckRefused(CheckFailed):
    """We did not check: a limit of ours was reached. Whoever writes the text could bring that about, so it never passes."""


class PureKind(Kind):
    """Finds out by itself."""

    def costly(self, text: str, config: Config) -> bool:
        """Whether others should not wait for the check."""
        return len(text) > LONG

    @abstractmethod
    def check(self, text: str, config: Config) -> Verdict:
        """In time that grows with the text only, whatever stands in the config."""

    async def verdict(self, text: str, config: Config, context: CheckContext) -> Verdict:
        return checked(self, text, config)


class AskingKind(Kind):
    """Asks somebody else: what that is may be away, slow or wrong."""

    pure = False


def checked(kind: Kind, text: str, config: Config) -> Verdict:
    """What a pure kind says of a text; one that is too long to be checked trips."""
    if not isinstance(kind, PureKind):
        raise TypeError(f"{kind.name} asks others")
    return too_long(text) or kind.check(text, config)


def too_long(text: str) -> Verdict | None:
    if len(text) <= MOST_TEXT:
        return None
    message = _("The text has more than %(most)d characters and was not checked.") % {"most": MOST_TEXT}
    return Verdict(tripped=True, failed=True, message=message)


def fails_open(config: Config) -> bool:
    return config.get("on_error") == "pass"


def failed(config: Config, why: str) -> Verdict:
    """Of a check that did not work: it trips, unless its config says that such a text passes."""
    if fails_open(config):
        return Verdict(failed=True, message=why)
    return Verdict(tripped=True, failed=True, message=why)


ON_ERROR: Schema = {
    "on_error": {"type": "string", "enum": ["block", "pass"], "default": "block", "title": gettext_lazy("When it cannot be checked")}
}  # fmt: skip


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _kinds[kind.name] = kind


def get(name: str) -> Kind:
    """Raises InvalidInput where there is no such kind."""
    try:
        return _kinds[name]
    except KeyError:
        raise InvalidInput(errors={"implementation": [_("There is no such kind of guardrail.")]}) from None


def known(name: str) -> bool:
    return name in _kinds


def kinds() -> list[Kind]:
    """All kinds, in the order in which they were registered."""
    return list(_kinds.values())


def problems_of(workspace_id: UUID, guardrail: Mapping[str, Any]) -> list[str]:
    """What is wrong with a guardrail, in words; nothing where it can be saved."""
    if not known(guardrail["implementation"]):
        return [_("There is no kind of guardrail called “%(name)s”.") % {"name": guardrail["implementation"]}]
    kind, config = get(guardrail["implementation"]), guardrail["config"]
    found = json_schemas.errors_in(kind.schema(), config)
    if not found:
        by_field = kind.problems(workspace_id, config)
        found = [f"{name}: {text}" if name else text for name, texts in by_field.items() for text in texts]
    if guardrail["action"] == REDACT and not kind.finds:
        found.append(
            _("“%(kind)s” does not say where the trouble is, so nothing can be redacted: block, replace or warn.")
            % {"kind": kind.label}
        )
    if guardrail["action"] == REPLACE and "replacement" not in config and not isinstance(kind, AskingKind):
        found.append(_("Say in “replacement” what shall stand there instead."))
    return found


def message_of(guardrail: Mapping[str, Any], verdict: Verdict) -> str:
    """What people are told when it trips: the builder's words, else the check's."""
    return (
        guardrail["config"].get("message")
        or verdict.message
        or _("The guardrail “%(name)s” stopped this.") % {"name": guardrail["name"]}
    )


def replacement_of(guardrail: Mapping[str, Any], verdict: Verdict) -> str | None:
    """What stands there instead; None where nobody has said, and it has to be blocked."""
    if verdict.replacement is not None:
        return verdict.replacement
    found = guardrail["config"].get("replacement")
    if guardrail["action"] == REDACT:
        return REDACTED if found is None else str(found)
    return None if found is None else str(found)
