"""The small parts of a page. ``/styleguide/`` shows each."""

import json
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, PasswordInput, RadioSelect
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.lib.numbers import written
from config.ui import marks, states

register = template.Library()

Number = int | float | Decimal | str


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of static/src/icons.txt; ``extra`` are further classes."""
    link = f"{static('icons.svg')}#{name}"
    return format_html('<svg class="i {}" aria-hidden="true"><use href="{}"/></svg>', extra, link)


@register.simple_tag
def mark(identity: object, extra: str = "") -> SafeString:
    """The picture of an agent, made of its id."""
    glyph, hue = marks.look(str(identity))
    shapes = mark_safe(glyph)  # noqa: S308  # one of our eight constants
    return format_html(
        '<span class="mark hue-{} {}" aria-hidden="true"><svg viewBox="0 0 16 16">{}</svg></span>', hue, extra, shapes
    )


@register.simple_tag
def face(name: object, extra: str = "", picture: str = "") -> SafeString:
    """A person or an agent: their picture where there is one, else their initials."""
    if picture:
        return format_html(
            '<img class="face {}" src="{}" alt="" width="24" height="24" loading="lazy">', extra, picture
        )
    hue = marks.look(str(name))[1]
    return format_html(
        '<span class="face hue-{} {}" aria-hidden="true">{}</span>', hue, extra, marks.initials(str(name))
    )


def _state(kind: str, status: str, words: str | Promise | None) -> SafeString:
    look = states.look(status)
    picture = icon(look.icon, "spin" if look.turns else "")
    return format_html('<span class="{}" data-s="{}">{}{}</span>', kind, status, picture, words or look.word)


@register.simple_tag
def state(status: object, words: str | None = None) -> SafeString:
    """A status in a row: icon, word, colour."""
    return _state("state", str(status), words)


@register.simple_tag
def pill(status: object, words: str | None = None) -> SafeString:
    """A status of the page's object."""
    return _state("pill", str(status), words)


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """Relative time, the exact one on hover. The ``ago`` controller keeps it true."""
    if moment is None:
        return format_html("<span>{}</span>", _("Never"))
    seconds = (timezone.now() - moment).total_seconds()
    if seconds < 45:
        words = _("just now")
    elif seconds < 7 * 86400:
        words = _past(int(seconds))
    else:
        words = date_format(moment, _("j M Y"))
    exact = date_format(timezone.localtime(moment), _("j F Y, H:i:s e"))
    return format_html(
        '<time class="num" data-controller="ago" datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, words
    )


def _past(seconds: int) -> str:
    if seconds < 3600:
        minutes = max(1, seconds // 60)
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", minutes) % {"count": minutes}
    if seconds < 86400:
        hours = seconds // 3600
        return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}
    days = seconds // 86400
    return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}


@register.filter("credits")
@register.simple_tag
def credits(amount: Number | None) -> str:
    """``1,284.6``, ``9.96`` and ``10``: cut, never rounded up to what is not there; small amounts keep four places.

    How every page writes an amount; where amounts are to be added up, and for prices, there is ``exact_credits``.
    """
    if amount is None:
        return "–"
    value = Decimal(str(amount))
    if not value:
        return "0"
    if abs(value) < 1:
        return written(f"{value.normalize():.4f}".rstrip("0").rstrip(".") or "0")
    cut = value.quantize(Decimal("0.01") if abs(value) < 1000 else Decimal("0.1"), ROUND_DOWN)
    whole, _point, places = f"{cut:f}".partition(".")
    return written(f"{whole}.{places}".rstrip("0").rstrip("."))


@register.filter
def exact_credits(amount: Number | None) -> str:
    """``1,284.6400``: all there is of it, as the ledger keeps it and the API says it."""
    if amount in (None, ""):
        return "–"
    return written(Decimal(str(amount)).quantize(Decimal("0.0001")))


@register.simple_tag
def tokens(count: int | None) -> str:
    return "–" if count is None else written(count)


@register.filter
def pretty_json(value: object) -> str:
    """JSON for people; escaped by the template like any text."""
    return json.dumps(value, ensure_ascii=False, indent=2)


@register.filter
def pretty_text(text: str) -> str:
    """A text for people: indented, where it is an object or a list as JSON."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


@register.simple_tag
def duration(milliseconds: float | None) -> str:
    """``640 ms``, ``1.2 s``, ``2 min 5 s``."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 59_950:
        return f"{written(f'{milliseconds / 1000:.1f}')} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


@register.simple_tag
def crumb(url: str, label: object) -> SafeString:
    """A parent of the page, with the arrow to what follows."""
    return format_html(
        '<span class="crumb-parent"><a href="{}">{}<span class="crumb-label">{}</span></a>{}</span>',
        url, icon("arrow-left", "crumb-back"), label, icon("chevron-right", "i-sm text-faint crumb-next"),
    )  # fmt: skip


@register.simple_tag
def meter(value: float, most: float, label: str = "") -> SafeString:
    return format_html('<progress class="meter-p" value="{}" max="{}" aria-label="{}"></progress>', value, most, label)


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, icon: str = "", tall: bool = False, help: bool = True, label: bool = True, focus: bool = False
) -> dict[str, Any]:
    """A field of a form with its label, help and errors. ``label=False`` under a heading that says the same: only for screen readers.

    ``focus`` where typing into it is what the page is for.
    """
    widget = bound.field.widget
    kind = "check" if isinstance(widget, CheckboxInput) else "radio" if isinstance(widget, RadioSelect) else "field"
    secret = isinstance(widget, PasswordInput)
    classes = {"check": "switch", "radio": "radio"}.get(kind, "field field-tall" if tall else "field")
    if own := widget.attrs.get("class"):
        classes = f"{classes} {own}"
    attributes: dict[str, Any] = {"class": "" if secret or (icon and kind == "field") else classes}
    if bound.errors:
        attributes |= {"aria-invalid": "true", "aria-describedby": f"{bound.auto_id}-error"}
    elif bound.help_text and help:
        attributes["aria-describedby"] = f"{bound.auto_id}-help"
    if focus:
        attributes["autofocus"] = True
    if secret:
        attributes["data-reveal-target"] = "input"
    return {
        "bound": bound, "control": bound.as_widget(attrs=attributes), "kind": kind, "secret": secret, "icon": icon,
        "tall": tall, "help": help, "label": label,
    }  # fmt: skip


@register.inclusion_tag("components/fields.html")
def fields(form: Any, tall: bool = False, focus: bool = False) -> dict[str, Any]:
    """All fields of ``form``, and its own errors first. ``focus``: on the first field."""
    return {"form": form, "tall": tall, "focus": focus}
