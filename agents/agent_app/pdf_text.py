"""The words of PDFs, for models that take no PDF. Read once in a limited process of its own. Blocks; not for event loops."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import orjson
from django.core.cache import cache
from django.utils.translation import gettext as _

from agent_app import pdf_child
from community.files import storage
from community.models import StoredFile
from config.lib.errors import NotFound

Problem = Literal["", "encrypted", "broken", "large", "wordless", "gone"]

MOST_BYTES = 120_000  # of text; what is cut is said
MOST_FILE = 10 * 2**20
_PATIENCE = 20.0  # seconds, where the machine is very busy
_PROCESSES = 2
_ROOT = Path(pdf_child.__file__).parents[1]
_WORDS_KEPT = 3600  # seconds: a conversation asks for them with each message
_FACTS_KEPT = 30 * 86_400  # files never change

_slots = threading.BoundedSemaphore(_PROCESSES)


@dataclass(frozen=True)
class Words:
    """The text of a file, page by page. ``cut``: there is more. ``problem``: why there is none."""

    text: str = ""
    cut: bool = False
    problem: Problem = ""


@dataclass(frozen=True)
class Facts:
    """What is remembered of a file for longer than its words: their size in bytes, or why there are none."""

    size: int
    problem: Problem


def words_of(file: StoredFile) -> Words:
    """What a stored PDF says. Raises Unavailable."""
    name = f"pdf-words:{file.id}"
    if (known := cache.get(name)) is not None:
        return Words(*known)
    try:
        with storage.read(file.key) as stream:
            raw = stream.read(MOST_FILE)
    except NotFound:
        return Words(problem="gone")
    found = read(raw)
    cache.set(name, (found.text, found.cut, found.problem), _WORDS_KEPT)
    cache.set(_facts(file), (len(found.text.encode()), found.problem), _FACTS_KEPT)
    return found


def facts_of(file: StoredFile) -> Facts:
    """How much it says, or why nothing; without reading it again. Raises Unavailable."""
    if (known := cache.get(_facts(file))) is not None:
        return Facts(*known)
    words = words_of(file)
    return Facts(len(words.text.encode()), words.problem)


def _facts(file: StoredFile) -> str:
    return f"pdf-facts:{file.id}"


def why_not(problem: Problem, name: str) -> str:
    """In words, with what to do about it. Empty where there is no problem."""
    texts = {
        "encrypted": _(
            "“%(name)s” is protected by a password, so its text cannot be read. Save it without the password, and attach that."
        ),
        "broken": _("“%(name)s” is damaged: it cannot be read as a PDF. Save it again from where it came, and attach that."),
        "large": _("“%(name)s” is too large, or too complicated, to be read here. Attach the pages that matter, or the text."),
        "wordless": _(
            "“%(name)s” has no text, only pictures of it, as scans have. Attach the text, or choose a model that takes PDFs "
            "themselves: one of Anthropic, or one that is asked by OpenAI's Responses."
        ),
        "gone": _("“%(name)s” is not stored any more. Attach it again."),
    }  # fmt: skip
    return texts[problem] % {"name": name} if problem else ""


def read(raw: bytes) -> Words:
    """What a PDF says, as far as it can be read within the limits. Never raises for what is in it."""
    with _slots:
        process = subprocess.Popen(  # noqa: S603  # our own module; what people can shape is its input
            [sys.executable, "-m", pdf_child.__name__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": str(_ROOT), "PYTHONSAFEPATH": "1"}, cwd="/",
        )  # fmt: skip
        try:
            out, _nothing = process.communicate(raw, timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _nothing = process.communicate()
    return _put_together(out)


def _put_together(out: bytes) -> Words:
    pages: list[str] = []
    problem, whole, left = "large", False, MOST_BYTES
    for told in _lines(out):
        if "text" in told:
            page = f"[Page {told['page']}]\n{told['text'].strip()}"
            if told["text"].strip() and left >= 0:
                pages.append(page)
                left -= len(page.encode()) + 2
            continue
        problem = told.get("problem", "wordless")
        whole = "pages" in told and not told["failed"] and told["pages"] <= pdf_child.MOST_PAGES
    if not pages:
        return Words(problem=cast(Problem, problem))
    raw = "\n\n".join(pages).encode()
    return Words(raw[:MOST_BYTES].decode(errors="ignore"), cut=not whole or len(raw) > MOST_BYTES)


def _lines(out: bytes) -> Iterator[dict[str, Any]]:
    """A process that was ended has left half a line."""
    for line in out.splitlines():
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError:
            return
