"""Files at messages: who may attach which, what a model gets of them, and what that costs at most."""

import base64
import codecs
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from django.core.cache import cache
from django.utils.translation import gettext as _

from agent_app.engine.tokens import FileData
from agent_app.model_references import ResolvedModel
from agent_app.models import Message
from agent_app.pdf import MOST_PAGES, PAGE_TOKENS, pages
from agent_app.pdf_text import MOST_FILE, Words, facts_of, why_not, words_of
from agent_app.selectors import files_of
from community.access import Actor, get_file
from community.files import storage
from community.models import FileStatus, StoredFile
from config.lib.errors import Conflict, NotFound, Refused, Unavailable

MAX_FILES = 20
MAX_TEXT = 120_000  # bytes of a text file that are sent; what is cut is said
MAX_IMAGE = 10 * 2**20
MAX_DOCUMENT = MOST_FILE
IMAGE_TOKENS = 1500  # what providers count for a large one
_FRAME_TOKENS = 64
_REMEMBERED = 30 * 86_400  # seconds: files never change
DOCUMENT = "application/pdf"
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_TEXTS = frozenset(
    f"application/{name}" for name in ("json", "jsonl", "xml", "javascript", "yaml", "toml", "sql", "x-sh", "x-csh")
) | {"image/svg+xml"}


@dataclass(frozen=True)
class Content:
    """What is sent of a file: ``text`` (shortened where ``cut``), ``image`` or ``document`` as a data address. Else it is gone."""

    name: str
    text: str = ""
    cut: bool = False
    image: str = ""
    document: FileData | None = None


NOTHING: Mapping[UUID, Content] = MappingProxyType({})


def is_image(mime: str) -> bool:
    return mime in _IMAGES


def is_text(mime: str) -> bool:
    return mime.startswith("text/") or mime in _TEXTS


def chosen(actor: Actor, ids: Iterable[UUID]) -> list[StoredFile]:
    """The files to attach, each once. Raises NotFound for another workspace's and deleted ones, Conflict for unsafe ones."""
    files = [get_file(actor, file_id) for file_id in dict.fromkeys(ids)]
    for file in files:
        if file.status == FileStatus.PENDING:
            raise Conflict(
                _("“%(name)s” is still being checked for viruses. Try again in a moment.") % {"name": file.name},
                code="file_pending", headers={"Retry-After": "10"},
            )  # fmt: skip
        if file.status == FileStatus.INFECTED:
            raise Conflict(
                _("A virus was found in “%(name)s”, so it cannot be sent.") % {"name": file.name}, code="file_infected"
            )
    return files


def sees(resolved: ResolvedModel) -> bool:
    """Whether images can be sent to a model. What nobody knows is allowed; the local model reads text only."""
    return not resolved.local and resolved.capabilities.get("vision") is not False


def reads_documents(resolved: ResolvedModel) -> bool:
    """Whether a PDF can be sent to a model as it is: OpenAI's Responses and Anthropic take them, for models that see."""
    return sees(resolved) and resolved.api in ("responses", "messages")


def check(files: Iterable[StoredFile], resolved: ResolvedModel) -> None:
    """Raises Refused (``capability``) for what the model cannot read: before the run, not in the middle of it."""
    for file in files:
        said = {"name": file.name, "model": resolved.reference}
        if is_image(file.mime):
            if not sees(resolved):
                raise Refused(
                    _("%(model)s cannot see images, so “%(name)s” cannot be sent to it. Choose another model.") % said
                )
            if file.size > MAX_IMAGE:
                raise Refused(_("“%(name)s” is too large: an image may have up to 10 MB.") % said)
        elif file.mime == DOCUMENT:
            if why := document_problem(file, resolved):
                raise Refused(why)
        elif not is_text(file.mime):
            text = _("“%(name)s” cannot be read by a model. Attach images (PNG, JPEG, GIF, WebP), PDFs or text files.")
            raise Refused(text % said)


def document_problem(file: StoredFile, resolved: ResolvedModel) -> str:
    """Why neither a PDF nor its text is sent to a model; empty where one is. Raises Unavailable."""
    if file.size > MAX_DOCUMENT:
        return _("“%(name)s” is too large: a PDF may have up to 10 MB.") % {"name": file.name}
    if not reads_documents(resolved):
        return why_not(facts_of(file).problem, file.name)
    if pages_of(file) > MOST_PAGES:
        text = _("“%(name)s” is too long: a PDF may have up to %(most)d pages.")
        return text % {"name": file.name, "most": MOST_PAGES}
    return ""


