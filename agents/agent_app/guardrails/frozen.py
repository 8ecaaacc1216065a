"""What a run's frozen definition says of its guardrails, and what they leave of its conversation."""

from collections.abc import Mapping
from typing import Any

from agent_app.guardrails.registry import INPUT, OUTPUT, WARN
from agent_app.models import Message, Run

Definition = Mapping[str, Any]


def aloud(definition: Definition) -> list[Definition]:
    """Those who may speak to the reader: the agent that begins, and all that the conversation can be handed over to. Agents
    that are only called as tools, or judge, are not among them."""
    targets = definition.get("targets") or {}
    found: list[Definition] = []
    known: set[str] = set()
    waiting = [definition]
    while waiting:
        found.append(each := waiting.pop())
        reached = {str(handoff["target_agent_id"]) for handoff in each.get("handoffs") or []}
        waiting += [targets[key] for key in sorted(reached - known) if key in targets]
        known |= reached
    return found


def may_withhold(definition: Definition) -> bool:
    """Whether a guardrail may keep the reader from an answer, or from a part of it."""
    return any(each["type"] == OUTPUT and each["action"] != WARN for who in aloud(definition) for each in _of(who))


def guarded(run: Run, stage: str) -> bool:
    """Whether somebody in the run checks at ``stage``: the agent that begins its input, all who may speak the output."""
    definition = run.snapshot.definition if run.snapshot else {}
    if stage == INPUT:
        return any(each["type"] == INPUT for each in _of(definition))
    return may_withhold(definition)


def _of(definition: Definition) -> list[dict[str, Any]]:
    return definition.get("guardrails") or []


def sent_along(history: list[Message]) -> list[Message]:
    """What a model may be given of a conversation: neither messages that guardrails have stopped, nor what was said to them.
    The last one is what is asked now."""
    stopped = {message.id for message in history[:-1] if message.withheld}
    earlier = [each for each in history[:-1] if each.id not in stopped and each.parent_id not in stopped]
    return [*earlier, *history[-1:]]
