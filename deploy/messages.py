"""The catalogues of the pages' languages (``locale/*/LC_MESSAGES/django.po``). docs/translation.md says how to use this.

- ``python -m deploy.messages extract`` brings the catalogues up to what the code says (``make messages``);
- ``missing de`` prints as JSON what has no translation yet, ``merge de FILE`` writes such a JSON back;
- ``compile`` makes what Django reads, ``check`` finds what is missing or wrong.

Nothing here needs GNU gettext: Django turns templates into calls of gettext, which Babel reads.
"""

import ast
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "locale"
SOURCES = ("config", "community", "billing", "knowledge", "workflows", "agents/agent_app", "templates")
KINDS = (".py", ".html", ".txt")
# What counts as a call of gettext.
CALLS = (
    "_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy",
    "npgettext", "npgettext_lazy",
)  # fmt: skip
HEADER = """\
# Troupe's words in other languages: written by `make messages`, translated by people (docs/translation.md).
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals};\\n"

"""
# %(name)s, %d and %%; {name} of words that scripts fill in; {{ a.path of instructions.
_PLACEHOLDERS = re.compile(r"%%|%(?:\(\w+\))?[#0\-+]?\d*(?:\.\d+)?[diouxXeEfFgGcrsa](?!\w)|\{\{\s*[\w.]+|\{[a-z_]\w*\}")
_TAGS = re.compile(r"</?[a-z][a-z0-9]*")

Texts = tuple[str, ...]  # one, or the singular and the plural
Key = tuple[str, str]  # the context, and the text


class MessagesError(Exception):
    """What is wrong, and what to do."""


@dataclass
class Found:
    """A text of the code, and the files in which it stands."""

    texts: Texts
    context: str
    where: set[str] = field(default_factory=set)


# What the code says


def extracted(root: Path = ROOT) -> dict[Key, Found]:
    found: dict[Key, Found] = {}
    for path in _files(root):
        name = str(path.relative_to(root))
        for context, texts in _texts(path.read_text(), name, python=path.suffix == ".py"):
            entry = found.setdefault((context, texts[0]), Found(texts, context))
            if len(texts) > len(entry.texts):  # an entry with a plural serves those without as well
                entry.texts = texts
            entry.where.add(name)
    return found


def _files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        for path in sorted((root / source).rglob("*")):
            if path.suffix in KINDS and "migrations" not in path.parts:
                yield path


def _texts(text: str, name: str, *, python: bool) -> Iterator[tuple[str, Texts]]:
    """Each marked text of a file with its context. Raises MessagesError."""
    try:
        calls = list(_calls_of_python(text) if python else _calls_of_template(text, name))
    except SyntaxError as error:
        raise MessagesError(f"{name}: {error}") from error
    for call, arguments in calls:
        context = arguments.pop(0) if "pgettext" in call else ""
        texts = arguments[: 2 if call.startswith(("ngettext", "npgettext")) else 1]
        if texts and all(texts) and context is not None:  # what is computed was marked where it is written
            yield context, tuple(str(each) for each in texts)


def _calls_of_python(text: str) -> Iterator[tuple[str, list[str | None]]]:
    """Those inside f-strings too, which Babel passes over."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            call = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if call in CALLS:
                given = (each.value if isinstance(each, ast.Constant) else None for each in node.args)
                yield call, [value if isinstance(value, str) else None for value in given]


def _calls_of_template(text: str, name: str) -> Iterator[tuple[str, list[str | None]]]:
    source = "\n".join(line.strip() for line in templatize(text, origin=name).splitlines())
    file = io.BytesIO(source.encode())
    found: Iterable[Any] = extract_python(file, dict.fromkeys(CALLS), (), {"encoding": "utf-8"})
    for _line, call, given, _comments in found:
        yield call or "", [given] if isinstance(given, str) else list(given)


# The catalogues


def languages() -> list[str]:
    return sorted(path.name for path in LOCALES.iterdir() if path.is_dir())


def _po(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    path = _po(language)
    if not path.is_file():
        raise MessagesError(f"There is no {path.relative_to(ROOT)}: a new language begins with an empty file there.")
    with path.open("rb") as file:
        try:
            return read_po(file, locale=language, abort_invalid=True)
        except PoFileError as error:
            raise MessagesError(f"{path.relative_to(ROOT)}: {error}") from error


def entries(catalog: Catalog) -> dict[Key, Message]:
    return {(message.context or "", _of(message.id)[0]): message for message in catalog if message.id}


def _of(value: Any) -> Texts:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def write(language: str, found: Mapping[Key, Found], translated: Mapping[Key, Texts]) -> None:
    """The texts in ``found``, sorted and without places, so that two branches that add some can be merged."""
    catalog = Catalog(locale=language)
    for key, entry in found.items():
        plural = len(entry.texts) > 1
        empty: Texts = ("",) * (catalog.num_plurals if plural else 1)
        said = translated.get(key, empty)
        said = said if len(said) == len(empty) else empty
        catalog.add(
            entry.texts if plural else entry.texts[0], said if plural else said[0], context=entry.context or None
        )
    body = io.BytesIO()
    write_po(body, catalog, width=0, no_location=True, omit_header=True, sort_output=True)
    header = HEADER.format(language=language, plurals=catalog.plural_forms.rstrip(";"))
    path = _po(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.encode() + body.getvalue())


def _translated(catalog: Catalog) -> dict[Key, Texts]:
    return {key: _of(message.string) for key, message in entries(catalog).items() if not message.fuzzy}


def extract() -> None:
    """What is new comes in without a translation, what nobody says any more goes."""
    found = extracted()
    for language in languages():
        write(language, found, _translated(read(language)))


def missing(language: str) -> list[dict[str, Any]]:
    """What has no translation, in the form that ``merge`` reads."""
    said = _translated(read(language))
    return [
        {
            "context": entry.context,
            "msgid": list(entry.texts),
            "msgstr": [""] * len(entry.texts),
            "where": sorted(entry.where),
        }
        for key, entry in sorted(extracted().items())
        if not all(said.get(key, ("",)))
    ]


def merge(language: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write translations of ``missing`` into the catalogue; those of texts that nobody says are left out."""
    said = _translated(read(language))
    for row in rows:
        said[row.get("context", ""), _of(row["msgid"])[0]] = _of(row["msgstr"])
    write(language, extracted(), said)


