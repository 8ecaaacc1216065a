"""Every word that people read can be translated: in templates, in errors and messages, in forms."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from config.lib import errors
from tests.architecture.source import ROOT, Module, modules, templates, where

# The style guide shows parts to whoever builds pages, and reads like code. The explorer's frame holds no words of ours.
NOT_READ = ("templates/styleguide/",)
# Names and units that are the same in every language.
NO_WORDS = {"Troupe", "CSV", "JSON", "API", "ms"}
READ_ATTRIBUTES = {"alt", "aria-description", "aria-label", "aria-roledescription", "label", "placeholder", "title"}

_LEFT_OUT = re.compile(
    r"{#.*?#}|{%\s*comment\b.*?endcomment\s*%}|{%\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%}"
    r"|{%\s*block main_class\s*%}.*?{%\s*endblock\s*%}|{%.*?%}|{{.*?}}",
    re.DOTALL,
)
_OF_SCRIPTS = re.compile(r"data-(?!action$|controller$|[\w-]+-target$)[\w-]+")  # some hold words for them
_WORD = re.compile(r"[^\W\d_]{2,}")
_SENTENCE = re.compile(r"[^\W\d_]{2,}[,.]? [^\W\d_]{2,}")


class Reader(HTMLParser):
    """What a page would show of a template whose tags are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.code += tag in ("code", "kbd", "script", "svg")
        for name, value in attrs:
            if name in READ_ATTRIBUTES or (_OF_SCRIPTS.fullmatch(name) and _SENTENCE.search(value or "")):
                self.read(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.code -= tag in ("code", "kbd", "script", "svg")

    def handle_data(self, data: str) -> None:
        if not self.code:
            self.read(data)

    def read(self, text: str) -> None:
        self.found += [text.strip()] if set(_WORD.findall(text)) - NO_WORDS else []


def unmarked(source: str) -> list[str]:
    reader = Reader()
    reader.feed(_LEFT_OUT.sub("", source))
    return reader.found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]), ('<p title="Close it">{{ name }} ms</p>', ["Close it"]),
        ('<i data-x-value="Not saved yet"></i>', ["Not saved yet"]), ('<i data-x-value="not-saved"></i>', []),
        ("<p>{% translate 'Hello' %} <code>a b</code></p>", []), ("{% blocktranslate %}Hello{% endblocktranslate %}", []),
        ('<{% if url %}a href="{{ url }}"{% else %}div{% endif %} class="x y">{{ url }}', []),
    ],
)  # fmt: skip
def test_the_check_itself_sees_words(source: str, found: list[str]) -> None:
    assert unmarked(source) == found


@pytest.mark.parametrize(
    "template",
    [path for path in templates() if not str(path.relative_to(ROOT)).startswith(NOT_READ)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_word_of_a_template_is_marked(template: Path) -> None:
    assert unmarked(template.read_text()) == []


# jsonschema gives its reasons in English; ours beside them are alike.
A_LIBRARYS = ("agents/agent_app/json_schemas.py",)
# Calls in which a text is read by people, and which of their arguments it is.
RAISED = {name: 0 for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
SHOWN = RAISED | {"ValidationError": 0, "ExpressionError": 1} | dict.fromkeys(("success", "info", "warning"), 1)


def literal(node: ast.expr) -> bool:
    """A text that stands there as it is."""
    if isinstance(node, ast.JoinedStr):
        return True
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_SENTENCE.search(node.value))


def unmarked_in(module: Module) -> list[str]:
    found = []
    for call in module.calls():
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        owner = getattr(getattr(call.func, "value", None), "id", "")
        place = SHOWN.get(name)
        if (
            place is None
            or len(call.args) <= place
            or (place == 1 and name in ("info", "warning") and owner != "messages")
        ):
            continue
        if literal(call.args[place]):
            found.append(where(module, call))
    fields = [word for call in module.calls() for word in call.keywords if word.arg in ("label", "help_text")]
    if not module.interface or "/views/" in f"/{module.path}":  # the API's descriptions are English, as its schema is
        found += [where(module, word.value) for word in fields if literal(word.value) and "form" in module.path]
    return found


def test_every_error_message_and_label_is_marked() -> None:
    assert [place for module in modules() if module.path not in A_LIBRARYS for place in unmarked_in(module)] == []
