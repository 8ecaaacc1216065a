"""Which definition a run executes (rules: "Which version runs")."""

from django.utils.translation import gettext as _

from agent_app.models import Agent, AgentVersion
from community.access import Actor
from config.lib.errors import InvalidInput, NotFound

DRAFT = "draft"
# Where people try what they are building; everything else runs what was published.
_TRYING = frozenset({"playground", "test"})


def version_for(actor: Actor, agent: Agent, wanted: int | str | None, source: str) -> AgentVersion | None:
    """The version to run; None for the draft, which viewers may only run as long as nothing is published.

    Raises NotFound, Forbidden, and InvalidInput where ``wanted`` is neither a number nor "draft".
    """
    if wanted is None:
        draft = source in _TRYING and actor.allows("agent.run_draft")
        wanted = DRAFT if draft or agent.published_version is None else agent.published_version
    if wanted == DRAFT:
        if agent.published_version is not None:
            actor.require("agent.run_draft")
        return None
    return find_version(agent, wanted)


def find_version(agent: Agent, wanted: int | str) -> AgentVersion:
    """A published version by its number. Raises NotFound, InvalidInput."""
    if isinstance(wanted, bool) or not str(wanted).isdecimal() or len(str(wanted)) > 9:
        raise InvalidInput(errors={"version": [_('A version is a published number, or "draft".')]})
    version = (
        AgentVersion.objects.select_related("snapshot", "published_by")
        .filter(agent_id=agent.id, number=int(wanted))
        .first()
    )
    if version is None:
        raise NotFound(_("This agent has no published version %(version)s.") % {"version": wanted})
    return version
