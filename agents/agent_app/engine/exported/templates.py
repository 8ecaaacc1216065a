"""Templates and conditions."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent_app.engine.exported.values import values


class Templates(ImmutableSandboxedEnvironment):
    """Jinja, in which a dot looks up a key, and what is not there is an error."""

    def __init__(self) -> None:
        # Comments would swallow text that somebody meant: {#section} is a heading's anchor in Markdown.
        super().__init__(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, comment_start_string="\x00{#")
        self.filters["tojson"] = lambda value, indent=None: json.dumps(value, ensure_ascii=False, indent=indent)

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute) if isinstance(obj, dict) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, dict):
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
        return super().getitem(obj, argument)


TEMPLATES = Templates()


def instructions(template: str) -> str:
    """Fill in {{ user.name }}, {{ context.… }} and {{ now }}."""
    return TEMPLATES.from_string(template).render(values())


def compute(expression: str, known: Mapping[str, Any]) -> Any:
    """The value of an expression."""
    value = TEMPLATES.compile_expression(expression, undefined_to_none=False)(known)
    return str(value) if isinstance(value, jinja2.Undefined) else value  # as a text it says what is not there


def filled(template: Any, known: Mapping[str, Any]) -> Any:
    """A template that is one {{ expression }} keeps the type of its value."""
    if not isinstance(template, str):
        return template
    inner = template.strip()
    parts = TEMPLATES.parse(inner).body
    if inner.startswith("{{") and inner.endswith("}}") and len(parts) == 1 and len(getattr(parts[0], "nodes", ())) == 1:
        return compute(inner[2:-2].strip("-+ \n\t"), known)
    return TEMPLATES.from_string(template).render(known)


def filled_in(templates: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Templates by name, without those whose values are not there."""
    found = {}
    for name, template in templates.items():
        with suppress(jinja2.UndefinedError):
            found[name] = filled(template, known)
    return {name: value for name, value in found.items() if value is not None}
