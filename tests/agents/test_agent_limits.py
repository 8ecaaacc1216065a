"""What a builder allows of an agent: how often it may be run, and how often at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from agent_app.models import Agent, Run
from agent_app.runs import lifecycle
from config.lib.errors import Throttled
from tests.agents.world import make_agent, make_provider, start
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(cast: Cast) -> Agent:
    make_provider(cast.alice)
    return make_agent(cast.alice, model="fake/m")


def allow(cast: Cast, agent: Agent, **limits: int | None) -> None:
    saved = cast.bob.api.patch(f"agents/{agent.id}/", limits)
    assert (saved.status_code, {name: saved.json()[name] for name in limits}) == (200, limits)


@pytest.mark.usefixtures("one_window")
def test_an_agent_is_run_as_often_as_its_builder_allows_by_all_together(cast: Cast, agent: Agent) -> None:
    assert cast.bob.api.post(f"agents/{agent.id}/publish/", {}).status_code == 201
    allow(cast, agent, runs_per_minute=2)
    assert cast.dave.api.post(f"agents/{agent.id}/run/", {"message": "x"}).status_code == 404, (
        "a stranger uses up nothing"
    )
    start(cast.alice, agent), start(cast.bob, agent)
    refused = cast.carol.api.post(f"agents/{agent.id}/run/", {"message": "Hello"})
    assert (refused.status_code, refused.json()["code"]) == (429, "agent_rate")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "Porter may be run 2 times a minute" in refused.json()["detail"]
    assert Run.objects.count() == 2
    start(cast.carol, make_agent(cast.alice, name="Other", model="fake/m"))
    allow(cast, agent, runs_per_minute=None)
    start(cast.carol, agent)


def test_an_agent_has_no_more_runs_under_way_than_its_builder_allows(cast: Cast, agent: Agent) -> None:
    allow(cast, agent, concurrent_runs=1)
    first = start(cast.alice, agent)
    refused = cast.bob.api.post(f"agents/{agent.id}/run/", {"message": "Hello"})
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (429, "agent_busy", "5")
    lifecycle.cancel(first)
    assert not start(cast.bob, agent).ended


def test_of_those_who_start_at_the_same_moment_no_more_begin_than_are_allowed(cast: Cast, agent: Agent) -> None:
    allow(cast, agent, concurrent_runs=2)

    def begin(_number: int) -> bool:
        try:
            start(cast.alice, agent)
        except Throttled:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        begun = list(pool.map(begin, range(6)))
    assert (sum(begun), Run.objects.count()) == (2, 2)


def test_limits_are_no_part_of_a_version_and_are_set_in_the_builder(cast: Cast, agent: Agent) -> None:
    assert cast.bob.api.post(f"agents/{agent.id}/publish/", {}).status_code == 201
    browser = cast.bob.browser()
    page = browser.get(f"/agents/{agent.id}/").content.decode()
    assert "Runs a minute" in page and "Runs at once" in page
    values = {"runs_per_minute": "30", "concurrent_runs": ""}
    assert browser.post(f"/agents/{agent.id}/save/", values).status_code == 302
    agent.refresh_from_db()
    assert (agent.runs_per_minute, agent.concurrent_runs) == (30, None)
    assert browser.post(f"/agents/{agent.id}/save/", {"runs_per_minute": "0"}).status_code == 422
    assert cast.bob.api.patch(f"agents/{agent.id}/", {"concurrent_runs": 0}).status_code == 400
    version = cast.bob.api.get(f"agents/{agent.id}/versions/1/").json()
    assert "runs_per_minute" not in version["content"]
    assert cast.carol.api.patch(f"agents/{agent.id}/", {"runs_per_minute": 1}).status_code == 403
