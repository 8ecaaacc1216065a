"""What a new agent may start from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, kw_only=True)
class StartingPoint:
    """A draft to begin with, in the language of whoever begins."""

    key: str
    icon: str
    name: Text
    description: Text
    instructions: Text = ""
    starters: tuple[Text, ...] = ()
    model_settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def fields(self) -> dict[str, Any]:
        """The values that ``agent_create`` takes."""
        return {
            "name": str(self.name),
            "description": str(self.description) if self.instructions else "",
            "instructions": str(self.instructions),
            "starters": [str(starter) for starter in self.starters],
            "model_settings": dict(self.model_settings),
        }


STARTING_POINTS: Mapping[str, StartingPoint] = MappingProxyType(
    {
        point.key: point
        for point in (
            StartingPoint(
                key="blank", icon="plus", name=_("New agent"), description=_("An empty draft. You write the instructions.")
            ),
            StartingPoint(
                key="support", icon="life-buoy", name=_("Support assistant"),
                description=_("Answers customers kindly and says when a person should take over."),
                instructions=_(
                    "You answer customers of our shop. Be kind, short and exact.\n"
                    "Ask for the order number when you need it. Never promise a refund.\n"
                    "If you do not know, say so and offer to hand over to a colleague."
                ),
                starters=(_("Where is my parcel?"), _("How do I send something back?")),
                model_settings={"temperature": 0.3},
            ),
            StartingPoint(
                key="writer", icon="pencil", name=_("Text editor"),
                description=_("Makes a text clearer without changing what it says."),
                instructions=_(
                    "You edit texts. Keep the author's meaning, voice and language.\n"
                    "Shorten long sentences, remove filler, keep names and numbers as they are.\n"
                    "Answer with the edited text, then list the three most important changes."
                ),
                starters=(_("Make this shorter: …"), _("Rewrite this e-mail so that it sounds friendlier: …")),
            ),
            StartingPoint(
                key="tutor", icon="graduation-cap", name=_("Patient tutor"),
                description=_("Explains step by step and asks questions back."),
                instructions=_(
                    "You are a patient tutor. Explain one step at a time, with a small example.\n"
                    "After each step ask a question that shows whether it was understood.\n"
                    "Never give away the solution of an exercise at once."
                ),
                starters=(_("Explain fractions to me"), _("What is a variable in Python?")),
            ),
            StartingPoint(
                key="summary", icon="file-text", name=_("Summariser"),
                description=_("Turns long notes into decisions, tasks and open questions."),
                instructions=_(
                    "You summarise what the person pastes.\n"
                    "Answer in Markdown with three headings: Decisions, Tasks (with the person responsible), Open questions.\n"
                    "Use only what the text says. Leave out a heading that has nothing under it."
                ),
                starters=(_("Summarise these meeting notes: …"),),
                model_settings={"temperature": 0.2},
            ),
        )
    }
)  # fmt: skip
