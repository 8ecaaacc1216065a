"""The files of an agent in the builder: added, shown with what the model gets of them, taken away, refused."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from agent_app.models import Agent, AgentFile
from agent_app.services import agent_files
from community.models import FileStatus, StoredFile
from tests.agents.page_world import HTMX
from tests.agents.world import make_agent, make_provider
from tests.cast import Cast
from tests.community.files_world import ELF, PNG, file_room, leftovers, make_file

__all__ = ["file_room"]

TEXT = ("prices.txt", b"A parcel costs five.")


@pytest.fixture
def agent(cast: Cast) -> Agent:
    make_provider(cast.alice, model_ids=["m"])
    return make_agent(cast.alice, model="fake/m", instructions="Help.")


@pytest.fixture
def browser(cast: Cast) -> Client:
    return cast.bob.browser()


def send(browser: Client, agent: Agent, *parts: tuple[str, bytes], revision: int = 0, htmx: bool = False) -> Any:
    data = {"file": [SimpleUploadedFile(name, content) for name, content in parts], "revision": str(revision)}
    return browser.post(f"/agents/{agent.id}/files/", data, headers=HTMX if htmx else {})


def given(agent: Agent) -> list[str]:
    return list(AgentFile.objects.filter(agent=agent).order_by("created_at").values_list("file__name", flat=True))


def page_of(browser: Client, agent: Agent) -> str:
    return str(browser.get(f"/agents/{agent.id}/").content.decode())


def test_several_files_are_uploaded_at_once_and_the_page_says_what_the_model_gets(
    agent: Agent, browser: Client, file_room: Path
) -> None:
    answer = send(browser, agent, TEXT, ("photo.png", PNG))
    assert (answer.status_code, answer["Location"]) == (302, f"/agents/{agent.id}/#files")
    assert given(agent) == ["prices.txt", "photo.png"]
    page = page_of(browser, agent)
    assert page.count('id="agent-file-list"') == 1
    for words in ("prices.txt", "20\xa0bytes", "Not checked", "Sent as text", "photo.png", "Sent as an image"):
        assert words in page
    assert leftovers(file_room) == []


def test_a_script_gets_the_section_its_mark_and_the_revision_to_go_on_from(agent: Agent, browser: Client) -> None:
    added = send(browser, agent, TEXT, revision=1, htmx=True).content.decode()
    assert "prices.txt" in added and "<html" not in added
    assert 'id="sections" hx-swap-oob="true"' in added
    assert 'id="agent-revision" name="revision" value="2"' in added
    behind = send(browser, agent, ("b.txt", b"b"), revision=1, htmx=True).content.decode()
    assert "b.txt" in behind and "agent-revision" not in behind.replace("#agent-revision", "")
    looked = browser.get(f"/agents/{agent.id}/files/", headers=HTMX).content.decode()
    assert "b.txt" in looked and 'name="revision"' not in looked


def test_a_file_is_taken_from_the_agent_and_stays_in_the_workspace(agent: Agent, browser: Client) -> None:
    send(browser, agent, TEXT)
    path = f"/agents/{agent.id}/files/{AgentFile.objects.get().id}/remove/"
    assert path in page_of(browser, agent)
    assert browser.get(path).status_code == 405
    assert browser.post(path).status_code == 302
    assert (given(agent), StoredFile.objects.kept().count()) == ([], 1)
    assert browser.post(path).status_code == 404


def test_what_a_file_is_is_said_in_its_row_and_told_to_the_model(cast: Cast, agent: Agent, browser: Client) -> None:
    send(browser, agent, TEXT)
    item = AgentFile.objects.get()
    path, field = f"/agents/{agent.id}/files/{item.id}/describe/", f"about-{item.id}"
    assert path in page_of(browser, agent)
    agent.refresh_from_db()
    said = browser.post(path, {field: " What parcels cost. ", "revision": str(agent.revision)}, headers=HTMX)
    assert f'value="{agent.revision + 1}"' in said.content.decode()
    assert 'value="What parcels cost."' in page_of(browser, agent)
    assert "· What parcels cost." in page_of(cast.carol.browser(), agent)
    long = browser.post(path, {field: "x" * 501}, headers=HTMX)
    assert (long.status_code, "at most 500 characters" in long.content.decode()) == (422, True)
    assert cast.carol.browser().post(path, {field: "No."}).status_code == 403
    assert cast.dave.browser().post(path, {field: "No."}).status_code == 404
    item.refresh_from_db()
    assert item.description == "What parcels cost."


def test_each_file_is_refused_by_itself_beside_the_field(
    agent: Agent, browser: Client, settings: LazySettings, file_room: Path
) -> None:
    settings.FILE_MAX_BYTES = 2**20
    parts = (TEXT, ("run.txt", ELF), ("big.txt", b"x" * (2**20 + 1)), ("empty.txt", b""))
    for htmx in (False, True):
        answer = send(browser, agent, *parts, htmx=htmx)
        page = answer.content.decode()
        assert (answer.status_code, "<html" in page) == (422, not htmx)
        assert 'aria-invalid="true"' in page
        assert "big.txt: A file may have up to 1 MB." in page
        assert "empty.txt: The file is empty." in page
        assert "run.txt: " in page
    assert (given(agent), leftovers(file_room)) == (["prices.txt", "prices.txt"], [])
    assert "Choose at least one file." in send(browser, agent).content.decode()
    settings.FILE_MAX_UPLOADS = 1
    assert "At most 1 files in one request." in send(browser, agent, TEXT, TEXT).content.decode()


def test_nothing_is_kept_of_what_an_agent_has_no_room_for(
    agent: Agent, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_files, "MOST", 1)
    answer = send(browser, agent, TEXT, ("b.txt", b"b"))
    assert (answer.status_code, "b.txt: An agent has at most 1 files." in answer.content.decode()) == (422, True)
    assert (given(agent), StoredFile.objects.count()) == (["prices.txt"], 1)


def test_what_is_not_sent_says_why_and_marks_the_section(cast: Cast, agent: Agent, browser: Client) -> None:
    for name, mime, status in (("a.zip", "application/zip", "skipped"), ("b.txt", "text/plain", FileStatus.PENDING)):
        file = make_file(cast.alice, name=name, mime=mime, status=status)
        AgentFile.objects.create(workspace_id=cast.alice.workspace_id, agent=agent, file=file)
    page = page_of(browser, agent)
    assert page.count("Not sent") == 2
    assert "no other kind can be read" in page and "It is still being checked for viruses." in page
    assert "Needs a look" in page
    assert 'hx-trigger="every 4s"' in page
    StoredFile.objects.filter(status=FileStatus.PENDING).update(status=FileStatus.CLEAN)
    looked = browser.get(f"/agents/{agent.id}/files/", headers=HTMX).content.decode()
    assert "every 4s" not in looked and "Clean" in looked


def test_a_viewer_sees_the_files_and_changes_none(cast: Cast, agent: Agent, browser: Client) -> None:
    send(browser, agent, TEXT)
    item, viewer = AgentFile.objects.get(), cast.carol.browser()
    page = page_of(viewer, agent)
    assert "prices.txt" in page and "files-form" not in page
    assert send(viewer, agent, TEXT).status_code == 403
    assert viewer.post(f"/agents/{agent.id}/files/{item.id}/remove/").status_code == 403
    assert given(agent) == ["prices.txt"]


def test_another_workspaces_agent_and_another_agents_file_are_not_there(
    cast: Cast, agent: Agent, browser: Client
) -> None:
    send(browser, agent, TEXT)
    item, stranger = AgentFile.objects.get(), cast.dave.browser()
    assert send(stranger, agent, TEXT).status_code == 404
    assert stranger.get(f"/agents/{agent.id}/files/").status_code == 404
    assert stranger.post(f"/agents/{agent.id}/files/{item.id}/remove/").status_code == 404
    other = make_agent(cast.alice, name="Other")
    assert browser.post(f"/agents/{other.id}/files/{item.id}/remove/").status_code == 404
    assert given(agent) == ["prices.txt"]
