"""Uploads on their way in: written to disk as they arrive, measured and hashed meanwhile, never held in memory.

They lie beside the storage, so that keeping one is renaming it. What a crash leaves there is swept away.
"""

import contextlib
import hashlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from community.files import names
from config.lib.errors import AppError, InvalidInput, TooLarge

FIELD = "file"


@dataclass(frozen=True)
class Staged:
    """A whole upload, waiting to be kept."""

    name: str
    path: Path
    size: int
    sha256: str


def directory() -> Path:
    path: Path = settings.VAR_DIR / "files" / "incoming"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def too_large() -> TooLarge:
    most = settings.FILE_MAX_BYTES // 2**20
    return TooLarge(_("A file may have up to %(most)d MB.") % {"most": most}, code="file_too_large")


class StagingHandler(FileUploadHandler):
    """Django's multipart parser feeds it; ``received`` are the files of the field ``file`` in order, or why one is refused."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.received: list[tuple[str, Staged | AppError]] = []
        self._open: BinaryIO | None = None

    def new_file(self, *arguments: Any, **options: Any) -> None:
        super().new_file(*arguments, **options)
        if self.field_name != FIELD:
            raise SkipFile
        self._name = names.clean(self.file_name or "")
        if len(self.received) >= settings.FILE_MAX_UPLOADS:
            most = {"most": settings.FILE_MAX_UPLOADS}
            self._refuse(TooLarge(_("At most %(most)d files in one request.") % most, code="too_many_files"))
        self._digest, self._size = hashlib.sha256(), 0
        self._open = tempfile.NamedTemporaryFile(dir=directory(), delete=False)  # type: ignore[assignment]  # noqa: SIM115  # closed in file_complete or _drop

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self._open is not None  # noqa: S101  # new_file came first
        self._size += len(raw_data)
        if self._size > settings.FILE_MAX_BYTES:
            self._refuse(too_large())
        self._digest.update(raw_data)
        self._open.write(raw_data)

    def file_complete(self, file_size: int) -> None:
        assert self._open is not None  # noqa: S101
        self._open.close()
        path, self._open = Path(self._open.name), None
        if not self._size:
            path.unlink(missing_ok=True)
            self._note(InvalidInput(_("The file is empty."), code="file_empty"))
        else:
            self._note(Staged(self._name, path, self._size, self._digest.hexdigest()))

    def _note(self, result: Staged | AppError) -> None:
        self.received.append((self._name, result))

    def _refuse(self, error: AppError) -> None:
        """Take no more of this file; the parser reads over the rest."""
        self._drop()
        self._note(error)
        raise SkipFile

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
            Path(self._open.name).unlink(missing_ok=True)
            self._open = None

    def discard(self) -> None:
        """Remove what nobody has kept: whoever takes uploads calls it at the end of the request, however that ended."""
        self._drop()
        for _name, result in self.received:
            if isinstance(result, Staged):
                result.path.unlink(missing_ok=True)


@contextlib.contextmanager
def staged(upload: "UploadedFile[bytes]") -> Iterator[Staged]:
    """A small upload that Django's own handlers took, as those that come through ``StagingHandler`` are."""
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=directory(), delete=False) as stream:
        path = Path(stream.name)
        for chunk in upload.chunks():
            digest.update(chunk)
            stream.write(chunk)
    try:
        yield Staged(names.clean(upload.name or ""), path, path.stat().st_size, digest.hexdigest())
    finally:
        path.unlink(missing_ok=True)


def sweep(older_than: float) -> int:
    """Remove uploads that a crash left behind; answers how many."""
    gone = 0
    for path in directory().iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - older_than:
                path.unlink()
                gone += 1
    return gone
