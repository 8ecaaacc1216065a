"""How a mail is written: one text, sent as it is and as a page made from it, so that the two always say the same.

A line that is nothing but an address of ours becomes a button with ``action`` on it; ``- title`` and an address under it an
entry that leads there; what follows ``--`` the small print. Nothing else is ever a link: names of people and workspaces
stand in these texts, and whoever chose them must not lead readers elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

_SMALL_PRINT = "\n--\n"
_ENTRY = "- "


@dataclass(frozen=True, slots=True)
class Letter:
    """What to send. ``language`` is the text's; ``headers`` go out with it."""

    to: str
    subject: str
    text: str
    action: str = ""
    language: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of a paragraph; with ``url`` a button (no lines) or an entry that leads there."""

    lines: tuple[str, ...] = ()
    url: str = ""


def message(letter: Letter) -> EmailMultiAlternatives:
    """``letter`` as a mail program wants it. A subject is one line, whatever it was made of."""
    mail = EmailMultiAlternatives(
        " ".join(letter.subject.split()), letter.text, to=[letter.to], headers=dict(letter.headers)
    )
    mail.attach_alternative(page(letter), "text/html")
    return mail


def page(letter: Letter) -> str:
    subject = " ".join(letter.subject.split())
    body, _mark, small_print = letter.text.partition(_SMALL_PRINT)
    context: dict[str, Any] = {
        "subject": subject,
        "parts": [part for part in parts(body) if part.lines != (subject,)],
        "small_print": parts(small_print),
        "action": letter.action,
        "language": letter.language or settings.LANGUAGE_CODE,
        "base_url": settings.BASE_URL,
    }
    with translation.override(context["language"]):
        return render_to_string("mail/page.html", context)


def parts(text: str) -> list[Part]:
    found: list[Part] = []
    lines: list[str] = []
    for line in [*(line.strip() for line in text.splitlines()), ""]:
        if is_ours(line):
            found += _with_link(lines, line)
            lines = []
        elif line:
            lines.append(line)
        elif lines:
            found.append(Part(tuple(lines)))
            lines = []
    return found


def _with_link(lines: list[str], url: str) -> list[Part]:
    if lines and lines[-1].startswith(_ENTRY):
        before = [Part(tuple(lines[:-1]))] if lines[:-1] else []
        return [*before, Part((lines[-1].removeprefix(_ENTRY),), url)]
    return [*([Part(tuple(lines))] if lines else []), Part(url=url)]


def is_ours(text: str) -> bool:
    """Whether ``text`` is an address of this site and nothing else."""
    return (text == settings.BASE_URL or text.startswith(f"{settings.BASE_URL}/")) and not any(map(str.isspace, text))
