"""Trying guardrails on a text outside any run: what each says, and how long it takes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from agent_app.definition.content import READ
from agent_app.definition.guardrails import Guard, new_guardrail, problems
from agent_app.engine.providers import transport
from agent_app.guardrails.checking import Checked, check, parts_after
from agent_app.guardrails.registry import CheckContext
from agent_app.models import Agent
from agent_app.tools import egress
from agent_app.tools.sandbox import python
from community.access import Actor
from config.lib.errors import InvalidInput


def chosen(agent: Agent, *, stage: str | None, unsaved: Mapping[str, Any] | None) -> list[Guard]:
    """The draft's guardrails that are in use, of one stage or all; or one that is not saved yet. Raises InvalidInput."""
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
    blocked = False
    for guardrail in guardrails:
        credential = guardrail.get("credential_id")
        context = CheckContext(
            workspace_id=actor.workspace_id, actor_id=actor.id, stage=guardrail["type"], name=guardrail["name"],
            agent_id=agent.id, credential_id=UUID(credential) if credential else None,
            values={"user": {"name": actor.user.display_name}, "message": text, "context": {}},
        )  # fmt: skip
        found = await check(guardrail, text, context)
        results.append(shown(found))
        if (after := parts_after(guardrail, found.verdict, [text])) is None:
            blocked = True
        else:
            text = after[0]
    return {"blocked": blocked, "text": text, "results": results}


def shown(found: Checked) -> dict[str, Any]:
    guardrail, verdict = found.guardrail, found.verdict
    return {
        "id": guardrail["id"], **{name: guardrail[name] for name in ("name", "type", "implementation", "action")},
        "tripped": verdict.tripped, "message": found.message if verdict.tripped else verdict.message,
        "matches": [{"start": each.start, "end": each.end, "what": each.what} for each in verdict.matches[:100]],
        "failed": verdict.failed, "info": verdict.info, "duration_ms": round(found.seconds * 1000, 3),
    }  # fmt: skip
