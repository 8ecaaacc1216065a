"""Markdown as safe HTML. static/src/chat/markdown.js lets the same tags through in the browser."""

from html import escape

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

_TAGS = {
    "p", "br", "hr", "strong", "em", "s", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a", "h1", "h2", "h3", "h4", "h5",
    "h6", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "span", "button",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title", "class", "target"},
    "ol": {"start"},
    "pre": {"class", "tabindex"},
    "figure": {"class"},
    "span": {"class", "data-copy-target"},
    "button": {"class", "type", "data-controller", "data-action", "data-copy-near-value", "data-copy-done-value"},
}
_FORMATTER = HtmlFormatter(nowrap=True, classprefix="pg-")
_LONGEST_HIGHLIGHTED = 50_000


def render(source: str) -> SafeString:
    """``source`` as HTML. Raw HTML in it is shown as text, links open outside, code is highlighted."""
    cleaned = nh3.clean(
        _renderer().render(source),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(cleaned)  # noqa: S308  # the sanitiser's own output


def _renderer() -> MarkdownIt:
    renderer = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False}).enable(
        ["table", "strikethrough"]
    )
    renderer.add_render_rule("link_open", _link_open)
    renderer.add_render_rule("fence", _fence)
    renderer.add_render_rule("code_block", _fence)
    return renderer


def _link_open(self, tokens, index, options, env):  # type: ignore[no-untyped-def]  # the library's own untyped protocol
    tokens[index].attrSet("class", "link")
    tokens[index].attrSet("target", "_blank")
    return self.renderToken(tokens, index, options, env)


def _fence(self, tokens, index, options, env):  # type: ignore[no-untyped-def]
    """A code block with its language and a copy button."""
    code = tokens[index].content
    language = (tokens[index].info or "").split(" ")[0]
    return (
        f'<figure class="chat-code"><figcaption><span>{escape(language)}</span>'
        '<button type="button" class="btn btn-ghost btn-sm" data-controller="copy" data-action="copy#copy" '
        f'data-copy-near-value="figure pre" data-copy-done-value="{escape(_("Copied"))}">'
        f'<span data-copy-target="label">{escape(_("Copy"))}</span></button></figcaption>'
        f'<pre class="code" tabindex="0"><code>{_highlighted(code, language)}</code></pre></figure>'
    )


def _highlighted(code: str, language: str) -> str:
    if not language or len(code) > _LONGEST_HIGHLIGHTED:
        return escape(code)
    try:
        return str(highlight(code, get_lexer_by_name(language), _FORMATTER))
    except ClassNotFound:
        return escape(code)
