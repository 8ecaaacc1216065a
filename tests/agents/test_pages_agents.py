"""The list of agents, making one, and the builder."""

import html
import re
from typing import Any

from django.core import signing
from django.test import Client

from agent_app.models import Agent, AgentStatus
from tests.agents.page_world import HTMX, SCRIPT, make_agent, make_world
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
        f"/agents/{agent.id}/save/", {"name": "Renamed", "temperature": "0.9", "revision": "1"}, headers=SCRIPT
    )
    assert answer.json()["revision"] == 2
    agent.refresh_from_db()
    assert (agent.name, agent.instructions) == ("Renamed", "Be kind.")
    assert agent.model_settings == {"temperature": 0.9, "seed": 7}


def test_a_stale_save_is_refused_and_says_the_current_revision(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    browser = cast.bob.browser()
    cast.alice.browser().post(f"/agents/{agent.id}/save/", {"name": "First", "revision": "1"}, headers=SCRIPT)
    late = browser.post(f"/agents/{agent.id}/save/", {"name": "Second", "revision": "1"}, headers=SCRIPT)
    assert late.status_code == 409
    told = late.json()
    assert (told["current_revision"], told["changed"], told["changed_by"]) == (
        2,
        ["name"],
        cast.alice.user.display_name,
    )
    assert Agent.objects.get().name == "First"


def test_fields_that_were_not_sent_stay_as_they_are(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    answer = cast.bob.browser().post(
        f"/agents/{agent.id}/save/", {"description": "Only this", "revision": "1"}, headers=SCRIPT
    )
    assert answer.status_code == 200
    agent.refresh_from_db()
    assert (agent.name, agent.description, agent.instructions) == ("Refund specialist", "Only this", "Be kind.")


def test_a_wrong_value_is_named_and_nothing_is_saved(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    answer = cast.bob.browser().post(
        f"/agents/{agent.id}/save/", {"name": "Renamed", "temperature": "9"}, headers=SCRIPT
    )
    assert answer.status_code == 422
    assert "temperature" in answer.json()["errors"]
    assert Agent.objects.get().name == agent.name


def test_builder_answers_htmx_with_the_marks_only(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    fragment = cast.bob.browser().get(f"/agents/{agent.id}/", headers=HTMX).content.decode()
    assert fragment.strip().startswith('<div id="sections"')


def test_saving_without_scripts_answers_with_pages(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    browser = cast.bob.browser()
    saved = browser.post(f"/agents/{agent.id}/save/", {"name": "Renamed", "revision": "1"}, follow=True)
    assert saved.redirect_chain == [(f"/agents/{agent.id}/", 302)]
    assert "Renamed was saved." in saved.content.decode()
    wrong = browser.post(f"/agents/{agent.id}/save/", {"name": "", "instructions": "Kept text"})
    assert wrong.status_code == 422
    assert "Kept text" in wrong.content.decode()
    assert Agent.objects.get().name == "Renamed"


def test_deleting_asks_first_with_what_depends_on_each_agent(cast: Cast) -> None:
    world = make_world(cast.alice)
    browser = cast.bob.browser()
    asked = {"action": "delete", "ids": [str(world.agent.id)]}
    page = browser.post("/agents/bulk/", asked).content.decode()
    dialog = browser.post("/agents/bulk/", asked, headers=HTMX).content.decode()
    for text in (page, dialog):
        assert "Refund specialist: 1 conversation, 1 run" in text
        assert 'name="confirmed" value="1"' in text
    assert "<html" in page
    assert "<html" not in dialog
    assert Agent.objects.filter(id=world.agent.id).exists()


def test_an_agent_that_is_running_cannot_be_deleted_and_the_question_says_so(cast: Cast) -> None:
    world = make_world(cast.alice, status="running")
    browser = cast.bob.browser()
    page = browser.post("/agents/bulk/", {"action": "delete", "ids": [str(world.agent.id)]}).content.decode()
    assert "Runs are under way." in page
    assert "btn-bad" not in page
    done = browser.post("/agents/bulk/", {"action": "delete", "ids": [str(world.agent.id)], "confirmed": "1"})
    assert done.status_code == 409
    assert Agent.objects.filter(id=world.agent.id).exists()


def test_bulk_archives_and_deletes_only_in_the_own_workspace(cast: Cast) -> None:
    mine, gone, foreign = make_agent(cast.alice), make_agent(cast.alice), make_agent(cast.dave, name="Foreign one")
    browser = cast.bob.browser()
    both = {"action": "archive", "ids": [str(mine.id), str(foreign.id)]}
    assert "Foreign one" not in browser.post("/agents/bulk/", both).content.decode()
    browser.post("/agents/bulk/", both | {"confirmed": "1"})
    browser.post("/agents/bulk/", {"action": "delete", "ids": [str(gone.id), str(foreign.id)], "confirmed": "1"})
    assert Agent.objects.get(id=mine.id).status == AgentStatus.ARCHIVED
    assert Agent.objects.get(id=foreign.id).status == AgentStatus.DRAFT
    assert not Agent.objects.filter(id=gone.id).exists()


def test_an_archived_agent_is_restored_as_a_draft(cast: Cast) -> None:
    agent, foreign = make_agent(cast.alice, status="archived"), make_agent(cast.dave, status="archived")
    answer = cast.bob.browser().post(
        "/agents/bulk/", {"action": "restore", "ids": [str(agent.id), str(foreign.id)]}, headers=HTMX
    )
    assert answer.headers["HX-Redirect"] == "/agents/"
    assert Agent.objects.get(id=agent.id).status == AgentStatus.DRAFT
    assert Agent.objects.get(id=foreign.id).status == AgentStatus.ARCHIVED


def test_acting_on_no_agents_is_refused(cast: Cast) -> None:
    browser = cast.bob.browser()
    assert browser.post("/agents/bulk/", {"action": "delete"}).status_code == 400
    assert browser.post("/agents/bulk/", {"action": "sell", "ids": ["x"]}).status_code == 400


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


# Tags of several agents


def bulk(browser: Client, agents: list[Agent], **fields: object) -> Any:
    return browser.post("/agents/bulk/", {"ids": [str(agent.id) for agent in agents], "action": "tag", **fields})


def tags() -> dict[str, list[str]]:
    return dict(Agent.objects.values_list("name", "tags"))


def test_tags_are_added_and_removed_after_a_question_and_taken_back_exactly(cast: Cast) -> None:
    one, two = (
        make_agent(cast.alice, name="One", tags=["old", "shop"]),
        make_agent(cast.alice, name="Two", tags=["shop"]),
    )
    foreign = make_agent(cast.dave, name="Foreign", tags=["secret"])
    browser, chosen = cast.bob.browser(), [one, two, foreign]
    asked = bulk(browser, chosen).content.decode()
    assert 'name="remove_tags" value="old"' in asked
    assert "secret" not in asked
    bulk(browser, chosen, confirmed="1", add_tags="shop, new, new", remove_tags=["old"])
    assert tags() == {"One": ["shop", "new"], "Two": ["shop", "new"], "Foreign": ["secret"]}
    page = browser.get("/agents/").content.decode()
    assert "The tags of 2 agents were changed." in page
    undo = html.unescape(re.findall(r'name="undo" value="([^"]+)"', page)[0])
    Agent.objects.filter(name="Two").update(tags=["shop", "new", "later"])
    browser.post("/agents/bulk/", {"action": "untag", "undo": undo})
    assert {name: set(found) for name, found in tags().items()} == {
        "One": {"shop", "old"}, "Two": {"shop", "later"}, "Foreign": {"secret"},
    }  # fmt: skip
    assert "2 agents have their tags back." in browser.get("/agents/").content.decode()


def test_what_was_not_signed_here_or_belongs_to_others_takes_nothing_back(cast: Cast) -> None:
    agent = make_agent(cast.alice, tags=["a"])
    bulk(cast.bob.browser(), [agent], confirmed="1", add_tags="b")
    forged = cast.bob.browser().post("/agents/bulk/", {"action": "untag", "undo": "e30:x:y"})
    assert forged.status_code == 400
    message = signing.dumps([{"ids": [str(agent.id)], "add": [], "remove": ["a"]}], salt="agents.tags")
    assert cast.dave.browser().post("/agents/bulk/", {"action": "untag", "undo": message}).status_code == 302
    assert cast.carol.browser().post("/agents/bulk/", {"action": "untag", "undo": message}).status_code == 403
    assert tags() == {"Refund specialist": ["a", "b"]}


def test_tagging_says_what_is_wrong_and_changes_nothing(cast: Cast) -> None:
    agent = make_agent(cast.alice, tags=[str(number) for number in range(20)])
    browser = cast.bob.browser()
    for fields, message in (
        ({}, "Write a tag to add"),
        ({"add_tags": "x" * 41}, "At most 20 tags of 40 characters."),
        ({"add_tags": "one more"}, "would have more than 20 tags"),
    ):
        refused = bulk(browser, [agent], confirmed="1", **fields)
        assert (refused.status_code, message in refused.content.decode()) == (422, True)
    assert len(tags()["Refund specialist"]) == 20
