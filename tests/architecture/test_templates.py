"""Templates hold no script and no style: the content security policy would refuse them, and so do we."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, templates

COMMENT = re.compile(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}|<!--.*?-->", re.DOTALL)
FORBIDDEN = {
    "an inline script": re.compile(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))[^>]*>", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"[\"']\s*javascript:", re.IGNORECASE),
    "an address elsewhere": re.compile(
        r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE
    ),
    "hx-on or eval'd htmx": re.compile(r"\shx-(?:on|vals=[\"']js:)", re.IGNORECASE),
}


# Shown by mail programs, not by our pages: they load no style sheet, and no policy of ours reaches them.
MAIL = ROOT / "templates/mail/page.html"
STYLES = {"a style element", "a style attribute"}


@pytest.mark.parametrize("template", templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_it_holds_no_script_and_no_style(template: Path) -> None:
    text = COMMENT.sub("", template.read_text())
    allowed = STYLES if template == MAIL else set()
    assert {name for name, pattern in FORBIDDEN.items() if pattern.search(text)} == allowed


@pytest.mark.parametrize("template", templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_fragment_link_works_without_scripts(template: Path) -> None:
    """``hx-get`` has an ``href`` (or is a form's), ``hx-post`` an ``action`` or is a button of a form."""
    text = COMMENT.sub("", template.read_text())
    links = [tag for tag in re.findall(r"<a\b[^>]*>", text) if "hx-get" in tag and "href=" not in tag]
    forms = [tag for tag in re.findall(r"<form\b[^>]*>", text) if "hx-post" in tag and "action=" not in tag]
    assert links + forms == []
