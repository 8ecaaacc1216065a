"""Keeping, checking and removing files.

The order makes a crash harmless at each step: row, object, "stored" on the way in; "deleted", object, row on the way out.
What stops in between is found by ``files_sweep``, which the scheduler calls.
"""

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from community.access import Actor
from community.events import FileChecked
from community.files import content, scanner, staging, storage
from community.files.staging import Staged
from community.models import FileStatus, StoredFile, User
from community.registry import limit, stored_keys
from config.lib import audit, events, jobs, realtime
from config.lib.errors import AppError, TooLarge, Unavailable
from config.lib.ids import uuid7

logger = logging.getLogger(__name__)

UNFINISHED_AFTER = timedelta(hours=1)
SCAN_AGAIN_AFTER = timedelta(minutes=1)


def file_store(*, actor: Actor, staged: Staged) -> StoredFile:
    """Keep an upload. Raises Forbidden, UnsupportedMediaType, TooLarge (code ``storage_full``), Unavailable; then nothing is kept."""
    actor.require("file.write")
    return file_keep(workspace_id=actor.workspace_id, uploader_id=actor.id, staged=staged)


def file_keep(*, workspace_id: UUID, uploader_id: UUID, staged: Staged) -> StoredFile:
    """As ``file_store``, for what a run of theirs has made: whoever may run an agent gets the files it makes."""
    mime = content.mime_of(staged.path, staged.name)
    file = _begin(workspace_id, uploader_id, staged, mime)
    try:
        storage.put(file.key, staged.path, mime)
    except AppError:
        _forget(file)
        raise
    return _finish(file)