def compile_all() -> None:
    """The binary catalogues. They are not kept in git."""
    for language in languages():
        target = _po(language).with_suffix(".mo")
        fresh = target.with_suffix(".mo.new")
        with fresh.open("wb") as file:
            write_mo(file, read(language))
        fresh.replace(target)  # whole or not at all: a server may be reading it


# What can be wrong


def problems(language: str, found: Mapping[Key, Found]) -> list[str]:
    """What keeps the language from being complete and right."""
    known = entries(read(language))
    wrong = [f"not in the catalogue: {_quoted(key)} ({min(found[key].where)})" for key in found.keys() - known.keys()]
    wrong += [f"in the catalogue, but nobody says it: {_quoted(key)}" for key in known.keys() - found.keys()]
    for key in known.keys() & found.keys():
        wrong += [f"{problem}: {_quoted(key)}" for problem in flaws(known[key], found[key].texts)]
    return sorted(wrong)


def flaws(message: Message, texts: Texts) -> Iterator[str]:
    """What is wrong with one translation of ``texts``."""
    said = _of(message.string)
    if message.fuzzy:
        yield "marked as fuzzy"
    if _of(message.id) != texts:
        yield "its plural is another one in the code"
    if not all(said):
        yield "not translated"
        return
    for number, translation in enumerate(said):
        original = texts[min(number, len(texts) - 1)]
        least = _held(_PLACEHOLDERS, original)
        most = least | _held(_PLACEHOLDERS, texts[-1])
        if not least <= (there := _held(_PLACEHOLDERS, translation)) or not there <= most:
            yield f"other placeholders ({', '.join(sorted((there - most) | (least - there)))})"
        if _held(_TAGS, original) != _held(_TAGS, translation):
            yield "other tags"
        if original.startswith("\n") != translation.startswith("\n") or original.endswith("\n") != translation.endswith(
            "\n"
        ):
            yield "begins or ends with another line break"


def _held(pattern: re.Pattern[str], text: str) -> Counter[str]:
    return Counter(re.sub(r"\s", "", part) for part in pattern.findall(text))


def _quoted(key: Key) -> str:
    return json.dumps(key[1], ensure_ascii=False)


def check() -> None:
    """Raises MessagesError with everything that is wrong."""
    found = extracted()
    wrong = [f"{language}: {problem}" for language in languages() for problem in problems(language, found)]
    if wrong:
        advice = "`make messages` brings the catalogues up to the code; docs/translation.md says how to translate."
        raise MessagesError("\n".join([*wrong, advice]))


def main(arguments: Sequence[str]) -> int:
    try:
        match arguments:
            case ["extract"]:
                extract()
            case ["missing", language]:
                print(json.dumps(missing(language), ensure_ascii=False, indent=1))
            case ["merge", language, file]:
                merge(language, json.loads(Path(file).read_text()))
            case ["compile"]:
                compile_all()
            case ["check"]:
                check()
            case _:
                raise MessagesError("python -m deploy.messages extract | missing de | merge de FILE | compile | check")
    except MessagesError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
