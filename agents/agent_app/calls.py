"""What a run asks of a model at most, in the terms in which it is priced. Known before the engine is loaded."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from agent_app import attachments
from agent_app.definition import tool_parts
from agent_app.engine import history, tokens
from agent_app.model_references import LOCAL, LOCAL_CONTEXT, LOCAL_MAX_TOKENS, ResolvedModel
from agent_app.models import Message, Provider, Run
from agent_app.runs.registry import ModelCall


def model_call(run: Run, prompt_tokens: Callable[[], int], max_tokens: int | None) -> ModelCall:
    """A call of the run's model."""
    return call_of(run.model, run.provider, prompt_tokens, max_tokens, own_key=run.key_source != "platform")


def call_of(
    reference: str,
    provider: Provider | None,
    prompt_tokens: Callable[[], int],
    max_tokens: int | None,
    *,
    own_key: bool = True,
) -> ModelCall:
    """A call of any model. Prices know types of providers, not the names people give to theirs."""
    first, _slash, model = reference.partition("/")
    if provider is None and first == LOCAL:
        return ModelCall(
            rate=reference, own_key=False, prompt_tokens=lambda: min(prompt_tokens(), LOCAL_CONTEXT),
            max_tokens=local_max_tokens(max_tokens), model=reference,
        )  # fmt: skip
    return ModelCall(
        rate=f"{provider.type if provider else first}/{model}", own_key=own_key, prompt_tokens=prompt_tokens,
        max_tokens=max_tokens, model=reference,
    )  # fmt: skip


def local_max_tokens(wanted: int | None) -> int:
    """The local model's window is small and known: half of it at most is for the answer."""
    return min(wanted or LOCAL_MAX_TOKENS, LOCAL_CONTEXT // 2)


def prompt_tokens(
    instructions: str,
    messages: list[Message],
    policy: Mapping[str, Any] | None = None,
    resolved: ResolvedModel | None = None,
) -> int:
    """The prompt of a first turn at most: instructions, and what of the branch the agent's history policy sends."""
    files = attachments.most_tokens(messages, resolved)
    sent = history.most_tokens(
        messages, history.policy_of({"history": policy}), lambda message: history.weight_of(message, files)
    )
    return 8 + tokens.estimate(instructions) + sent


def tool_tokens(definition: Mapping[str, Any]) -> int:
    """What describing the agent's tools, handoffs and output type to its model takes."""
    total = sum(
        16 + tokens.estimate(f"{each.name}{each.description}{orjson.dumps(each.parameters).decode()}")
        for each in tool_parts.functions(definition.get("tools") or ())
    )
    for handoff in definition.get("handoffs") or ():
        schema = orjson.dumps(handoff.get("payload_schema") or {}).decode()
        total += 16 + tokens.estimate(f"{handoff.get('tool_name')}{handoff.get('tool_description')}{schema}")
    if output_type := definition.get("output_type"):
        total += 16 + tokens.estimate(orjson.dumps(output_type).decode())
    return total


def message_tokens(text: str) -> int:
    return 8 + tokens.estimate(text)
