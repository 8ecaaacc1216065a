"""What the SDK asks of a model in one call."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from agents import ModelSettings, Tool
from agents.agent_output import AgentOutputSchemaBase
from agents.handoffs import Handoff
from agents.items import TResponseInputItem

from agent_app.engine import tokens

# Parameters a builder may have added by hand.
_OUTPUT_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_SEVERAL = ("n", "best_of")


@dataclass(frozen=True, kw_only=True)
class Request:
    """See the SDK's ``Model``: the same values under one name."""

    instructions: str | None
    input: str | list[TResponseInputItem]
    settings: ModelSettings
    tools: list[Tool]
    output_schema: AgentOutputSchemaBase | None
    handoffs: list[Handoff[Any, Any]]

    @cached_property
    def items(self) -> list[Any]:
        return [{"role": "user", "content": self.input}] if isinstance(self.input, str) else list(self.input)

    @cached_property
    def prompt_tokens(self) -> int:
        """The prompt as we count it: what is held for it, and what it has cost where the provider does not say."""
        return tokens.estimate_request(self.instructions, self.input, self.tools, self.handoffs, self.output_schema)

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON Schema that the answer must fit, if any."""
        if self.output_schema is None or self.output_schema.is_plain_text():
            return None
        return self.output_schema.json_schema()

    @property
    def wanted(self) -> int | None:
        """How long an answer the agent's settings allow, whatever its provider calls that."""
        extra = self.settings.extra_args or {}
        named = [value for key in _OUTPUT_LIMITS if isinstance(value := extra.get(key), int) and value > 0]
        return min([*named, *([self.settings.max_tokens] if self.settings.max_tokens else [])], default=None)

    def limited(self, most: int | None) -> "Request":
        """The request with the length that was paid for; what else would make an answer longer is left out."""
        if most is None:
            return self
        extra = {key: value for key, value in (self.settings.extra_args or {}).items() if key not in _SEVERAL}
        named = [key for key in _OUTPUT_LIMITS if key in extra]
        settings = replace(
            self.settings,
            max_tokens=None if named else most,
            extra_args={**extra, **dict.fromkeys(named, most)} or None,
        )
        return replace(self, settings=settings)
