"""People's pictures: what is taken, who sees it, how it is served, and that the one before goes."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from community.files import scanner
from community.models import AuditEntry, FileStatus, Membership, StoredFile, User, Workspace
from community.services import avatars, erasure, files
from tests.cast import Cast, Person
from tests.community.files_world import ELF, HTML, PDF, file_room, kept, leftovers
from tests.community.test_pictures import bomb, opened, picture

__all__ = ["file_room"]

pytestmark = pytest.mark.django_db
PNG = picture()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def send(person: Person, content: bytes = PNG, name: str = "me.png") -> Any:
    data = {"file": SimpleUploadedFile(name, content)}
    return Client().post("/api/v1/users/me/avatar/", data, headers=person.api.headers)


def address_of(person: Person) -> str:
    answer = send(person)
    assert answer.status_code == 200, answer.json()
    address: str = answer.json()["avatar"]
    return address


def test_it_is_shown_to_whom_one_works_with_and_nobody_else(cast: Cast) -> None:
    address = address_of(cast.alice)
    for person in (cast.alice, cast.bob, cast.carol):
        assert opened(person.api.get(address).content).size == (300, 300)
        assert person.browser().get(address).status_code == 200
    assert cast.dave.api.get(address).status_code == 404
    assert Client().get(address).status_code == 401
    members = cast.bob.api.get(f"workspaces/{cast.alice.workspace_id}/members/").json()["results"]
    assert [row["avatar"] for row in members if row["id"] == str(cast.alice.user.id)] == [address]
    Membership.objects.filter(user=cast.bob.user, workspace_id=cast.alice.workspace_id).delete()
    assert Client().get(address, headers={"Authorization": cast.bob.api.headers["Authorization"]}).status_code == 404


def test_it_is_served_as_an_image_that_runs_nothing(cast: Cast) -> None:
    answer = cast.alice.api.get(address_of(cast.alice))
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("content", "name"),
    [(SVG, "me.svg"), (HTML, "me.png"), (ELF, "me.png"), (PDF, "me.pdf"), (HTML, "me.html"), (SVG, "me.png"), (b"x", "me.gif")],
    ids=["svg", "html as png", "program as png", "pdf", "html", "svg as png", "text as gif"],
)  # fmt: skip
def test_what_is_no_image_is_refused_and_nothing_is_kept(
    cast: Cast, content: bytes, name: str, file_room: Path
) -> None:
    answer = send(cast.alice, content, name)
    assert answer.status_code == 415
    assert not StoredFile.objects.exists()
    assert User.objects.get(id=cast.alice.user.id).avatar == ""
    assert leftovers(file_room) == []


def test_it_has_a_largest_size_and_must_be_there(cast: Cast) -> None:
    assert send(cast.alice, PNG + bytes(avatars.MOST_BYTES)).status_code == 413
    empty = Client().post("/api/v1/users/me/avatar/", {}, headers=cast.alice.api.headers)
    assert (empty.status_code, set(empty.json()["errors"])) == (400, {"file"})
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize("content", [bomb(), PNG[:60]], ids=["bomb", "breaks off"])
def test_what_cannot_be_shown_is_refused_with_the_reason_and_the_one_before_stays(
    cast: Cast, content: bytes, file_room: Path
) -> None:
    before = address_of(cast.alice)
    answer = send(cast.alice, content)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["file"])
    assert cast.alice.api.get("users/me/").json()["avatar"] == before
    assert StoredFile.objects.count() == 1
    assert leftovers(file_room) == []


def test_another_one_takes_its_place_and_the_first_goes(cast: Cast) -> None:
    first, second = address_of(cast.alice), address_of(cast.alice)
    assert first != second
    assert cast.bob.api.get(first).status_code == 404
    assert cast.bob.api.get(second).status_code == 200
    assert StoredFile.objects.kept().count() == 1
    assert cast.alice.api.delete("users/me/avatar/").status_code == 204
    assert cast.bob.api.get(second).status_code == 404
    assert cast.alice.api.get("users/me/").json()["avatar"] == ""
    assert cast.alice.api.delete("users/me/avatar/").status_code == 204
    assert AuditEntry.objects.filter(action="person.updated").count() == 3


def test_it_lies_in_the_personal_workspace_wherever_one_works(cast: Cast) -> None:
    address_of(cast.bob)
    own = Workspace.objects.get(personal_of=cast.bob.user)
    assert StoredFile.objects.get().workspace_id == own.id != cast.bob.workspace_id


def test_it_is_not_shown_before_it_is_checked_and_never_with_a_virus(cast: Cast, settings: Settings) -> None:
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    address = address_of(cast.alice)
    assert cast.alice.api.get(address).status_code == 404
    file = StoredFile.objects.get()
    assert files._settle(file, scanner.Verdict("Eicar")) == FileStatus.INFECTED
    assert cast.alice.api.get("users/me/").json()["avatar"] == ""


def test_any_other_file_of_somebodys_is_no_picture(cast: Cast) -> None:
    """An address with the id of a private file opens nothing."""
    address_of(cast.alice)
    private = kept(cast.alice, "notes.png", PNG)
    assert cast.alice.api.get(f"avatars/{private.id}/").status_code == 404


def test_nobody_points_their_picture_elsewhere(cast: Cast) -> None:
    cast.alice.api.patch("users/me/", {"avatar": "https://evil.example/x.png"})
    assert User.objects.get(id=cast.alice.user.id).avatar == ""


def test_it_goes_with_the_account(cast: Cast) -> None:
    address_of(cast.bob)
    erasure.person_erase(user=cast.bob.user)
    assert not StoredFile.objects.kept().exists()
    assert User.objects.get(id=cast.bob.user.id).avatar == ""


def test_the_page_takes_shows_and_removes_it(cast: Cast) -> None:
    browser = cast.alice.browser()
    answer = browser.post("/settings/avatar/", {"file": SimpleUploadedFile("me.png", PNG)}, follow=True)
    address = User.objects.get(id=cast.alice.user.id).avatar
    assert f'src="{address}"' in answer.content.decode()
    assert f'src="{address}"' in cast.bob.browser().get("/workspace/members/").content.decode()
    refused = browser.post("/settings/avatar/", {"file": SimpleUploadedFile("me.svg", SVG)})
    assert refused.status_code == 415
    assert "Use an image" in refused.content.decode()
    assert 'name="handle"' in refused.content.decode()
    assert User.objects.get(id=cast.alice.user.id).avatar == address
    page = browser.post("/settings/avatar/remove/", follow=True).content.decode()
    assert address not in page
