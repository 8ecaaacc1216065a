"""Files by the API: in, in the list, out, away."""

import hashlib
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from community.models import AuditEntry, StoredFile
from community.services import files
from config.lib.errors import TooLarge
from tests.cast import Cast
from tests.community.files_world import HTML, PNG, body_of, file_room, kept, leftovers, objects, upload

__all__ = ["file_room"]

LIMIT = 25 * 2**20


@pytest.mark.parametrize("path", ["files/", "files", "files/upload", "files/upload/"])
def test_an_upload_answers_what_was_kept(cast: Cast, file_room: Path, path: str) -> None:
    answer = upload(cast.carol, ("notes.txt", b"Hello"), path=path)
    assert answer.status_code == 201
    [result] = answer.json()["results"]
    row = StoredFile.objects.get()
    assert result == {
        "id": str(row.id),
        "name": "notes.txt",
        "size": 5,
        "mime": "text/plain",
        "sha256": hashlib.sha256(b"Hello").hexdigest(),
        "status": "skipped",
    }
    assert (row.workspace_id, row.uploader_id) == (cast.carol.workspace_id, cast.carol.user.id)
    assert (file_room / row.key).read_bytes() == b"Hello"
    assert leftovers(file_room) == []


def test_each_of_several_files_has_its_own_answer(cast: Cast, file_room: Path) -> None:
    answer = upload(cast.alice, ("a.txt", b"one"), ("b.png", HTML), ("c.txt", b""), ("d.png", PNG))
    assert answer.status_code == 201
    results = answer.json()["results"]
    assert [result.get("code", result["status"]) for result in results] == [
        "skipped",
        "content_mismatch",
        "file_empty",
        "skipped",
    ]
    assert (results[1]["name"], results[1]["status"]) == ("b.png", 415)
    assert len(objects(file_room)) == 2 and leftovers(file_room) == []


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("a.txt", b"", 400, "file_empty"),
        ("a.png", HTML, 415, "content_mismatch"),
        ("a.txt", b"x" * (LIMIT + 1), 413, "file_too_large"),
    ],
)
def test_where_nothing_is_kept_the_answer_is_the_first_reason(
    cast: Cast, file_room: Path, name: str, content: bytes, status: int, code: str
) -> None:
    answer = upload(cast.alice, (name, content))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert len(answer.json()["results"]) == 1
    assert objects(file_room) == [] and leftovers(file_room) == [] and not StoredFile.objects.exists()


def test_a_file_of_exactly_the_limit_is_kept(cast: Cast) -> None:
    assert upload(cast.alice, ("a.txt", b"x" * LIMIT)).json()["results"][0]["size"] == LIMIT


def test_other_fields_are_no_files(cast: Cast, file_room: Path) -> None:
    answer = upload(cast.alice, ("a.txt", b"Hello"), field="other")
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"file": ["Send at least one file in this field."]}
    assert leftovers(file_room) == []


def test_json_is_no_upload(cast: Cast) -> None:
    assert cast.alice.api.post("files/", {"file": "text"}).status_code == 415


def test_a_session_needs_its_token_and_nothing_stays_without(cast: Cast, file_room: Path) -> None:
    browser = cast.alice.browser(enforce_csrf_checks=True)
    answer = browser.post("/api/v1/files/", {"file": SimpleUploadedFile("a.txt", b"Hello")})
    assert answer.status_code == 403
    assert leftovers(file_room) == [] and not StoredFile.objects.exists()


def test_more_than_twenty_files_are_too_many(cast: Cast) -> None:
    results = upload(cast.alice, *[(f"{number}.txt", b"x") for number in range(22)]).json()["results"]
    assert [result.get("code") for result in results] == [None] * 20 + ["too_many_files"] * 2


def test_the_list_has_filters_search_and_order(cast: Cast) -> None:
    for name, content in [("b.txt", b"xx"), ("a.md", b"x"), ("photo.png", PNG)]:
        kept(cast.alice, name, content)
    kept(cast.dave, "other.txt")

    def names(query: str) -> list[str]:
        return [row["name"] for row in cast.carol.api.get(f"files/?{query}").json()["results"]]

    assert names("") == ["photo.png", "a.md", "b.txt"]
    assert names("ordering=name") == ["a.md", "b.txt", "photo.png"]
    assert names("mime=image/png") == ["photo.png"]
    assert names("search=PHO") == ["photo.png"]
    assert names("status=pending") == []
    assert names(f"uploader={cast.bob.user.id}") == []
    assert names("limit=1&offset=1") == ["a.md"]


def test_the_list_takes_the_same_number_of_queries_however_long_it_is(cast: Cast) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert cast.alice.api.get("files/").status_code == 200
        return len(captured)

    kept(cast.alice, "1.txt")
    few = queries()
    for number in range(12):
        kept(cast.bob, f"{number}.txt")
    assert queries() == few <= 3


def test_a_download_is_an_attachment_that_no_page_can_run(cast: Cast) -> None:
    file = kept(cast.alice, "page.html", HTML)
    url = cast.carol.api.get(f"files/{file.id}/").json()["download_url"]
    answer = cast.carol.api.get(url)
    assert (answer.status_code, body_of(answer)) == (200, HTML)
    assert answer["Content-Disposition"] == 'attachment; filename="page.html"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "private, no-store"
    assert int(answer["Content-Length"]) == len(HTML)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_download_that_nobody_reads_leaves_no_file_open(cast: Cast, file_room: Path, method: str) -> None:
    file = kept(cast.alice)
    answer = cast.alice.api.request(method, cast.alice.api.get(f"files/{file.id}/").json()["download_url"])
    assert answer.status_code == 200
    answer.close()
    assert [each.path for each in psutil.Process().open_files() if str(file_room) in each.path] == []


