"""Files in S3, against moto's server over real HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from community.access import get_actor
from community.files import links
from community.models import StoredFile
from community.services import files
from config.settings.s3 import S3_STORAGE
from tests.benchmarks.stack import closed_port
from tests.cast import Cast
from tests.community.files_world import HTML, file_room, kept, leftovers, upload

__all__ = ["file_room"]

BUCKET = "troupe"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def use(settings: Any, endpoint: str) -> None:
    """Point the storage to ``endpoint``, as the environment would."""
    options = S3_STORAGE["OPTIONS"] | {
        "bucket_name": BUCKET, "endpoint_url": endpoint, "region_name": "us-east-1", "access_key": "k", "secret_key": "s",
    }  # fmt: skip
    settings.STORAGES = settings.STORAGES | {"files": S3_STORAGE | {"OPTIONS": options}}


@pytest.fixture
def bucket(settings: Any, endpoint: str) -> Iterator[Any]:
    use(settings, endpoint)
    session = boto3.Session(aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")
    made = session.resource("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
    yield made
    made.objects.all().delete()


def keys(bucket: Any) -> list[str]:
    return sorted(entry.key for entry in bucket.objects.all())


def test_an_upload_lies_in_the_bucket(cast: Cast, bucket: Any, file_room: Path) -> None:
    answer = upload(cast.alice, ("big.txt", b"x" * 9_000_000))
    assert answer.status_code == 201
    row = StoredFile.objects.get()
    assert keys(bucket) == [row.key]
    stored = bucket.Object(row.key).get()
    assert (stored["ContentLength"], stored["ContentType"]) == (9_000_000, "text/plain")
    assert leftovers(file_room) == []


def test_a_download_is_a_redirect_to_an_address_that_ends_soon(cast: Cast, bucket: Any) -> None:
    file = kept(cast.alice, "page.html", HTML)
    url = links.download_url(get_actor(cast.alice.user, cast.alice.workspace_id), file)
    answer = cast.alice.api.get(url)
    assert answer.status_code == 302
    address = answer["Location"]
    assert "X-Amz-Expires=60" in address and "X-Amz-Signature=" in address
    given = requests.get(address, timeout=10)
    assert given.content == HTML
    assert given.headers["Content-Disposition"] == 'attachment; filename="page.html"'
    assert cast.bob.api.get(url).status_code == 403


def test_deleting_removes_the_object(cast: Cast, bucket: Any) -> None:
    file = kept(cast.alice)
    cast.alice.api.delete(f"files/{file.id}/")
    files.file_remove(file_id=file.id)
    assert keys(bucket) == []


def test_the_sweep_finds_objects_without_a_row(cast: Cast, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = kept(cast.alice)
    bucket.put_object(Key="lost/one", Body=b"x")
    assert files.files_sweep() == 0, "an upload may be under way"
    later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    assert files.files_sweep() == 1
    assert keys(bucket) == [file.key]


def test_while_s3_is_away_uploads_are_refused_and_deletions_wait(
    cast: Cast, bucket: Any, settings: Any, endpoint: str, file_room: Path
) -> None:
    file = kept(cast.alice)
    with closed_port() as port:
        use(settings, f"http://127.0.0.1:{port}")
        answer = upload(cast.alice, ("a.txt", b"Hello"))
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert answer["Retry-After"] == "30"
        assert leftovers(file_room) == [] and cast.alice.api.get("files/").json()["count"] == 1
        assert cast.alice.api.delete(f"files/{file.id}/").status_code == 204
        assert files.files_sweep() == 0, "it goes on next time"
    use(settings, endpoint)
    assert keys(bucket) == [file.key]
    assert files.files_sweep() == 2, "the deleted file, and the row of the upload that failed"
    assert keys(bucket) == [] and not StoredFile.objects.exists()
