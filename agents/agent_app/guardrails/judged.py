"""``agent``: another agent of the workspace judges."""

from typing import ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.guardrails.registry import ON_ERROR, AskingKind, CheckContext, CheckFailed, Config, Problems
from agent_app.guardrails.verdict import Verdict
from agent_app.json_schemas import Schema
from config.lib.ids import parse_uuid


class Judged(AskingKind):
    """The engine asks it, as a turn of the run that is paid for like any other."""

    name = "agent"
    label = gettext_lazy("Judge")
    summary = gettext_lazy(
        "Asks another agent, by its instructions and with its model. What it says is paid for in the run."
    )
    icon = "gavel"
    properties: ClassVar[Schema] = {
        "agent_id": {"type": "string", "minLength": 1, "maxLength": 40, "title": gettext_lazy("Agent that judges")},
        **ON_ERROR,
    }
    required = ("agent_id",)

    def problems(self, workspace_id: UUID, config: Config) -> Problems:
        """Whether there is such an agent, all guardrails of an agent ask together (``definition.guardrails``)."""
        return {} if parse_uuid(config["agent_id"]) else {"agent_id": [_("This is not the id of an agent.")]}

    async def verdict(self, text: str, config: Config, context: CheckContext) -> Verdict:
        if context.judge is None:
            raise CheckFailed(_("There is nobody here whom a judge could be asked by."))
        return await context.judge(config["agent_id"], text)
