"""What a run would cost, before it is started: from what its like have cost, else from the size of the prompt."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from django.db.models import QuerySet

from agent_app import agent_files, calls, keys, model_references
from agent_app.definition.choice import version_for
from agent_app.model_references import ResolvedModel
from agent_app.models import Agent, Run, RunStatus
from agent_app.runs import charges
from agent_app.services.agents import agent_snapshot
from billing.pricing import LEAST_OUTPUT, UNIT, Price
from billing.services.holds import DEFAULT_OUTPUT
from community.access import Actor

FEWEST = 5  # runs that make a history
_LATEST = 200
_USUAL_ANSWER = 400  # tokens, where nothing is known


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Half of such runs cost ``p50`` at most, nine in ten ``p90``; a turn never costs more than ``ceiling``.

    ``basis``: ``history`` of this very definition, ``agent`` for its earlier ones, or ``prompt`` where there are too few runs.
    """

    p50: Decimal
    p90: Decimal
    ceiling: Decimal
    basis: Literal["history", "agent", "prompt"]
    runs: int
    model: str


def agent_quote(*, actor: Actor, agent: Agent, message: str = "") -> Quote:
    """For a message to what the API runs of this agent now. Raises Refused where no model is meant. Costs nothing, holds nothing."""
    version = version_for(actor, agent, None, "api")
    snapshot = version.snapshot if version else agent_snapshot(agent=agent)
    definition = snapshot.definition
    resolved = model_references.resolve_agent(workspace_id=actor.workspace_id, definition=definition)
    run = Run(
        workspace_id=actor.workspace_id, agent=agent, model=resolved.reference, provider=resolved.provider, actor_id=actor.id
    )  # fmt: skip
    keys.assign(run, resolved, required=False)
    wanted = (definition["model_settings"] or {}).get("max_tokens")
    prompt = calls.prompt_tokens(definition["instructions"], []) + calls.message_tokens(message)
    prompt += calls.tool_tokens(definition) + _files_tokens(agent, resolved)
    call = calls.model_call(run, lambda: prompt, wanted)
    price = charges.price_of(call)
    ceiling = price.cost(call.prompt_tokens() + (call.max_tokens or DEFAULT_OUTPUT))
    like = Run.objects.of_agent(agent.id).filter(
        model=run.model, status__in=(RunStatus.SUCCEEDED, RunStatus.PARTIAL), finished_at__isnull=False
    )
    same = _latest(like.filter(snapshot=snapshot))
    costs = same if len(same) >= FEWEST else _latest(like)
    if len(costs) < FEWEST:
        return _by_prompt(
            price, call.prompt_tokens(), call.max_tokens or DEFAULT_OUTPUT, ceiling, len(costs), run.model
        )
    return Quote(
        p50=_percentile(costs, 50), p90=_percentile(costs, 90), ceiling=ceiling,
        basis="history" if costs is same else "agent", runs=len(costs), model=run.model,
    )  # fmt: skip


def _files_tokens(agent: Agent, resolved: ResolvedModel) -> int:
    """What the agent's own files cost at most: they go along with each call."""
    plans = agent_files.planned(agent_files.rows_of(agent.workspace_id, [agent.id]), resolved)
    return sum(plan.tokens for plan in plans)


def _by_prompt(price: Price, prompt: int, most: int, ceiling: Decimal, runs: int, model: str) -> Quote:
    usual = max(LEAST_OUTPUT, min(_USUAL_ANSWER, most))
    return Quote(
        p50=price.cost(prompt + usual), p90=price.cost(prompt + min(3 * usual, most)), ceiling=ceiling, basis="prompt",
        runs=runs, model=model,
    )  # fmt: skip


def _latest(runs: QuerySet[Run]) -> list[Decimal]:
    return sorted(runs.order_by("-created_at").values_list("credits", flat=True)[:_LATEST])


def _percentile(ordered: list[Decimal], percent: int) -> Decimal:
    """Between the two nearest, as PostgreSQL's percentile_cont."""
    place = Decimal(len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return (ordered[low] + (ordered[high] - ordered[low]) * (place - low)).quantize(UNIT, ROUND_HALF_UP)
