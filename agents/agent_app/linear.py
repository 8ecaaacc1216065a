"""Patterns in an engine that needs linear time, whatever the pattern: Rust's, which has no look-around and no references. Pure."""

from pydantic_core import SchemaValidator, ValidationError, core_schema


def compiled(pattern: str) -> SchemaValidator:
    """Raises SchemaError for what it cannot match, or what becomes too large."""
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


def matches(validator: SchemaValidator, text: str) -> bool:
    """Whether a compiled pattern matches somewhere."""
    try:
        validator.validate_python(text)
    except ValidationError:
        return False
    return True
