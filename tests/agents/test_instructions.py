"""Instructions as templates: what is wrong is found when they are saved, and a run sends them filled in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from agent_app.definition.instructions import filled, problems, variables
from agent_app.expressions import ExpressionError
from agent_app.models import Agent
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

EU = {"name": "EU", "content": {"shop": {"name": "Halden"}, "lines": [1]}}
US = {"name": "US", "content": {"shop": "Fjell"}}


@pytest.mark.parametrize(
    ("instructions", "contexts", "found"),
    [
        ("Be kind.", [], []), ("{{ user.name }} {{ now }}", [], []), ("{{ context.shop.name }}", [EU], []),
        ("{{ context.shop.name }}", [EU, US], ["The context “US” has no “shop.name”."]),
        ("{{ context.shop }}", [], ["“context.shop” has no value: this agent has no context."]),
        ("{{ context.colour | default('red') }}", [], []), ("{% if context.vip is defined %}x{% endif %}", [EU], []),
        ("{% for line in context.lines %}{{ line.name }}{% endfor %}", [EU], []),
        ("{{ user.email }}", [], ["There is no “user.email”. Of the user there is: user.name."]),
        ("{{ now.year }}", [], ["“now” has no parts."]),
        (
            "Greet {{ user.name }", [],
            ["Line 1: unexpected '}'. A variable is written {{ user.name }}; braces that are meant as text are written {{ \"{{\" }}."],
        ),
    ],
)  # fmt: skip
def test_what_has_no_value_is_found_before_a_run(
    instructions: str, contexts: list[dict[str, Any]], found: list[str]
) -> None:
    assert problems(instructions, contexts) == found


def test_the_instructions_of_all_agents_of_a_run_are_filled_in() -> None:
    definition = {
        "name": "A",
        "instructions": "{{ context.x }}",
        "targets": {"b": {"name": "B", "instructions": "{{ now }}"}},
    }
    values = variables(user_name="Ada", now=datetime(2026, 11, 21, 9, 30, tzinfo=UTC), context={"x": 1})
    done = filled(definition, values)
    assert (done["instructions"], done["targets"]["b"]["instructions"]) == ("1", "2026-11-21 09:30+00:00")
    assert definition["instructions"] == "{{ context.x }}"
    with pytest.raises(ExpressionError, match="instructions of A"):
        filled(definition, values | {"context": {}})


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def agent(cast: Cast, provider: FakeOpenAI) -> Agent:
    make_provider(cast.alice, provider.base_url)
    agent = make_agent(cast.alice, model="fake/m")
    body = {
        "instructions": "Greet {{ user.name }} of {{ context.shop | upper }}.", "contexts": [{"name": "EU", "content": {"shop": "Halden"}}],
    }  # fmt: skip
    assert cast.alice.api.patch(f"agents/{agent.id}/", body).status_code == 200
    return agent


@pytest.mark.django_db(transaction=True)
def test_the_model_reads_them_filled_in_and_a_missing_value_ends_the_run(
    cast: Cast, agent: Agent, provider: FakeOpenAI
) -> None:
    provider.queue(Script(deltas=("Hi",)))
    run = execute(start(cast.alice, agent))
    assert run.status == "succeeded", run.error
    sent = provider.exchanges[0].body["messages"][0]["content"]
    assert sent == f"Greet {cast.alice.user.display_name} of HALDEN."
    Agent.objects.filter(id=agent.id).update(instructions="{{ context.colour | upper }}")
    failed = execute(start(cast.alice, agent))
    assert (failed.status, failed.reason, failed.error["code"]) == ("failed", "error", "instructions")
    assert "Porter" in failed.error["error"]
    assert len(provider.exchanges) == 1
