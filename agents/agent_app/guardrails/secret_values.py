"""``secrets``: keys, tokens, passwords and private keys."""

from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.guardrails.keys import secret_matches
from agent_app.guardrails.registry import Config, PureKind
from agent_app.guardrails.verdict import PASSED, Verdict
from agent_app.json_schemas import Schema


class Secrets(PureKind):
    name = "secrets"
    label = gettext_lazy("Secrets")
    summary = gettext_lazy("Finds keys, tokens, passwords and private keys.")
    icon = "key-round"
    finds = True
    properties: ClassVar[Schema] = {}

    def check(self, text: str, config: Config) -> Verdict:
        found = tuple(sorted(secret_matches(text)))
        if not found:
            return PASSED
        return Verdict(tripped=True, matches=found, message=_("The text has a key, a token or a password in it."))
