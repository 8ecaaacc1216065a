"""Running an agent: the pinned definition becomes an SDK agent, and what happens becomes the run's outcome."""

from typing import Any

from agents import Agent, ModelSettings, RunConfig, Runner, set_tracing_disabled
from agents.exceptions import MaxTurnsExceeded, ModelBehaviorError, ModelRefusalError
from django.utils.translation import gettext as _
from openai.types.shared import Reasoning

from agent_app.calls import local_max_tokens
from agent_app.engine import tokens
from agent_app.engine.history import input_items
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.providers.select import model_for
from agent_app.engine.sink import Sink
from agent_app.model_references import LOCAL_CONTEXT
from agent_app.models import RunStatus
from agent_app.runs.registry import Outcome, RunContext, RunFailure
from config.lib.errors import NotEnoughCredits

MAX_TURNS = 10

# Otherwise the SDK would send prompts and answers to OpenAI as soon as a key is in the environment.
set_tracing_disabled(True)
_RUN_CONFIG = RunConfig(
    tracing_disabled=True, trace_include_sensitive_data=False, tool_not_found_behavior="return_error_to_model"
)


async def execute(context: RunContext) -> Outcome:
    """Execute one agent run. Raises RunFailure; whatever was said until then is in ``context.produced``."""
    sink = Sink(context)
    settings, budget = _settings(context)
    agent: Agent[Any] = Agent(
        name=context.definition["name"],
        instructions=context.definition["instructions"] or None,
        model=model_for(context.run, sink),
        model_settings=settings,
    )
    try:
        await Runner.run(
            agent, input_items(context.history, budget=budget), max_turns=MAX_TURNS, run_config=_RUN_CONFIG
        )
    except NotEnoughCredits as error:
        return Outcome(status=RunStatus.PARTIAL, reason="credits", code="credits", error=error.detail)
    except ProviderError as error:
        raise RunFailure("provider_error", error.message, code=error.code) from error
    except MaxTurnsExceeded:
        return Outcome(
            status=RunStatus.PARTIAL, reason="max_turns", code="max_turns",
            error=_("The agent used all of its %(most)d turns.") % {"most": MAX_TURNS},
        )  # fmt: skip
    except ModelRefusalError as error:
        raise RunFailure(
            "provider_error", _("The model refused to answer: %(why)s") % {"why": error}, code="refusal"
        ) from error
    except ModelBehaviorError as error:
        raise RunFailure(
            "provider_error", _("The model's answer could not be used: %(why)s") % {"why": error}
        ) from error
    if sink.truncated:
        return Outcome(
            status=RunStatus.PARTIAL, reason="max_tokens", code="max_tokens",
            error=_("The answer reached the limit of tokens and was cut there. Raise “max tokens” for longer answers."),
        )  # fmt: skip
    return Outcome(status=RunStatus.SUCCEEDED, output=context.produced.content)


def _settings(context: RunContext) -> tuple[ModelSettings, int | None]:
    """The agent's model settings, and how many tokens of history fit (None: not limited by us)."""
    chosen = context.definition.get("model_settings") or {}
    max_tokens = chosen.get("max_tokens")
    budget = None
    if context.run.provider is None:  # the local model: its window is small and known
        max_tokens = local_max_tokens(max_tokens)
        budget = LOCAL_CONTEXT - max_tokens - 64 - tokens.estimate(context.definition["instructions"] or "")
    effort = chosen.get("reasoning_effort")
    settings = ModelSettings(
        temperature=chosen.get("temperature"),
        top_p=chosen.get("top_p"),
        max_tokens=max_tokens,
        reasoning=Reasoning(effort=effort) if effort else None,
        extra_args=chosen.get("additional_params") or None,
    )
    return settings, budget
