"""A library of instructions to start from, each with an example and what makes it good."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, kw_only=True)
class InstructionTemplate:
    key: str
    name: Text
    description: Text
    instructions: Text
    example: Text
    practices: tuple[Text, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "key": self.key, "name": str(self.name), "description": str(self.description),
            "instructions": str(self.instructions), "example": str(self.example),
            "practices": [str(each) for each in self.practices],
        }  # fmt: skip


TEMPLATES: tuple[InstructionTemplate, ...] = (
    InstructionTemplate(
        key="role", name=_("Role, task, limits"), description=_("The shape that fits most agents."),
        instructions=_(
            "You are … for …. You help {{ user.name }} to ….\n\n# How to go about it\n1. …\n2. …\n\n"
            "# Limits\n- Never ….\n- If you do not know, say so and ….\n\n# Form of the answer\nShort, in the person's language."
        ),
        example=_("You are a travel desk for a small company. You help Ada to book trips that keep to the travel rules."),
        practices=(
            _("Name the goal in the first sentence."), _("Say what to do when something is missing."),
            _("One rule a line: rules in long paragraphs are overlooked."),
        ),
    ),
    InstructionTemplate(
        key="triage", name=_("Triage"), description=_("Finds out what somebody wants and hands over."),
        instructions=_(
            "You find out what {{ user.name }} needs and hand the conversation to the agent that can help.\n\n"
            "- Ask at most one question, and only if you cannot decide otherwise.\n- Do not answer the question yourself.\n"
            "- If nobody fits, say so and offer what there is."
        ),
        example=_("“My parcel is late” is handed to the agent for deliveries, “I was charged twice” to the one for invoices."),
        practices=(
            _("Describe each target in its handoff description: that is what the model reads."),
            _("Forbid answering, or it will."),
        ),
    ),
    InstructionTemplate(
        key="extract", name=_("Extraction"), description=_("Takes facts out of a text; use it with an output type."),
        instructions=_(
            "Take the asked facts out of the text that you are given.\n\n- Use only what the text says; never guess.\n"
            "- Leave out what it does not say.\n- Keep names, numbers and dates as they are written. Today is {{ now }}."
        ),
        example=_("From an e-mail: the sender's name, the order's number and the wished date."),
        practices=(_("Let the output type say the form; the instructions say the meaning."), _("Say what to do with gaps.")),
    ),
    InstructionTemplate(
        key="judge", name=_("Judge"), description=_("Compares an answer with a rule and says why."),
        instructions=_(
            "You judge whether an answer follows the rule below. Judge only the rule, not style or length.\n\n# Rule\n…\n\n"
            "First write one sentence of reasons that quotes the answer, then your verdict: pass or fail."
        ),
        example=_("Rule: the answer names a price only with its currency. Verdict for “it costs 12”: fail."),
        practices=(_("Reasons before the verdict."), _("One rule for each judge.")),
    ),
    InstructionTemplate(
        key="shop", name=_("Customer service with contexts"), description=_("One agent for several shops."),
        instructions=_(
            "You answer customers of {{ context.shop_name }} in {{ context.language | default(\"their language\") }}. "
            "Greet {{ user.name }} by name once.\n\n- Promise nothing that the rules do not say.\n"
            "- Ask for the order's number when you need it.\n"
            "- Hand over to a colleague when somebody is angry or asks for a person."
        ),
        example=_("The context “EU shop” has shop_name “Halden Outdoor” and language “English”."),
        practices=(
            _("What differs between customers belongs into a context, not into copies of the agent."),
            _("Give optional values a default."),
        ),
    ),
)  # fmt: skip
