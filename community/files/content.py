"""What a file is. Its content decides; the name only says what it should be, and is refused where the two disagree."""

import codecs
import mimetypes
import zipfile
from pathlib import Path

import puremagic
from django.utils.translation import gettext as _

from config.lib.errors import UnsupportedMediaType

UNKNOWN = "application/octet-stream"
_LOOKED_AT = 65536
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"

# The standard library's own table, without the machine's /etc/mime.types: the same answer everywhere.
_TYPES = mimetypes.MimeTypes()
for _ending, _mime in {
    ".docx": f"{_OFFICE}.wordprocessingml.document", ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}.presentationml.presentation", ".odt": f"{_OPEN_DOCUMENT}.text",
    ".ods": f"{_OPEN_DOCUMENT}.spreadsheet", ".odp": f"{_OPEN_DOCUMENT}.presentation", ".epub": "application/epub+zip",
    ".md": "text/markdown", ".markdown": "text/markdown", ".yaml": "application/yaml", ".yml": "application/yaml",
    ".jsonl": "application/jsonl", ".toml": "application/toml", ".sql": "application/sql", ".webp": "image/webp",
    ".ts": "text/plain", ".log": "text/plain", ".rst": "text/x-rst",
}.items():  # fmt: skip
    _TYPES.add_type(_mime, _ending)

_WRITTEN = frozenset(
    f"application/{name}" for name in ("json", "jsonl", "xml", "javascript", "yaml", "toml", "sql", "x-sh", "x-csh")
) | {"image/svg+xml"}
_ZIPPED = (_OFFICE, _OPEN_DOCUMENT, "application/epub+zip", "application/zip")
_CHECKED = ("image/", "audio/", "video/", "application/pdf", *_ZIPPED)
_PROGRAMS = ("executable", "mach-o", "java bytecode", "java class", "dynamic link", "windows driver")


def mime_of(path: Path, name: str) -> str:
    """The type of the file at ``path``. Raises UnsupportedMediaType for programs, and for what is not what its name says."""
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
    expected = _TYPES.guess_type(name.lower(), strict=True)[0] or ""
    checked = expected.startswith(_CHECKED) and expected not in _WRITTEN
    if _is_text(head) and not checked:  # a PDF may be all letters
        return expected if expected.startswith("text/") or expected in _WRITTEN else "text/plain"
    guesses = _guesses(path, name)
    if any(word in guess.name.lower() for guess in guesses if guess.confidence >= 0.3 for word in _PROGRAMS):
        raise UnsupportedMediaType(_("Programs cannot be uploaded."), code="program")
    if expected.startswith("text/") or expected in _WRITTEN:
        raise _mismatch(name)
    if not checked:
        return str(next((guess.mime_type for guess in guesses if guess.mime_type), UNKNOWN))
    found: set[str] = {guess.mime_type for guess in guesses} - _WRITTEN
    if expected in found and _whole(expected, path):
        return expected
    family = expected.partition("/")[0]
    alike = next((mime for mime in sorted(found) if family != "application" and mime.startswith(f"{family}/")), None)
    if alike is None:
        raise _mismatch(name)
    return alike


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters that no text has, or UTF-16 that says so."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # a character cut at the end is no fault
    except UnicodeDecodeError:
        return False
    return not any(character < " " and character not in "\t\n\r\f\x1b" for character in text)


def _guesses(path: Path, name: str) -> list[puremagic.PureMagicWithConfidence]:
    try:
        return puremagic.magic_file(path)
    except (puremagic.PureError, ValueError):
        return []


def _whole(expected: str, path: Path) -> bool:
    """Many formats are zip archives inside: then there must be one, and nothing before it."""
    return not expected.startswith(_ZIPPED) or zipfile.is_zipfile(path)


def _mismatch(name: str) -> UnsupportedMediaType:
    return UnsupportedMediaType(
        _("The content of “%(name)s” is not what its ending says. Rename it to what it is.") % {"name": name},
        code="content_mismatch",
    )
