"""What a run's frozen definition says of its guardrails, and what they leave of its conversation."""

from agent_app.guardrails.registry import OUTPUT
from agent_app.models import Message, Run


def guarded(run: Run, stage: str) -> bool:
    """Whether somebody in the run checks at ``stage``. Input counts for the agent that begins, output for all who may speak."""
    definition = run.snapshot.definition if run.snapshot else {}
    who = [definition, *(definition.get("targets") or {}).values()] if stage == OUTPUT else [definition]
    return any(guardrail["type"] == stage for each in who for guardrail in each.get("guardrails") or [])


def sent_along(history: list[Message]) -> list[Message]:
    """What a model may be given of a conversation: neither messages that guardrails have stopped, nor what was said to them.
    The last one is what is asked now."""
    stopped = {message.id for message in history[:-1] if message.withheld}
    earlier = [each for each in history[:-1] if each.id not in stopped and each.parent_id not in stopped]
    return [*earlier, *history[-1:]]