@transaction.atomic
def _begin(workspace_id: UUID, uploader_id: UUID, staged: Staged, mime: str) -> StoredFile:
    """The row, as long as there is room. Uploads into one workspace take turns here, so that two cannot share the last of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"files:{workspace_id}"])
    room = limit(workspace_id, "stored_bytes", settings.WORKSPACE_STORED_BYTES)
    used = StoredFile.objects.counted(workspace_id).aggregate(total=Sum("size"))["total"] or 0
    if room and used + staged.size > room:
        raise TooLarge(
            _("The workspace's files fill their %(most)d MB. Delete some, or choose a larger plan.")
            % {"most": room // 2**20},
            code="storage_full",
        )
    file_id = uuid7()
    return StoredFile.objects.create(
        id=file_id, workspace_id=workspace_id, uploader_id=uploader_id, name=staged.name, size=staged.size, mime=mime,
        sha256=staged.sha256, key=storage.key_for(workspace_id, file_id),
    )  # fmt: skip


@transaction.atomic
def _finish(file: StoredFile) -> StoredFile:
    file.stored_at = timezone.now()
    file.status = FileStatus.PENDING if scanner.configured() else FileStatus.SKIPPED
    file.save(update_fields=["stored_at", "status", "updated_at"])
    if file.status == FileStatus.PENDING:
        jobs.send_on_commit("community.scan_file", file_id=file.id)
    else:
        _tell(file)
    return file


def _forget(file: StoredFile) -> None:
    """The object was not written, as far as we know: the sweep removes both, in case some of it was."""
    StoredFile.objects.filter(id=file.id).update(deleted_at=timezone.now())


@transaction.atomic
def file_delete(*, actor: Actor, file: StoredFile) -> None:
    """Delete a file: gone for everybody at once, its content after the commit. Raises Forbidden."""
    if file.uploader_id != actor.id:
        actor.require("file.delete")
    else:
        actor.require("file.write")
    if not StoredFile.objects.filter(id=file.id, deleted_at=None).update(deleted_at=timezone.now()):
        return
    _hide_picture(file)
    audit.record(
        audit.Entry(
            action="file.deleted", actor_id=actor.id, workspace_id=file.workspace_id, object_type="file", object_id=file.id,
            before={"name": file.name, "size": file.size, "sha256": file.sha256},
        )
    )  # fmt: skip
    jobs.send_on_commit("community.remove_file", file_id=file.id)


def file_scan(*, file_id: UUID) -> FileStatus:
    """Ask the scanner about a pending file. It stays pending, for the next sweep, where the scanner or the storage is away."""
    file = StoredFile.objects.kept().filter(id=file_id, status=FileStatus.PENDING).first()
    if file is None:
        return FileStatus.SKIPPED
    try:
        with storage.read(file.key) as stream:
            verdict = scanner.scan(stream)
    except (scanner.ScannerDown, AppError) as error:
        logger.warning("not scanned", extra={"file": str(file_id), "error": str(error)})
        return FileStatus.PENDING
    return _settle(file, verdict)


@transaction.atomic
def _settle(file: StoredFile, verdict: scanner.Verdict) -> FileStatus:
    file.status = FileStatus.INFECTED if verdict.found else FileStatus.CLEAN
    file.verdict = verdict.found[:200]
    changed = StoredFile.objects.filter(id=file.id, status=FileStatus.PENDING).update(
        status=file.status, verdict=file.verdict, updated_at=timezone.now()
    )
    if changed and verdict.found:
        _hide_picture(file)
        audit.record(
            audit.Entry(
                action="file.infected", actor_id=file.uploader_id, workspace_id=file.workspace_id, object_type="file",
                object_id=file.id, after={"name": file.name, "verdict": file.verdict},
            )
        )  # fmt: skip
        jobs.send_on_commit("community.remove_file", file_id=file.id)
    if changed:
        _tell(file)
    return FileStatus(file.status)


def _hide_picture(file: StoredFile) -> None:
    """Whoever showed it as their picture has initials again."""
    if file.uploader_id is not None:
        User.objects.filter(id=file.uploader_id, avatar=reverse("api-avatar", args=[file.id])).update(avatar="")


def _tell(file: StoredFile) -> None:
    events.publish(FileChecked(file.id, file.workspace_id, file.status))
    realtime.send_on_commit(
        realtime.workspace_group(file.workspace_id), "file.checked", {"file_id": file.id, "status": file.status}
    )


def file_remove(*, file_id: UUID) -> bool:
    """Remove the content of a deleted or infected file, and the row of a deleted one. Answers whether there was anything to do."""
    file = StoredFile.objects.filter(id=file_id).first()
    if file is None or (file.deleted_at is None and file.status != FileStatus.INFECTED):
        return False
    storage.remove(file.key)
    if file.deleted_at is not None:
        StoredFile.objects.filter(id=file.id, deleted_at__isnull=False).delete()
    return True


def files_scan_again(*, batch: int = 200) -> int:
    """Ask again about files that no verdict has come for; answers how many were settled.

    Where the scanner was switched off meanwhile, nobody will ever tell: they are skipped.
    """
    waiting = StoredFile.objects.to_scan(timezone.now() - SCAN_AGAIN_AFTER).order_by("updated_at")[:batch]
    if not scanner.configured():
        return sum(file_skip(file=file) for file in waiting)
    settled = 0
    for file in waiting:
        if file_scan(file_id=file.id) == FileStatus.PENDING:
            break  # away: the others need not wait for it one by one
        settled += 1
    return settled


@transaction.atomic
def file_skip(*, file: StoredFile) -> bool:
    changed = StoredFile.objects.filter(id=file.id, status=FileStatus.PENDING).update(
        status=FileStatus.SKIPPED, updated_at=timezone.now()
    )
    file.status = FileStatus.SKIPPED
    if changed:
        _tell(file)
    return bool(changed)


def files_sweep(*, batch: int = 500) -> int:
    """Remove what crashes have left: unfinished uploads, deleted files, objects without a row. Answers how many."""
    before = timezone.now() - UNFINISHED_AFTER
    gone = staging.sweep(UNFINISHED_AFTER.total_seconds())
    StoredFile.objects.filter(stored_at=None, deleted_at=None, created_at__lt=before).update(deleted_at=timezone.now())
    try:
        for file in StoredFile.objects.to_remove(before).order_by("updated_at")[:batch]:
            gone += file_remove(file_id=file.id)
        now = timezone.now()
        keys = [key for key, written in storage.walk() if written < now - storage.lifetime(key)]
        for start in range(0, len(keys), batch):
            gone += _remove_unknown(keys[start : start + batch])
    except (Unavailable, OSError):
        logger.warning("the sweep of files goes on next time")
    return gone


def _remove_unknown(keys: list[str]) -> int:
    wanted = StoredFile.objects.filter(key__in=keys).exclude(status=FileStatus.INFECTED).values_list("key", flat=True)
    unknown = set(keys).difference(wanted, *(claim(keys) for claim in stored_keys))
    for key in unknown:
        storage.remove(key)
    return len(unknown)
