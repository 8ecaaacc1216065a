"""``function``: Python of the builder's decides, in the sandbox that can only compute.

It is one function of the text, which answers ``{"tripwire_triggered", "output_info"?, "override_message"?}``, or just true or
false. The run's context is there under the name ``context``.
"""

from typing import ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.guardrails.endpoint import judged
from agent_app.guardrails.registry import ON_ERROR, AskingKind, CheckContext, CheckFailed, Config, Problems
from agent_app.guardrails.verdict import Verdict
from agent_app.json_schemas import Schema
from agent_app.tools.sandbox import python, source

_CONTEXT = "context"


class Code(AskingKind):
    name = "function"
    label = gettext_lazy("Function")
    summary = gettext_lazy("Your own Python decides, in a sandbox without files or network.")
    icon = "code"
    properties: ClassVar[Schema] = {
        "code": {"type": "string", "minLength": 1, "maxLength": source.MAX_SOURCE, "title": gettext_lazy("Code: one function of the text")},
        **ON_ERROR,
    }  # fmt: skip
    required = ("code",)

    def problems(self, workspace_id: UUID, config: Config) -> Problems:
        try:
            signature = source.read(config["code"], taken=(_CONTEXT,))
        except source.SourceProblem as problem:
            return {"code": [str(problem)]}
        names = list(signature.parameters.get("properties") or {})
        if not names or len(signature.parameters.get("required") or []) > 1:
            return {"code": [_("It takes the text, and nothing else that it needs.")]}
        return {}

    async def verdict(self, text: str, config: Config, context: CheckContext) -> Verdict:
        try:
            signature = source.read(config["code"], taken=(_CONTEXT,))
            first = next(iter(signature.parameters["properties"]))
            called = await python.call(
                config["code"], signature, {first: text}, values={_CONTEXT: dict(context.values.get("context") or {})},
                functions={}, timeout_s=python.SECONDS + 2,
            )  # fmt: skip
        except (source.SourceProblem, python.CodeFailed) as problem:
            raise CheckFailed(str(problem)) from problem
        value = called.value
        return judged({"tripwire_triggered": value} if isinstance(value, bool) else value)
