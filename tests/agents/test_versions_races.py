"""Publishing and editing at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from agent_app.models import AgentVersion, Handoff
from tests.agents.world import make_agent, make_provider
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    def call(function: Callable[[], Any]) -> Any:
        try:
            return function()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call, function) for function in calls]]


def test_two_who_publish_a_circle_from_its_two_ends_make_each_version_once(cast: Cast) -> None:
    make_provider(cast.alice)
    first, second = make_agent(cast.alice, model="fake/m"), make_agent(cast.alice, name="Desk", model="fake/m")
    for one, other in ((first, second), (second, first)):
        cast.bob.api.post(f"agents/{one.id}/handoffs/", {"target_agent_id": str(other.id)})
    body = {"with_targets": True}
    answers = at_once(
        lambda: cast.alice.api.post(f"agents/{first.id}/publish/", body),
        lambda: cast.bob.api.post(f"agents/{second.id}/publish/", body),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert AgentVersion.objects.count() == 2


def test_handoffs_that_are_added_at_the_same_time_are_all_kept(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    targets = [make_agent(cast.alice, name=f"Desk {number}") for number in range(4)]
    answers = at_once(
        *(
            lambda target=target: cast.bob.api.post(  # type: ignore[misc]
                f"agents/{agent.id}/handoffs/", {"target_agent_id": str(target.id)}
            )
            for target in targets
        )
    )
    assert [answer.status_code for answer in answers] == [201] * 4
    assert Handoff.objects.filter(agent=agent).count() == 4
    agent.refresh_from_db()
    assert agent.revision == 5
