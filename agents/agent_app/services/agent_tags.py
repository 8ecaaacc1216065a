"""Tags of several agents at once, in a way that can be taken back."""

from collections.abc import Iterable
from typing import TypedDict
from uuid import UUID

from django.db import transaction

from agent_app.models import Agent
from agent_app.services.agents import agents_change
from community.access import Actor


class TagChange(TypedDict):
    """What happens to the tags of some agents."""

    ids: list[str]
    add: list[str]
    remove: list[str]


@transaction.atomic
def agents_tag(*, actor: Actor, ids: Iterable[UUID], add: Iterable[str], remove: Iterable[str]) -> list[TagChange]:
    """Add and remove tags; answers what takes it back, agent by agent: a tag that was there before is not lost by that.

    Raises InvalidInput for too many tags.
    """
    actor.require("agent.write")
    before = _tags(actor, ids)
    agents_change(actor=actor, ids=before, add_tags=list(add), remove_tags=list(remove))
    back: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for agent_id, now in _tags(actor, before).items():
        had = before[agent_id]
        lost, gained = tuple(tag for tag in had if tag not in now), tuple(tag for tag in now if tag not in had)
        if lost or gained:
            back.setdefault((lost, gained), []).append(str(agent_id))
    return [{"ids": found, "add": list(lost), "remove": list(gained)} for (lost, gained), found in back.items()]


@transaction.atomic
def agents_untag(*, actor: Actor, changes: Iterable[TagChange]) -> int:
    """Take ``agents_tag`` back; answers how many agents were changed. What others did meanwhile stays."""
    actor.require("agent.write")
    return sum(
        agents_change(
            actor=actor, ids=[UUID(each) for each in change["ids"]], add_tags=change["add"], remove_tags=change["remove"]
        )
        for change in changes
    )  # fmt: skip


def _tags(actor: Actor, ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    rows = Agent.objects.in_workspace(actor.workspace_id).filter(id__in=list(ids)).order_by("id")
    return dict(rows.select_for_update(of=("self",)).values_list("id", "tags"))