def pages_of(file: StoredFile) -> int:
    """How many pages a PDF has, read once. Where that cannot be told, as many as may be. Raises Unavailable."""
    name = f"pdf-pages:{file.id}"
    if (known := cache.get(name)) is not None:
        return int(known)
    try:
        with storage.read(file.key) as stream:
            found = pages(stream.read(MAX_DOCUMENT)) or MOST_PAGES
    except NotFound:
        found = MOST_PAGES
    cache.set(name, found, _REMEMBERED)
    return found


def most_tokens(messages: list[Message], resolved: ResolvedModel | None = None) -> dict[UUID, int]:
    """What the files of each message cost at most with a model (None: with any); no query where there are none."""
    files = files_of(messages)
    return {
        message.id: sum(most_of(files.get(file_id), resolved) for file_id in message.attachments)
        for message in messages
        if message.attachments
    }


def most_of(file: StoredFile | None, resolved: ResolvedModel | None = None) -> int:
    """What a file costs at most."""
    if file is None:
        return _FRAME_TOKENS
    if is_image(file.mime):
        return _FRAME_TOKENS + IMAGE_TOKENS
    if file.mime == DOCUMENT and resolved is not None and not reads_documents(resolved):
        return _FRAME_TOKENS + (facts_of(file).size + 2) // 3
    if file.mime == DOCUMENT:
        return _FRAME_TOKENS + pages_of(file) * PAGE_TOKENS
    return _FRAME_TOKENS + (min(file.size * 3 // 2, MAX_TEXT) + 2) // 3  # UTF-16 grows on its way to UTF-8


def contents(messages: list[Message], *, words: bool = True) -> Mapping[UUID, Content]:
    """Read the files of messages, on a worker. One that was deleted meanwhile is said to be gone. ``words``: some model may get
    them that takes no PDF. Raises Unavailable."""
    wanted = {file_id for message in messages for file_id in message.attachments}
    if not wanted:
        return NOTHING
    files = files_of(messages)
    return {file_id: content_of(files[file_id], words=words) if file_id in files else Content("") for file_id in wanted}


def content_of(file: StoredFile, *, words: bool = False) -> Content:
    """What is sent of a file; of a PDF also its ``words``, where they are wanted."""
    if not file.downloadable:  # found infected after it was sent
        return Content(file.name)
    image, document = is_image(file.mime), file.mime == DOCUMENT
    try:
        with storage.read(file.key) as stream:
            raw = stream.read(MAX_IMAGE if image or document else MAX_TEXT + 1)
    except NotFound:
        return Content(file.name)
    if image:
        return Content(file.name, image=_address(file, raw))
    if document:
        said = words_of(file) if words else Words()
        count = pages_of(file) * PAGE_TOKENS
        return Content(file.name, document=FileData(_address(file, raw), count, text=said.text, cut=said.cut))
    text, cut = shortened(decoded(raw), MAX_TEXT)
    return Content(file.name, text=text or " ", cut=cut or len(raw) > MAX_TEXT)


def pictures_of(workspace_id: UUID, file_ids: Iterable[str]) -> tuple[str, ...]:
    """Pictures that were kept as files, as data addresses, in this order. Left out: what was deleted meanwhile, or cannot be had."""
    wanted = list(file_ids)
    files = {str(each.id): each for each in StoredFile.objects.filter(workspace_id=workspace_id, id__in=wanted)}
    try:
        return tuple(filter(None, (content_of(files[each]).image for each in wanted if each in files)))
    except Unavailable:
        return ()


def _address(file: StoredFile, raw: bytes) -> str:
    return f"data:{file.mime};base64,{base64.b64encode(raw).decode()}"


def decoded(raw: bytes) -> str:
    """Text as it was meant; what is no text in it becomes a sign for that."""
    utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return raw.decode("utf-16" if utf16 else "utf-8-sig", errors="replace").replace("\0", "")


def shortened(text: str, most: int) -> tuple[str, bool]:
    """The first ``most`` bytes of ``text``, without half a character at the end, and whether something was cut."""
    raw = text.encode()
    if len(raw) <= most:
        return text, False
    return raw[: max(most, 0)].decode(errors="ignore"), True
