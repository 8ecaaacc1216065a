"""What the command palette finds, and the help beside it."""

from agent_app.models import Run
from tests.agents.page_world import make_agent, make_world
from tests.cast import Cast, Person


def found(person: Person, query: str) -> str:
    answer = person.browser().get("/palette/", {"q": query})
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_finds_agents_conversations_and_runs_by_name(cast: Cast) -> None:
    world = make_world(cast.alice)
    Run.objects.filter(id=world.run.id).update(input={"message": "Where is the lost parcel?"})
    page = found(cast.alice, "lost parcel")
    assert f"/agents/{world.agent.id}/chat/{world.conversation.id}/" in page
    assert f"/runs/{world.run.id}/" in page
    assert f"/agents/{world.agent.id}/" in found(cast.alice, "refund")
    assert "<html" not in page


def test_a_run_is_found_by_its_id(cast: Cast) -> None:
    world = make_world(cast.alice)
    assert f"/runs/{world.run.id}/" in found(cast.carol, str(world.run.id))


def test_nothing_of_another_workspace_is_found(cast: Cast) -> None:
    world = make_world(cast.alice)
    for query in ("lost", "refund", str(world.run.id)):
        assert str(world.agent.id) not in found(cast.dave, query)
        assert str(world.run.id) not in found(cast.dave, query)


def test_creating_is_offered_to_those_who_may(cast: Cast) -> None:
    assert "/agents/new/" in found(cast.bob, "new")
    assert "/agents/new/" not in found(cast.carol, "new")


def test_odd_questions_are_answered(cast: Cast) -> None:
    make_agent(cast.alice)
    for query in ("%", "_", "' OR 1=1", "x" * 5000):
        assert "Refund specialist" not in found(cast.alice, query)


def test_every_page_brings_help_and_home(cast: Cast) -> None:
    page = cast.alice.browser().get("/agents/").content.decode()
    assert 'data-controller="help"' in page
    assert '<a href="/" class="nav-item">' in page