def test_a_name_of_any_script_survives_the_header(cast: Cast) -> None:
    file = kept(cast.alice, 'Zażółć "x".txt')
    answer = cast.alice.api.get(cast.alice.api.get(f"files/{file.id}/").json()["download_url"])
    answer.close()
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''Za%C5%BC%C3%B3%C5%82%C4%87%20%22x%22.txt"


def test_a_deleted_file_is_gone_at_once_and_its_content_afterwards(
    cast: Cast, file_room: Path, django_capture_on_commit_callbacks: Any
) -> None:
    file = kept(cast.carol)
    with django_capture_on_commit_callbacks(execute=True):
        assert cast.carol.api.delete(f"files/{file.id}/").status_code == 204
    assert cast.carol.api.get(f"files/{file.id}/").status_code == 404
    assert cast.carol.api.get("files/").json()["count"] == 0
    assert cast.carol.api.delete(f"files/{file.id}/").status_code == 404
    assert AuditEntry.objects.filter(action="file.deleted", object_id=file.id).count() == 1
    assert objects(file_room) == [file.key], "a worker does this"
    files.file_remove(file_id=file.id)
    assert objects(file_room) == [] and not StoredFile.objects.exists()


def test_viewers_delete_their_own_files_only(cast: Cast) -> None:
    file = kept(cast.bob)
    assert cast.carol.api.delete(f"files/{file.id}/").status_code == 403
    assert StoredFile.objects.kept().filter(id=file.id).exists()


def test_a_file_deleted_during_its_download_is_sent_to_the_end(cast: Cast) -> None:
    file = kept(cast.alice, "long.txt", b"x" * 1_000_000)
    answer = cast.alice.api.get(cast.alice.api.get(f"files/{file.id}/").json()["download_url"])
    cast.alice.api.delete(f"files/{file.id}/")
    files.file_remove(file_id=file.id)
    assert len(body_of(answer)) == 1_000_000


def test_the_workspaces_room_is_limited(cast: Cast, settings: Any, file_room: Path) -> None:
    settings.WORKSPACE_STORED_BYTES = 10
    assert upload(cast.alice, ("a.txt", b"12345678")).status_code == 201
    full = upload(cast.bob, ("b.txt", b"123"))
    assert (full.status_code, full.json()["code"]) == (413, "storage_full")
    assert upload(cast.dave, ("c.txt", b"123")).status_code == 201, "another workspace has its own room"
    assert leftovers(file_room) == [] and len(objects(file_room)) == 2


@pytest.mark.django_db(transaction=True)
def test_two_uploads_at_once_cannot_share_the_last_room(cast: Cast, settings: Any) -> None:
    settings.WORKSPACE_STORED_BYTES = 8
    outcomes: list[str] = []
    barrier = threading.Barrier(4)

    def work(number: int) -> None:
        barrier.wait(60)
        try:
            kept(cast.alice, f"{number}.txt", b"12345")
            outcomes.append("kept")
        except TooLarge:
            outcomes.append("full")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["full", "full", "full", "kept"]


@pytest.mark.django_db(transaction=True)
def test_the_same_file_twice_at_once_is_two_files(cast: Cast, file_room: Path) -> None:
    answers: list[Any] = []

    def work() -> None:
        data = {"file": SimpleUploadedFile("same.txt", b"same")}
        answers.append(Client().post("/api/v1/files/", data, headers=cast.alice.api.headers).json()["results"][0])
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({answer["id"] for answer in answers}) == 2
    assert len({answer["sha256"] for answer in answers}) == 1
    assert len(objects(file_room)) == 2


# What crashes leave behind


def long_ago(file: StoredFile, **fields: Any) -> None:
    StoredFile.objects.filter(id=file.id).update(created_at=timezone.now() - timedelta(hours=2), **fields)


def age(path: Path) -> None:
    os.utime(path, (0, 0))


def test_the_sweep_removes_what_crashes_left_and_nothing_else(cast: Cast, file_room: Path) -> None:
    whole, unfinished, deleted = kept(cast.alice, "1.txt"), kept(cast.alice, "2.txt"), kept(cast.alice, "3.txt")
    long_ago(unfinished, stored_at=None)
    long_ago(deleted, deleted_at=timezone.now())
    for name in ("lost", "fresh"):
        (file_room / str(cast.alice.workspace_id) / name).write_bytes(b"no row")
    (file_room / "incoming" / "half").write_bytes(b"ha")
    for path in (
        file_room / whole.key,
        file_room / str(cast.alice.workspace_id) / "lost",
        file_room / "incoming" / "half",
    ):
        age(path)
    assert files.files_sweep() == 4
    assert objects(file_room) == sorted([whole.key, f"{cast.alice.workspace_id}/fresh"])
    assert list(StoredFile.objects.values_list("id", flat=True)) == [whole.id]
    assert leftovers(file_room) == []
    assert files.files_sweep() == 0
