"""JSON Schemas in the form that Anthropic enforces. Pure."""

from typing import Any

# What its grammar knows; other words are told to the model in the description instead.
_KEPT = frozenset(
    {"type", "description", "title", "enum", "const", "anyOf", "allOf", "$ref", "$defs", "definitions", "properties",
     "required", "additionalProperties", "items", "default"}
)  # fmt: skip
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)  # fmt: skip
_NESTED = ("$defs", "definitions", "properties")


def fits(schema: Any) -> bool:
    """Whether nothing is lost by enforcing it. An object with names of its own choosing (a map) would have to be empty."""
    if isinstance(schema, list):
        return all(fits(each) for each in schema)
    if not isinstance(schema, dict):
        return True
    names = schema.get("properties")
    if schema.get("type") == "object" and (schema.get("additionalProperties", False) is not False or not names):
        return False
    if "patternProperties" in schema:
        return False
    for key, value in schema.items():
        if key in _NESTED and isinstance(value, dict):
            if not all(fits(each) for each in value.values()):
                return False
        elif key in ("items", "anyOf", "allOf", "oneOf") and not fits(value):
            return False
    return True


def strict_form(schema: Any) -> Any:
    """The schema with closed objects, and with what cannot be enforced in words. Changes ``schema``."""
    if isinstance(schema, list):
        return [strict_form(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
    told = []
    for key in [key for key in schema if not _kept(key, schema[key])]:
        told.append(f"{key}: {schema.pop(key)}")
    if told:
        schema["description"] = "\n".join(filter(None, [schema.get("description"), f"{{{', '.join(told)}}}"]))
    for key, value in schema.items():
        if key in _NESTED and isinstance(value, dict):
            schema[key] = {name: strict_form(each) for name, each in value.items()}
        elif key in ("items", "anyOf", "allOf"):
            schema[key] = strict_form(value)
    if schema.get("type") == "object":
        schema["additionalProperties"] = False
    return schema


def _kept(key: str, value: Any) -> bool:
    return key in _KEPT or (key == "format" and value in _FORMATS) or (key == "minItems" and value in (0, 1))
