"""How providers differ who all speak Chat Completions. Data: what is not in a line here is as OpenAI wrote it."""

import hashlib
import re
import string
from dataclasses import dataclass, field
from typing import Any, Literal

Schemas = Literal["native", "object", "prompt"]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One provider's way of speaking."""

    schemas: Schemas = "native"  # a JSON Schema is enforced; any JSON object is; or it can only be asked for in words
    limit: str = "max_tokens"
    any_tool: str = "required"  # what tool_choice calls "some tool"
    stream_options: bool = True  # else usage comes by itself, and asking for it is an error
    own_call_ids: bool = False  # its tool calls have ids that are unique; others get ours
    call_ids: re.Pattern[str] | None = None  # what ids must look like when they are sent back
    refuses: frozenset[str] = frozenset()  # parameters that make it refuse the whole request
    replays_reasoning: bool = False  # wants its own reasoning back while tools are called
    keeps_signatures: bool = False  # wants the thought_signature of a tool call back
    always: dict[str, Any] = field(default_factory=dict)
    with_tools_or_schema: dict[str, Any] = field(default_factory=dict)


_OPENAI_ONLY = frozenset({"store", "metadata", "verbosity", "prompt_cache_retention", "prompt_cache_options"})

DIALECTS: dict[str, Dialect] = {
    "openai": Dialect(limit="max_completion_tokens", own_call_ids=True),
    "google": Dialect(keeps_signatures=True, refuses=_OPENAI_ONLY | {"logit_bias", "logprobs", "top_logprobs"}),
    "mistral": Dialect(
        any_tool="any", stream_options=False, own_call_ids=True, call_ids=re.compile(r"[A-Za-z0-9]{9}"),
        refuses=_OPENAI_ONLY | {"max_completion_tokens", "logit_bias", "logprobs", "top_logprobs", "user", "service_tier", "seed"},
    ),
    "groq": Dialect(schemas="prompt", refuses=_OPENAI_ONLY | {"n", "logit_bias", "logprobs", "top_logprobs"}),
    "deepseek": Dialect(schemas="object", replays_reasoning=True, refuses=_OPENAI_ONLY | {"parallel_tool_calls"}),
    "openrouter": Dialect(
        always={"usage": {"include": True}}, with_tools_or_schema={"provider": {"require_parameters": True}},
        refuses=_OPENAI_ONLY,
    ),
    "huggingface": Dialect(schemas="prompt", refuses=_OPENAI_ONLY),
    "modal": Dialect(refuses=_OPENAI_ONLY),
    "custom": Dialect(),
    "local": Dialect(refuses=_OPENAI_ONLY),
}  # fmt: skip


def dialect_of(kind: str) -> Dialect:
    return DIALECTS.get(kind, DIALECTS["custom"])


def fitting_call_id(call_id: str, shape: re.Pattern[str]) -> str:
    """``call_id``, or one of nine letters and digits that always stands for it."""
    if shape.fullmatch(call_id):
        return call_id
    number = int.from_bytes(hashlib.sha256(call_id.encode()).digest()[:8], "big")
    letters = string.ascii_letters + string.digits
    found = []
    for _ in range(9):
        number, digit = divmod(number, len(letters))
        found.append(letters[digit])
    return "".join(found)
