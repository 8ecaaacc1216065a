"""What a run asks of a model at most, in the terms in which it is priced. Known before the engine is loaded."""

from collections.abc import Callable

from agent_app.engine import tokens
from agent_app.model_references import LOCAL, LOCAL_CONTEXT, LOCAL_MAX_TOKENS
from agent_app.models import Message, Run
from agent_app.runs.registry import ModelCall


def model_call(run: Run, prompt_tokens: Callable[[], int], max_tokens: int | None) -> ModelCall:
    """A call of the run's model. Prices know types of providers, not the names people give to theirs."""
    first, _slash, model = run.model.partition("/")
    if run.provider is None and first == LOCAL:
        return ModelCall(
            rate=run.model, own_key=False, prompt_tokens=lambda: min(prompt_tokens(), LOCAL_CONTEXT),
            max_tokens=local_max_tokens(max_tokens),
        )  # fmt: skip
    return ModelCall(
        rate=f"{run.provider.type if run.provider else first}/{model}", own_key=run.key_source != "platform",
        prompt_tokens=prompt_tokens, max_tokens=max_tokens,
    )  # fmt: skip


def local_max_tokens(wanted: int | None) -> int:
    """The local model's window is small and known: half of it at most is for the answer."""
    return min(wanted or LOCAL_MAX_TOKENS, LOCAL_CONTEXT // 2)


def prompt_tokens(instructions: str, history: list[Message]) -> int:
    """The prompt of a first turn: instructions and the branch of the conversation."""
    return 8 + tokens.estimate(instructions) + sum(message_tokens(message.content) for message in history)


def message_tokens(text: str) -> int:
    return 8 + tokens.estimate(text)
