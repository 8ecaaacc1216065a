"""Trying guardrails on a text outside any run: what each says, how long it takes, and what asking has cost."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from agent_app.definition.content import PREFETCH, READ
from agent_app.definition.guardrails import Guard, judge_ids, new_guardrail, problems
from agent_app.definition.instructions import filled, variables
from agent_app.definition.sources import draft_definition
from agent_app.engine.providers import transport
from agent_app.expressions import ExpressionError
from agent_app.guardrails import registry
from agent_app.guardrails.checking import Checked, check, parts_after
from agent_app.guardrails.registry import CheckContext
from agent_app.models import Agent, Run
from agent_app.runs import limits
from agent_app.tools import egress
from agent_app.tools.registry import OutboundBudget
from agent_app.tools.sandbox import python
from community.access import Actor
from config.lib.db import in_db
from config.lib.errors import InvalidInput
from config.lib.ids import uuid7

SECONDS = 90.0  # of one trial: whoever tries waits for it
_JUDGING = "agent_app.engine.panel.Judging"


def chosen(
    actor: Actor, agent: Agent, *, stage: str | None, unsaved: Mapping[str, Any] | None
) -> list[Guard]:  # fmt: skip
    """The draft's guardrails that are in use, of one stage or all; or one that is not saved yet. Raises InvalidInput, and
    Throttled past what a person may try in a minute."""
    limits.check_trials(actor.id)
    if unsaved is None:
        kept = READ["guardrails"](agent)
        return [each for each in kept if each["enabled"] and stage in (None, "", each["type"])]
    one = new_guardrail(unsaved)
    if wrong := problems(agent.workspace_id, [one], str(agent.id)):
        raise InvalidInput(_("Some fields need another look."), errors={"guardrail": wrong})
    return [one | {"id": None}]


async def try_text(actor: Actor, agent: Agent, text: str, guardrails: Sequence[Guard]) -> dict[str, Any]:
    """Each in turn, on what those before it have left of the text, as in a run; one that blocks does not end the trial."""
    try:
        return await _tried(actor, agent, text, guardrails)
    finally:
        await transport.close()  # this loop ends with the trial
        await egress.close()
        await python.close()


async def _tried(actor: Actor, agent: Agent, text: str, guardrails: Sequence[Guard]) -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    blocked, credits, until = False, Decimal(0), time.monotonic() + SECONDS
    judging, outbound = await _judging(actor, guardrails), OutboundBudget()
    try:
        for guardrail in guardrails:
            credential = guardrail.get("credential_id")
            context = CheckContext(
                workspace_id=actor.workspace_id, actor_id=actor.id, stage=guardrail["type"], name=guardrail["name"],
                agent_id=agent.id, credential_id=UUID(credential) if credential else None, outbound=outbound,
                values={"user": {"name": actor.user.display_name}, "message": text, "context": {}},
                judge=judging.verdict if judging else None,
            )  # fmt: skip
            found = await _in_time(guardrail, text, context, until)
            results.append(shown(found))
            if (after := parts_after(guardrail, found.verdict, [text])) is None:
                blocked = True
            else:
                text = after[0]
    finally:
        credits = await judging.close() if judging else credits
    return {"blocked": blocked, "text": text, "results": results, "credits": f"{credits:.4f}"}


async def _in_time(guardrail: Guard, text: str, context: CheckContext, until: float) -> Checked:
    began = time.monotonic()
    try:
        async with asyncio.timeout(max(0.0, until - began)):
            return await check(guardrail, text, context)
    except TimeoutError:
        verdict = registry.failed(guardrail["config"], _("All of them together took too long."))
        return Checked(guardrail=guardrail, verdict=verdict, seconds=time.monotonic() - began)


async def _judging(actor: Actor, guardrails: Sequence[Guard]) -> Any:
    """Those whom the guardrails ask; None where they ask nobody. Loads the engine, which web processes have no other use for."""
    if not (ids := judge_ids(guardrails)):
        return None
    judges = await in_db(_definitions, actor, ids)
    run = Run(id=uuid7(), workspace_id=actor.workspace_id, actor_id=actor.id, attempt=1, source="test")
    return (await asyncio.to_thread(import_string, _JUDGING))(run, judges)


def _definitions(actor: Actor, agent_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The drafts of agents that judge, as a run of the draft would have them. Raises InvalidInput."""
    rows = Agent.objects.in_workspace(actor.workspace_id).filter(id__in=agent_ids).prefetch_related(*PREFETCH)
    values = variables(user_name=actor.user.display_name, now=timezone.now(), context={})
    try:
        return {str(agent.id): filled(draft_definition(agent), values) for agent in rows}
    except ExpressionError as error:
        raise InvalidInput(error.message) from error


def shown(found: Checked) -> dict[str, Any]:
    guardrail, verdict = found.guardrail, found.verdict
    return {
        "id": guardrail["id"], **{name: guardrail[name] for name in ("name", "type", "implementation", "action")},
        "tripped": verdict.tripped, "message": found.message if verdict.tripped else verdict.message,
        "matches": [{"start": each.start, "end": each.end, "what": each.what} for each in verdict.matches[:100]],
        "failed": verdict.failed, "info": verdict.info, "duration_ms": round(found.seconds * 1000, 3),
    }  # fmt: skip
