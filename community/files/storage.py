"""Where the content of files lies: a directory of this machine, or S3. Django's storage ``files`` says which."""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils.translation import gettext as _

from config.lib.errors import NotFound, Unavailable

logger = logging.getLogger(__name__)

CHUNK = 256 * 1024
SANDBOX = "sandbox"  # under it lie workspaces of runs, which have no row


class _Placed(File):  # type: ignore[type-arg]
    """A file on this disk: Django's local storage renames it into place, which is done or not done, never half."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        super().__init__(stream, name=path.name)
        self._path = path

    def temporary_file_path(self) -> str:
        return str(self._path)


def storage() -> Storage:
    return storages["files"]


def key_for(workspace_id: UUID, file_id: UUID) -> str:
    return f"{workspace_id}/{file_id}"


def lifetime(key: str) -> timedelta:
    """How long an object without a row is left alone: it may be on its way in, or a run may come back to it."""
    return timedelta(days=4) if key.startswith(f"{SANDBOX}/") else timedelta(hours=1)


def put(key: str, path: Path, mime: str) -> None:
    """Keep the file at ``path`` under ``key``. Raises Unavailable, and then nothing is under it."""
    try:
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
            content = _Placed(stream, path)
            content.content_type = mime  # type: ignore[attr-defined]  # django-storages sends it along
            kept = storage().save(key, content)
    except OSError as error:
        raise _unavailable("put", error) from error
    if kept != key:
        raise RuntimeError(f"{key} was there already")


def read(key: str) -> IO[bytes]:
    """The content under ``key``, to be read and closed. Raises NotFound, Unavailable."""
    try:
        opened: Any = storage().open(key, "rb")
        return opened  # type: ignore[no-any-return]
    except FileNotFoundError as error:
        raise NotFound(_("There is no such file.")) from error
    except OSError as error:
        raise _unavailable("open", error) from error


def remove(key: str) -> None:
    """Remove what is under ``key``, if anything is. Raises Unavailable."""
    try:
        storage().delete(key)
    except OSError as error:
        raise _unavailable("remove", error) from error


def presigned(key: str, *, disposition: str, mime: str, seconds: int) -> str | None:
    """An address at which the storage itself hands the file out for ``seconds``; None where it cannot."""
    found: Any = storage()
    if isinstance(found, FileSystemStorage):
        return None
    parameters = {"ResponseContentDisposition": disposition, "ResponseContentType": mime}
    return str(found.presigned(key, parameters, seconds))


def walk() -> Iterator[tuple[str, datetime]]:
    """Every key with the time it was written."""
    found: Any = storage()
    if not isinstance(found, FileSystemStorage):
        yield from found.walk()
        return
    root = Path(found.location)
    for path in root.glob("*/*"):
        if path.is_file() and path.parent.name != "incoming":
            yield str(path.relative_to(root)), datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)


def _unavailable(doing: str, error: Exception) -> Unavailable:
    logger.warning("the file storage does not answer", extra={"doing": doing, "error": repr(error)[:300]})
    return Unavailable(
        _("The file storage does not answer. Nothing was lost; try again in a minute."),
        code="storage_unavailable", headers={"Retry-After": "30"},
    )  # fmt: skip
