"""The virus scanner's word: nothing is handed out before it, and nothing is lost while it is away."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone

from community.events import FileChecked
from community.files import scanner
from community.models import AuditEntry, FileStatus, StoredFile
from community.services import files
from config.celery import app as celery
from config.lib import events
from tests.cast import Cast
from tests.community.files_world import body_of, file_room, kept, objects, upload
from tests.fakes.clamd import EICAR, FakeClamd, Mood, fake_clamd

__all__ = ["file_room"]


@pytest.fixture
def clamd(settings: Any) -> Iterator[FakeClamd]:
    with fake_clamd() as fake:
        settings.CLAMD_URL = fake.url
        yield fake


def status_of(file: StoredFile) -> str:
    return StoredFile.objects.get(id=file.id).status


def long_ago(file: StoredFile) -> None:
    StoredFile.objects.filter(id=file.id).update(updated_at=timezone.now() - timedelta(minutes=5))


def test_a_file_waits_for_the_scanner_and_cannot_be_downloaded_meanwhile(cast: Cast, clamd: FakeClamd) -> None:
    result = upload(cast.alice, ("a.txt", b"Hello")).json()["results"][0]
    assert result["status"] == "pending"
    shown = cast.alice.api.get(f"files/{result['id']}/").json()
    assert (shown["status"], shown["download_url"]) == ("pending", None)


def test_a_clean_file_is_announced_and_handed_out(
    cast: Cast, clamd: FakeClamd, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[FileChecked] = []
    events.subscribe(FileChecked, told.append)
    file = kept(cast.alice, content=b"x" * 200_000)
    with django_capture_on_commit_callbacks(execute=True):
        assert files.file_scan(file_id=file.id) == FileStatus.CLEAN
    assert clamd.seen == [b"x" * 200_000], "the scanner saw all of it"
    assert told == [FileChecked(file.id, file.workspace_id, "clean")]
    answer = cast.alice.api.get(cast.alice.api.get(f"files/{file.id}/").json()["download_url"])
    assert (answer.status_code, body_of(answer)) == (200, b"x" * 200_000)


def test_an_infected_file_is_named_and_its_content_removed(cast: Cast, clamd: FakeClamd, file_room: Path) -> None:
    file = kept(cast.alice, "virus.txt", EICAR)
    url = f"files/{file.id}/content/?signature=any"
    assert files.file_scan(file_id=file.id) == FileStatus.INFECTED
    shown = cast.alice.api.get(f"files/{file.id}/").json()
    assert (shown["status"], shown["verdict"], shown["download_url"]) == ("infected", "Eicar-Test-Signature", None)
    assert cast.alice.api.get(url).status_code == 403
    assert AuditEntry.objects.get(action="file.infected").object_id == file.id
    assert files.file_remove(file_id=file.id) is True
    assert objects(file_room) == [] and status_of(file) == "infected", "the row stays to tell why"


@pytest.mark.parametrize("mood", ["cut", "silent", "busy"])
def test_without_a_verdict_a_file_stays_pending_and_is_asked_about_again(
    cast: Cast, clamd: FakeClamd, settings: Any, mood: Mood
) -> None:
    clamd.mood = mood
    if mood == "silent":
        settings.CLAMD_TIMEOUT = 0.3
    file = kept(cast.alice, content=b"x" * 300_000)
    assert files.file_scan(file_id=file.id) == FileStatus.PENDING
    assert files.files_scan_again() == 0, "its turn has not come"
    clamd.mood, settings.CLAMD_TIMEOUT = "well", 30.0
    long_ago(file)
    assert files.files_scan_again() == 1
    assert status_of(file) == "clean"


def test_without_a_scanner_at_the_address_nothing_is_lost(cast: Cast, settings: Any) -> None:
    settings.CLAMD_URL = "unix:///nonexistent/clamd.ctl"
    file = kept(cast.alice)
    assert files.file_scan(file_id=file.id) == FileStatus.PENDING
    long_ago(file)
    settings.CLAMD_URL = ""
    assert files.files_scan_again() == 1, "nobody will ever tell: the scanner was switched off"
    assert status_of(file) == "skipped"


@pytest.mark.django_db(transaction=True)
def test_two_scans_at_once_settle_a_file_once(cast: Cast, clamd: FakeClamd) -> None:
    told: list[FileChecked] = []
    events.subscribe(FileChecked, told.append)
    file = kept(cast.alice, "virus.txt", EICAR)

    def scan() -> None:
        files.file_scan(file_id=file.id)
        connection.close()

    threads = [threading.Thread(target=scan) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [event for event in told if event.file_id == file.id] == [
        FileChecked(file.id, file.workspace_id, "infected")
    ]
    assert AuditEntry.objects.filter(action="file.infected", object_id=file.id).count() == 1


def test_a_deleted_file_is_not_scanned(cast: Cast, clamd: FakeClamd) -> None:
    file = kept(cast.alice)
    cast.alice.api.delete(f"files/{file.id}/")
    files.file_scan(file_id=file.id)
    assert clamd.seen == []


def test_the_task_is_sent_when_the_file_is_kept(
    cast: Cast, clamd: FakeClamd, django_capture_on_commit_callbacks: Any
) -> None:
    with celery.connection_for_read() as broker:
        queue = broker.SimpleQueue("cpu")
        queue.clear()
        with django_capture_on_commit_callbacks(execute=True):
            file = kept(cast.alice)
        message = queue.get(timeout=30)
        message.ack()
    assert message.headers["task"] == "community.scan_file"
    assert message.payload[1] == {"file_id": str(file.id)}


def test_an_address_that_cannot_be_one_is_said(settings: Any) -> None:
    settings.CLAMD_URL = "http://clamd:3310"
    with pytest.raises(ImproperlyConfigured, match="tcp://host:3310"):
        scanner._connect()
