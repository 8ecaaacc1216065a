"""What pages about models show."""

from collections.abc import Mapping

from django import template
from django.utils.translation import gettext as _

from config.lib.numbers import written

register = template.Library()


@register.simple_tag
def can(capabilities: Mapping[str, bool | None], name: str) -> bool | None:
    """Whether a model can, cannot, or (None) nobody knows."""
    return capabilities.get(name)


@register.filter
def window(tokens: int | None) -> str:
    """A context window as people say it: 200k, 1M."""
    if not tokens:
        return "–"
    if tokens >= 1_000_000:
        return written(f"{tokens / 1_000_000:.2f}".rstrip("0").rstrip(".")) + "M"
    return f"{round(tokens / 1000)}k" if tokens >= 1000 else str(tokens)


@register.filter
def dollars(price: str | None) -> str:
    """A price as it stands in the catalogue, or that it is not known."""
    return f"${price}" if price is not None else _("unknown")
