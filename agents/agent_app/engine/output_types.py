"""An output type as the SDK takes it: a schema to ask with, and a check of the answer."""

from typing import Any

from agents import ModelBehaviorError
from agents.agent_output import AgentOutputSchemaBase

from agent_app import output_types
from agent_app.output_types import InvalidOutput, OutputType


class InvalidAnswer(ModelBehaviorError):
    """The last answer does not fit its agent's output type."""

    def __init__(self, text: str, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.text = text
        self.problems = problems


class OutputSchema(AgentOutputSchemaBase):
    def __init__(self, output_type: OutputType) -> None:
        self._type = output_type
        self._schema = output_types.wire_schema(output_type) or {}
        self._strict = output_types.is_strict(output_type)

    def is_plain_text(self) -> bool:
        return False

    def name(self) -> str:
        return str(self._type.get("type_name") or "json_schema")

    def json_schema(self) -> dict[str, Any]:
        return self._schema

    def is_strict_json_schema(self) -> bool:
        return self._strict

    def validate_json(self, json_str: str) -> Any:
        try:
            return output_types.parse(self._type, json_str)
        except InvalidOutput as error:
            raise InvalidAnswer(json_str, error.problems) from error


def output_schema(definition: dict[str, Any]) -> OutputSchema | None:
    """None where the agent answers with text."""
    chosen: OutputType | None = definition.get("output_type")
    return OutputSchema(chosen) if output_types.schema_for(chosen) is not None and chosen else None
