"""Files that code in a machine has made become files of the workspace: measured, scanned and counted as uploads are."""

import hashlib
import logging
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from agent_app.tools.registry import CallContext
from community.files import names, staging, storage
from community.services.files import file_keep
from config.lib.db import in_db
from config.lib.errors import AppError

logger = logging.getLogger(__name__)


async def kept(
    answered: list[dict[str, Any]], context: CallContext
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The stored files, and why others could not be kept (no room, a program…)."""
    files, refused = [], []
    for each in answered:
        try:
            files.append(await in_db(_keep, each, context))
        except AppError as error:
            refused.append({"name": each["name"], "reason": error.detail})
    return files, refused


def _keep(answered: dict[str, Any], context: CallContext) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(dir=staging.directory(), delete=False) as target:
        path = Path(target.name)
        digest = hashlib.sha256()
        with storage.read(answered["key"]) as source:
            while chunk := source.read(storage.CHUNK):
                digest.update(chunk)
                target.write(chunk)
    try:
        staged = staging.Staged(names.clean(answered["name"]), path, path.stat().st_size, digest.hexdigest())
        file = file_keep(workspace_id=context.workspace_id, uploader_id=context.actor_id, staged=staged)
    finally:
        path.unlink(missing_ok=True)
        _forget(answered["key"])
    return {"id": str(file.id), "name": file.name, "size": file.size}


def file_kept(data: bytes, name: str, workspace_id: UUID, person_id: UUID) -> dict[str, Any]:
    """What a tool has made as a file. Raises AppError."""
    with tempfile.NamedTemporaryFile(dir=staging.directory(), delete=False) as target:
        path = Path(target.name)
        target.write(data)
    try:
        staged = staging.Staged(names.clean(name), path, len(data), hashlib.sha256(data).hexdigest())
        file = file_keep(workspace_id=workspace_id, uploader_id=person_id, staged=staged)
    finally:
        path.unlink(missing_ok=True)
    return {"id": str(file.id), "name": file.name, "size": file.size}


def _forget(key: str) -> None:
    try:
        storage.remove(key)
    except AppError:
        logger.warning("an object of the sandbox is left for the sweep")
