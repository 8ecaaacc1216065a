"""Files under attack: other people's links, other workspaces, forged and old signatures."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from community.access import get_actor
from community.files import links
from community.models import StoredFile
from tests.cast import Api, Cast
from tests.community.files_world import ELF, HTML, PNG, file_room, kept, objects, upload, zipped

__all__ = ["file_room"]


def link(cast: Cast, name: str, file: StoredFile) -> str:
    person = getattr(cast, name)
    return links.download_url(get_actor(person.user, person.workspace_id), file)


def test_a_link_is_good_for_the_person_it_was_made_for(cast: Cast) -> None:
    file = kept(cast.alice)
    answers = {name: getattr(cast, name).api.get(link(cast, "bob", file)) for name in ("bob", "alice", "carol")}
    answers["bob"].close()
    assert {name: answer.status_code for name, answer in answers.items()} == {"bob": 200, "alice": 403, "carol": 403}
    assert answers["alice"].json()["code"] == "link_invalid"


def test_a_link_is_nothing_to_visitors(cast: Cast) -> None:
    assert Api().get(link(cast, "alice", kept(cast.alice))).status_code == 401


def test_a_link_leads_to_no_other_file(cast: Cast) -> None:
    mine, other = kept(cast.alice, "mine.txt"), kept(cast.alice, "other.txt")
    stolen = link(cast, "carol", mine).replace(str(mine.id), str(other.id))
    assert cast.carol.api.get(stolen).json()["code"] == "link_invalid"


CHANGES: dict[str, Callable[[str], str]] = {
    "last letter": lambda signature: signature[:-1] + ("A" if signature[-1] != "A" else "B"),
    "time": lambda signature: "1zzzzz:" + signature.partition(":")[2],
    "nothing": lambda signature: "",
    "more before": lambda signature: "1:" + signature,
    "more after": lambda signature: signature + "x",
    "no letters": lambda signature: "ü",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_signature_is_refused(cast: Cast, change: Callable[[str], str]) -> None:
    file = kept(cast.alice)
    address, signature = link(cast, "alice", file).split("?signature=")
    answer = cast.alice.api.get(address, {"signature": change(signature)})
    assert (answer.status_code, answer.json()["code"]) == (403, "link_invalid")


def test_a_link_ends_after_five_minutes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    file = kept(cast.alice)
    with monkeypatch.context() as then:
        made = time.time() - links.LIFETIME - 1
        then.setattr("django.core.signing.time.time", lambda: made)
        old = link(cast, "alice", file)
    answer = cast.alice.api.get(old)
    assert (answer.status_code, answer.json()["code"]) == (403, "link_expired")


def test_another_workspaces_file_does_not_exist(cast: Cast) -> None:
    file = kept(cast.alice)
    theirs = link(cast, "alice", file)
    for method, path in [("GET", f"files/{file.id}/"), ("DELETE", f"files/{file.id}/"), ("GET", theirs)]:
        assert cast.dave.api.request(method, path).status_code == 404, path
    assert StoredFile.objects.kept().filter(id=file.id).exists()
    assert cast.dave.api.get("files/").json()["count"] == 0


def test_who_left_the_workspace_has_no_way_to_its_files(cast: Cast) -> None:
    file = kept(cast.alice)
    theirs = link(cast, "carol", file)
    cast.carol.user.memberships.all().delete()
    assert cast.carol.api.get(theirs).status_code == 404


@pytest.mark.parametrize("name", ["../../../evil.txt", "..\\..\\evil.txt", "/etc/cron.d/evil.txt", "a\x00/../evil.txt"])
def test_a_name_leads_nowhere(cast: Cast, file_room: Path, name: str) -> None:
    assert upload(cast.alice, (name, b"x")).json()["results"][0]["name"] == "evil.txt"
    [key] = objects(file_room)
    assert key == StoredFile.objects.get().key and "evil" not in key


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.gif", HTML),
        ("photo.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("archive.zip", HTML + zipped(a="x")),
        ("page.html", HTML + zipped(a="x")),
        ("notes.txt", PNG + HTML),
        ("photo.png", ELF),
    ],
)
def test_polyglots_and_disguises_are_refused(cast: Cast, file_room: Path, name: str, content: bytes) -> None:
    assert upload(cast.alice, (name, content)).status_code == 415
    assert objects(file_room) == []


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.mark.parametrize(
    ("name", "content"), [("page.html", HTML), ("drawing.svg", SVG), ("polyglot.gif", b"GIF89a" + HTML)]
)
def test_nothing_is_ever_served_inline(cast: Cast, name: str, content: bytes) -> None:
    answer = cast.alice.api.get(link(cast, "alice", kept(cast.alice, name, content)))
    answer.close()
    assert answer["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_nobody_sets_what_the_house_decides(cast: Cast) -> None:
    """Mass assignment: further fields of the form change nothing."""
    data = {
        "file": SimpleUploadedFile("a.txt", b"x"),
        "status": "clean",
        "key": "x",
        "workspace": str(cast.dave.workspace_id),
    }
    answer = Client().post("/api/v1/files/", data, headers=cast.alice.api.headers)
    row = StoredFile.objects.get(id=answer.json()["results"][0]["id"])
    assert (row.workspace_id, row.status) == (cast.alice.workspace_id, "skipped") and row.key.endswith(str(row.id))
