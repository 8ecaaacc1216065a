"""What the tests of files start from: a directory of their own, contents of many kinds, uploads as a program sends them."""

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from community.access import get_actor
from community.files.staging import Staged, directory
from community.files.storage import key_for
from community.models import StoredFile
from community.services import files
from config.lib.ids import uuid7
from tests.cast import Person

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def file_room(settings: Any, tmp_path: Path) -> Path:
    """Files of the test lie in its own directory."""
    settings.VAR_DIR = tmp_path
    local = settings.STORAGES["files"] | {"OPTIONS": {"location": tmp_path / "files", "file_permissions_mode": 0o600}}
    settings.STORAGES = settings.STORAGES | {"files": local}
    return tmp_path / "files"


def upload(person: Person, *parts: tuple[str, bytes], path: str = "files/", field: str = "file") -> Any:
    """POST the parts as a form."""
    data = {field: [SimpleUploadedFile(name, content) for name, content in parts]}
    return Client().post(f"/api/v1/{path}", data, headers=person.api.headers)


def kept(person: Person, name: str = "notes.txt", content: bytes = b"Hello") -> StoredFile:
    """A file in the person's workspace, by the service."""
    path = directory() / f"staged-{name}"
    path.write_bytes(content)
    actor = get_actor(person.user, person.workspace_id)
    try:
        return files.file_store(actor=actor, staged=Staged(name, path, len(content), "0" * 64))
    finally:
        path.unlink(missing_ok=True)


def make_file(person: Person, **fields: Any) -> StoredFile:
    """A row as it stands in the list, without content."""
    file_id = uuid7()
    values = {"name": "notes.txt", "size": 5, "mime": "text/plain", "sha256": "0" * 64, "status": "skipped"}
    return StoredFile.objects.create(
        id=file_id, workspace_id=person.workspace_id, uploader=person.user, stored_at=timezone.now(),
        key=key_for(person.workspace_id, file_id), **values | fields,
    )  # fmt: skip


def objects(room: Path) -> list[str]:
    """What lies in the local storage."""
    return sorted(str(path.relative_to(room)) for path in room.glob("*/*") if path.parent.name != "incoming")


def leftovers(room: Path) -> list[Path]:
    return list((room / "incoming").iterdir()) if (room / "incoming").exists() else []


def body_of(response: Any) -> bytes:
    """All of a streamed answer, read as a server does."""

    async def read() -> bytes:
        return b"".join([chunk async for chunk in response.streaming_content])

    return asyncio.run(read())
