"""The list of agents, making one, and the builder."""

from agent_app.models import Agent, AgentStatus
from tests.agents.page_world import HTMX, make_agent, make_world
from tests.cast import Cast


def test_list_shows_the_workspaces_agents_and_nobody_elses(cast: Cast) -> None:
    make_agent(cast.alice, name="Ours")
    make_agent(cast.dave, name="Theirs")
    page = cast.bob.browser().get("/agents/").content.decode()
    assert "Ours" in page
    assert "Theirs" not in page


def test_list_answers_htmx_with_the_rows_only(cast: Cast) -> None:
    make_agent(cast.alice, name="Parcel finder")
    make_agent(cast.alice, name="Poet")
    fragment = cast.bob.browser().get("/agents/", {"q": "parcel"}, headers=HTMX).content.decode()
    assert "Parcel finder" in fragment
    assert "Poet" not in fragment
    assert "<html" not in fragment


def test_list_as_cards_filtered_by_status(cast: Cast) -> None:
    make_agent(cast.alice, name="Ready", status=AgentStatus.ACTIVE)
    make_agent(cast.alice, name="Sketch")
    page = cast.bob.browser().get("/agents/", {"view": "cards", "status": "active"}, headers=HTMX).content.decode()
    assert "Ready" in page
    assert "Sketch" not in page
    assert "<table" not in page


def test_a_viewer_sees_no_way_to_write(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    browser = cast.carol.browser()
    listed = browser.get("/agents/").content.decode()
    assert "/agents/new/" not in listed
    assert 'name="action"' not in listed
    built = browser.get(f"/agents/{agent.id}/").content.decode()
    assert 'data-controller="autosave"' not in built
    assert "<fieldset" in built
    assert "disabled" in built


def test_an_editor_starts_from_a_template(cast: Cast) -> None:
    browser = cast.bob.browser()
    assert browser.get("/agents/new/").status_code == 200
    answer = browser.post("/agents/new/", {"from": "support"})
    agent = Agent.objects.get(workspace_id=cast.bob.workspace_id)
    assert answer.headers["Location"] == f"/agents/{agent.id}/"
    assert agent.instructions
    assert agent.starters


def test_a_viewer_cannot_make_or_change_agents(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    browser = cast.carol.browser()
    assert browser.get("/agents/new/").status_code == 403
    assert browser.post("/agents/new/", {"from": "blank"}).status_code == 403
    assert browser.post(f"/agents/{agent.id}/save/", {"name": "Mine"}).status_code == 403
    assert browser.post("/agents/bulk/", {"action": "delete", "ids": [str(agent.id)]}).status_code == 403
    assert Agent.objects.get().name == agent.name


def test_saving_changes_what_was_sent_and_counts_the_revision(cast: Cast) -> None:
    agent = make_agent(cast.alice, model_settings={"temperature": 0.5, "seed": 7})
    answer = cast.bob.browser().post(
        f"/agents/{agent.id}/save/", {"name": "Renamed", "temperature": "0.9", "revision": "1"}
    )
    assert answer.json()["revision"] == 2
    agent.refresh_from_db()
    assert (agent.name, agent.instructions) == ("Renamed", "Be kind.")
    assert agent.model_settings == {"temperature": 0.9, "seed": 7}


def test_a_stale_save_is_refused_and_says_the_current_revision(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    browser = cast.bob.browser()
    browser.post(f"/agents/{agent.id}/save/", {"name": "First", "revision": "1"})
    late = browser.post(
        f"/agents/{agent.id}/save/", {"name": "Second", "revision": "1"}, headers={"Accept": "application/json"}
    )
    assert late.status_code == 409
    assert late.json()["current_revision"] == 2
    assert Agent.objects.get().name == "First"


def test_a_wrong_value_is_named_and_nothing_is_saved(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    answer = cast.bob.browser().post(f"/agents/{agent.id}/save/", {"name": "Renamed", "temperature": "9"})
    assert answer.status_code == 422
    assert "temperature" in answer.json()["errors"]
    assert Agent.objects.get().name == agent.name


def test_builder_answers_htmx_with_the_marks_only(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    fragment = cast.bob.browser().get(f"/agents/{agent.id}/", headers=HTMX).content.decode()
    assert fragment.strip().startswith('<div id="sections"')


def test_bulk_archives_and_deletes_only_in_the_own_workspace(cast: Cast) -> None:
    mine, gone, foreign = make_agent(cast.alice), make_agent(cast.alice), make_agent(cast.dave)
    browser = cast.bob.browser()
    browser.post("/agents/bulk/", {"action": "archive", "ids": [str(mine.id), str(foreign.id)]})
    browser.post("/agents/bulk/", {"action": "delete", "ids": [str(gone.id), str(foreign.id)]})
    assert Agent.objects.get(id=mine.id).status == AgentStatus.ARCHIVED
    assert Agent.objects.get(id=foreign.id).status == AgentStatus.DRAFT
    assert not Agent.objects.filter(id=gone.id).exists()


def test_another_workspaces_pages_do_not_exist(cast: Cast) -> None:
    world = make_world(cast.alice)
    browser = cast.dave.browser()
    for path in (
        f"/agents/{world.agent.id}/", f"/agents/{world.agent.id}/chat/", f"/runs/{world.run.id}/",
        f"/agents/{world.agent.id}/chat/{world.conversation.id}/",
    ):  # fmt: skip
        assert browser.get(path).status_code == 404, path
    assert browser.post(f"/agents/{world.agent.id}/save/", {"name": "x"}).status_code == 404
    assert browser.post(f"/runs/{world.run.id}/cancel/").status_code == 404
