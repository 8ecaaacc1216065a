"""An agent whose model is ``auto``: each run gets the model that fits it, and says why."""

from collections.abc import Iterator
from typing import Any

import pytest

from agent_app import model_references
from agent_app.auto import Task
from agent_app.models import Agent
from config.lib.errors import Refused
from tests.agents.world import execute, make_agent, make_provider, make_run, start
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI

pytestmark = pytest.mark.django_db(transaction=True)
HARD = "Refactor and prove it:\n```python\nx = 1\n```"


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture
def agent(cast: Cast, provider: FakeOpenAI, settings: Any) -> Agent:
    settings.LOCAL_MODEL_URL = ""
    make_provider(cast.alice, provider.base_url, model_ids=["my-haiku", "my-opus"])
    make_provider(cast.dave, provider.base_url, name="daves", model_ids=["tiny"])
    made = cast.alice.api.post("agents/", {"name": "Porter", "instructions": "Be kind.", "model": "auto"})
    assert made.status_code == 201, made.content
    return Agent.objects.get(id=made.json()["id"])


def test_each_run_gets_the_model_that_fits_it_and_says_why(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    simple, hard = execute(start(cast.alice, agent, "Hi!")), execute(start(cast.alice, agent, HARD))
    assert [exchange.body["model"] for exchange in provider.exchanges] == ["my-haiku", "my-opus"]
    assert (simple.model, hard.model) == ("fake/my-haiku", "fake/my-opus")
    assert simple.metadata["routing"][0]["model"] == "fake/my-haiku"
    assert simple.metadata["routing"][0]["why"].startswith("A simple task")
    assert "code" in hard.metadata["routing"][0]["why"]


def test_an_agent_with_tools_gets_a_model_that_can_call_them_wherever_it_stands(
    cast: Cast, agent: Agent, settings: Any
) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:9"
    tool = {"name": "think", "type": "llm", "params": {"prompt": "Think."}}
    path = f"agents/{agent.id}/"
    assert cast.alice.api.patch(path, {"tools": [tool]}).json()["warnings"] == []
    preview = cast.alice.api.get(f"{path}preview/").json()
    assert (preview["model"], preview["problems"]) == ("fake/my-haiku", [])
    front = make_agent(cast.alice, name="Front", model="fake/my-haiku")
    assert cast.alice.api.post(f"agents/{front.id}/handoffs/", {"target_agent_id": str(agent.id)}).status_code == 201
    published = cast.alice.api.post(f"agents/{front.id}/publish/", {"with_targets": True})
    assert published.status_code == 201, published.content
    assert start(cast.alice, front, "Hi!").model == "fake/my-haiku"


def test_a_person_s_own_choice_always_wins(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    run = start(cast.alice, agent, HARD, model="fake/my-haiku")
    assert (run.model, run.metadata) == ("fake/my-haiku", {})


def test_a_model_that_keeps_failing_is_passed_over(cast: Cast, agent: Agent) -> None:
    workspace_id = cast.alice.workspace_id
    make_provider(cast.alice, name="second", model_ids=["other-haiku"])
    simple = Task(message="Hi!")
    assert model_references.resolve(workspace_id=workspace_id, reference="auto", task=simple).model == "my-haiku"
    for _ in range(3):
        make_run(cast.alice, agent, model="fake/my-haiku", status="failed", reason="provider_error")
    assert model_references.resolve(workspace_id=workspace_id, reference="auto", task=simple).model == "other-haiku"


def test_where_there_is_no_model_it_says_so(cast: Cast, settings: Any) -> None:
    settings.LOCAL_MODEL_URL = ""
    with pytest.raises(Refused) as refused:
        model_references.resolve(workspace_id=cast.alice.workspace_id, reference="auto")
    assert refused.value.error_code == "no_model"


def test_the_choice_asks_the_database_the_same_few_questions_however_many_models_there_are(
    cast: Cast, agent: Agent, django_assert_max_num_queries: Any
) -> None:
    make_provider(cast.alice, name="many", model_ids=[f"model-{number}" for number in range(50)])
    with django_assert_max_num_queries(7):
        model_references.resolve(workspace_id=cast.alice.workspace_id, reference="auto")


def test_what_an_agent_prefers_is_set_through_the_api_and_the_builder_and_counts(cast: Cast, agent: Agent) -> None:
    path = f"agents/{agent.id}/"
    refused = cast.bob.api.patch(path, {"model_settings": {"preference": "cheap"}})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["model_settings"])
    saved = cast.bob.api.post(f"{path}model/", {"model": "auto", "preference": "quality"}).json()
    assert (saved["model"], saved["model_settings"]["preference"]) == ("auto", "quality")
    run = start(cast.alice, agent, "Hi!")
    assert run.model == "fake/my-opus"
    assert "prefers quality" in run.metadata["routing"][0]["why"]
    browser = cast.bob.browser()
    assert "Automatic selection looks for" in browser.get(f"/agents/{agent.id}/").content.decode()
    assert browser.post(f"/agents/{agent.id}/save/", {"preference": "cost"}).status_code == 302
    agent.refresh_from_db()
    assert agent.model_settings == {"preference": "cost"}
    assert start(cast.alice, agent, "Hi!").model == "fake/my-haiku"
    browser.post(f"/agents/{agent.id}/save/", {"preference": ""})
    agent.refresh_from_db()
    assert agent.model_settings == {}
