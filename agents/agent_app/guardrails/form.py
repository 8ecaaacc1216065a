"""``schema``: trips where a text is not JSON of the form that is asked for."""

from typing import ClassVar
from uuid import UUID

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import json_schemas
from agent_app.guardrails.registry import Config, Problems, PureKind
from agent_app.guardrails.verdict import PASSED, Verdict
from agent_app.json_schemas import Schema


class JsonForm(PureKind):
    name = "schema"
    label = gettext_lazy("JSON Schema")
    summary = gettext_lazy("Trips where a text is not JSON that fits your schema.")
    icon = "braces"
    properties: ClassVar[Schema] = {"schema": {"type": "object", "title": gettext_lazy("Schema")}}
    required = ("schema",)

    def problems(self, workspace_id: UUID, config: Config) -> Problems:
        found = json_schemas.problems_of(config["schema"])
        return {"schema": found} if found else {}

    def check(self, text: str, config: Config) -> Verdict:
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return Verdict(tripped=True, message=_("This is not JSON: %(why)s") % {"why": error})
        found = json_schemas.errors_in(config["schema"], value)
        return Verdict(tripped=True, message=" ".join(found), info=found) if found else PASSED
