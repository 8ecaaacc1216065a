"""Messages of trouble lead to the page on which something can be done about it, whoever may open that."""

import json

import pytest

from agent_app import remedies
from agent_app.models import Run
from community.access import get_actor
from tests.agents.page_world import World, make_world
from tests.agents.world import make_provider
from tests.cast import Cast, Person


@pytest.fixture
def failed(cast: Cast) -> World:
    return make_world(cast.alice, status="failed", answer="")


def remedy(person: Person, run: Run) -> str:
    found = person.api.get(f"runs/{run.id}/").json()["remedy"]
    return found["url"] if found else ""


def went_wrong(world: World, reason: str = "provider_error", status: str = "failed", **error: str) -> Run:
    world.run.reason, world.run.status = reason, status
    world.run.error = {"code": "provider_error", "error": "No."} | error
    world.run.save()
    return world.run


@pytest.mark.django_db
def test_each_kind_of_trouble_has_its_page(cast: Cast, failed: World) -> None:
    builder = f"/agents/{failed.agent.id}/"
    provider = make_provider(cast.alice)
    expected = {
        "too_long": f"{builder}#instructions", "tools": f"{builder}#model", "model": f"{builder}#model",
        "down": f"{builder}#model", "": f"{builder}#model",
    }  # fmt: skip
    for cause, url in expected.items():
        assert remedy(cast.bob, went_wrong(failed, cause=cause)) == url
    failed.run.provider = provider
    for cause, place in (("key", "#settings"), ("quota", ""), ("unreachable", "#settings")):
        run = went_wrong(failed, cause=cause)
        assert remedy(cast.alice, run) == f"/models/providers/{provider.id}/{place}"
        assert remedy(cast.bob, run) == f"{builder}#model", "an editor can only ask another model"
    failed.run.provider, failed.run.key_source = None, "user"
    assert remedy(cast.alice, went_wrong(failed, cause="key")) == "/models/keys/"
    others = {"instructions": "instructions", "enabled_when": "handoffs", "handoff_target": "handoffs"}
    for code, section in others.items():
        assert remedy(cast.bob, went_wrong(failed, "error", code=code)) == f"{builder}#{section}"
    assert remedy(cast.bob, went_wrong(failed, "max_tokens", "partial", code="max_tokens")) == f"{builder}#model"
    assert remedy(cast.carol, went_wrong(failed, "credits", "partial", code="credits")) == "/billing/"


@pytest.mark.django_db
def test_nobody_is_sent_where_they_may_not_go(cast: Cast, failed: World) -> None:
    for cause in ("too_long", "down"):
        assert remedy(cast.carol, went_wrong(failed, cause=cause)) == ""
    assert remedy(cast.carol, went_wrong(failed, cause="key")) == "/models/keys/", "she may have one of her own"
    assert remedy(cast.alice, went_wrong(failed, "", "succeeded")) == ""
    viewer = get_actor(cast.carol.user, cast.carol.workspace_id)
    assert "capability" not in remedies.for_refusals(viewer, failed.agent.id)


@pytest.mark.django_db
def test_the_chat_knows_them_before_and_after_the_run(cast: Cast, failed: World) -> None:
    went_wrong(failed, cause="too_long")
    page = cast.alice.browser().get(f"/agents/{failed.agent.id}/chat/{failed.conversation.id}/").content.decode()
    assert f'href="/agents/{failed.agent.id}/#instructions">Change the instructions</a>' in page
    editor = get_actor(cast.alice.user, cast.alice.workspace_id)
    refusals = remedies.for_refusals(editor, failed.agent.id)
    assert refusals["capability"]["url"] == f"/agents/{failed.agent.id}/#model"
    assert refusals["no_key"]["url"] == "/models/keys/"
    assert json.dumps(refusals).replace('"', "&quot;") in page
