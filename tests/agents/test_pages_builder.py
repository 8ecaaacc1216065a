"""The builder's sections of model, instructions and output type: what they offer, what they say, and what they refuse."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from agent_app.models import Agent, Context, ProviderModel, Span
from community.models import Workspace
from config.lib.ids import uuid7
from tests.agents.page_world import HTMX, SCRIPT
from tests.agents.world import make_agent, make_provider, make_run
from tests.cast import Cast, Person


@pytest.fixture
def agent(cast: Cast) -> Agent:
    make_provider(cast.alice, model_ids=["m", "gpt-4", "opus"])
    return make_agent(cast.alice, model="fake/m", instructions="Help.")


@pytest.fixture
def browser(cast: Cast) -> Client:
    return cast.bob.browser()


def page_of(browser: Client, agent: Agent, **options: Any) -> str:
    return str(browser.get(f"/agents/{agent.id}/", **options).content.decode())


def save(browser: Client, agent: Agent, **fields: str) -> Any:
    return browser.post(f"/agents/{agent.id}/save/", fields, headers=SCRIPT)


def called(person: Person, agent: Agent, model: str, *, seconds: float, tokens: int, error: bool = False) -> None:
    """A model call of a run, as it is recorded."""
    began = timezone.now()
    run = make_run(person, agent, model=model)
    Span.objects.create(
        id=uuid7(), workspace_id=person.workspace_id, run=run, attempt=1, type="generation", name=model, agent_id=agent.id, model=model,
        started_at=began, ended_at=began + timedelta(seconds=seconds), usage={"completion_tokens": tokens},
        error={"error": "down"} if error else {},
    )  # fmt: skip


# Model


def test_automatic_selection_is_a_choice_that_says_what_it_would_do(
    cast: Cast, agent: Agent, browser: Client, settings: LazySettings
) -> None:
    settings.LOCAL_MODEL_URL = ""
    assert "What it would choose now" not in page_of(browser, agent)
    assert save(browser, agent, model="auto").status_code == 200
    Workspace.objects.filter(id=cast.alice.workspace_id).update(default_model="fake/opus")
    page = page_of(browser, agent)
    assert '<input class="radio" type="radio" name="model" value="auto" checked>' in page
    assert "not offered any more" not in page
    marks = page_of(browser, agent, headers=HTMX)
    assert "A demanding task (code, reasoning is asked for): the preferred one of 3 models that can do it." in marks
    assert "fake/opus, the workspace's default, is preferred" in marks


def test_automatic_selection_says_where_nothing_can_do_it(
    agent: Agent, browser: Client, settings: LazySettings
) -> None:
    settings.LOCAL_MODEL_URL = ""
    ProviderModel.objects.all().delete()
    Agent.objects.update(model="auto")
    assert "No model of this workspace can do it: a run is refused." in page_of(browser, agent)


def test_answers_are_kept_for_a_time_and_the_page_says_when_that_has_no_effect(agent: Agent, browser: Client) -> None:
    assert save(browser, agent, cache_ttl="3600").status_code == 200
    agent.refresh_from_db()
    assert agent.model_settings == {"cache_ttl": 3600}
    assert "No answer is kept now" in page_of(browser, agent, headers=HTMX)
    assert save(browser, agent, temperature="0").status_code == 200
    assert "No answer is kept now" not in page_of(browser, agent)
    assert save(browser, agent, cache_ttl="17").json()["errors"].keys() == {"cache_ttl"}
    assert save(browser, agent, cache_ttl="").status_code == 200
    agent.refresh_from_db()
    assert agent.model_settings == {"temperature": 0}


def test_a_time_that_was_set_through_the_api_stays_a_choice(cast: Cast, agent: Agent, browser: Client) -> None:
    cast.bob.api.patch(f"agents/{agent.id}/", {"model_settings": {"cache_ttl": 90}})
    assert '<option value="90" selected>for 90 seconds</option>' in page_of(browser, agent)
    assert save(browser, agent, cache_ttl="90", max_tokens="20").status_code == 200
    assert save(browser, agent, max_tokens="3").json()["errors"].keys() == {"max_tokens"}


def test_a_fallback_that_leads_nowhere_is_named_beside_its_field(agent: Agent, browser: Client) -> None:
    refused = save(browser, agent, fallback_models="fake/gpt-4\nnobody/x", name="Other")
    assert refused.status_code == 422
    [message] = refused.json()["errors"]["fallback_models"]
    assert message.startswith("nobody/x: ")
    agent.refresh_from_db()
    assert (agent.fallback_models, agent.name) == ([], "Porter")
    Agent.objects.update(fallback_models=["gone/x"])  # it was there when it was chosen
    assert save(browser, agent, fallback_models="gone/x", name="Other").status_code == 200
    assert "gone/x cannot stand in: " in page_of(browser, agent, headers=HTMX)


def test_a_fallback_that_could_not_help_says_why(cast: Cast, agent: Agent, browser: Client) -> None:
    make_provider(
        cast.alice, name="bare", type="openai", base_url="https://api.openai.com/v1", api_key="", model_ids=["x"]
    )
    ProviderModel.objects.filter(model_id="gpt-4").update(capabilities={"reasoning": False})
    fields = {"model_settings": {"reasoning_effort": "low"}, "fallback_models": ["fake/gpt-4", "bare/x", "fake/m"]}
    cast.bob.api.patch(f"agents/{agent.id}/", fields)
    page = page_of(browser, agent)
    assert "fake/gpt-4 cannot stand in: fake/gpt-4 does not reason in steps" in page
    assert "bare/x cannot stand in: There is no key for bare here." in page
    assert "fake/m stands in for itself." in page


def test_a_model_that_is_not_there_is_refused_at_its_field(agent: Agent, browser: Client) -> None:
    refused = save(browser, agent, model="nobody/x")
    assert (refused.status_code, refused.json()["errors"].keys()) == (422, {"model"})
    agent.refresh_from_db()
    assert agent.model == "fake/m"


def test_the_picker_shows_how_fast_models_have_been_here(cast: Cast, agent: Agent, browser: Client) -> None:
    for seconds, tokens in ((1.0, 40), (2.0, 120), (4.0, 400)):
        called(cast.alice, agent, "fake/m", seconds=seconds, tokens=tokens)
    called(cast.alice, agent, "fake/m", seconds=90, tokens=0)
    called(cast.alice, agent, "fake/m", seconds=90, tokens=1, error=True)
    called(cast.dave, make_agent(cast.dave), "fake/gpt-4", seconds=1, tokens=10)
    page = page_of(browser, agent)
    assert "60 tokens/s" in page
    assert "Half of the last 3 calls took 2.0 s or less." in page
    assert "10 tokens/s" not in page
    assert page.count("speed unknown") >= 2


def test_the_picker_greys_what_there_is_no_key_for(cast: Cast, agent: Agent, browser: Client) -> None:
    make_provider(
        cast.alice, name="bare", type="openai", base_url="https://api.openai.com/v1", api_key="", model_ids=["x"]
    )
    page = page_of(browser, agent)
    assert '<input class="radio" type="radio" name="model" value="bare/x" disabled>' in page
    assert "There is no key for bare here." in page


# Instructions


def test_the_editor_offers_variables_and_what_the_agent_has(cast: Cast, agent: Agent, browser: Client) -> None:
    desk = make_agent(cast.alice, name="Refund desk")
    cast.bob.api.post(f"agents/{agent.id}/handoffs/", {"target_agent_id": str(desk.id)})
    for number, content in enumerate(({"shop": "Halden <b>", "only": 1}, {"shop": "Vik"})):
        Context.objects.create(
            workspace_id=cast.alice.workspace_id, agent=agent, name=f"C{number}", content=content, is_default=number == 0, position=number
        )  # fmt: skip
    page = page_of(browser, agent)
    for trigger, insert in (
        ("/", "{{ user.name }}"), ("/", "{{ now }}"), ("/", "{{ context.shop }}"), ("@", "@transfer_to_refund_desk"),
        ("@", "{{ context.shop }}"),
    ):  # fmt: skip
        assert f'data-trigger="{trigger}" data-insert="{insert}"' in page
    assert "Hands over to Refund desk" in page
    assert "C0: Halden &lt;b&gt;" in page
    assert "context.only" not in page, "not every context has it"
    assert 'id="mention-list"' not in cast.carol.browser().get(f"/agents/{agent.id}/").content.decode()


# Output type


def test_the_output_type_is_chosen_from_the_library(cast: Cast, agent: Agent, browser: Client) -> None:
    page = page_of(browser, agent)
    for kind in cast.bob.api.get("agents/output-types/available/").json()["results"]:
        assert f'<option value="{kind["type_name"]}"' in page
    assert save(browser, agent, output_type='{"type_name": "classification", "labels": ["a", "b"]}').status_code == 200
    assert '<span class="ml-auto text-xs text-muted">Classification</span>' in page_of(browser, agent, headers=HTMX)
    wrong = save(browser, agent, output_type='{"type_name": "classification", "labels": ["a"]}')
    assert (wrong.status_code, wrong.json()["errors"].keys()) == (422, {"output_type"})
    viewed = cast.carol.browser().get(f"/agents/{agent.id}/").content.decode()
    assert 'data-controller="output-type"' not in viewed
    assert "&quot;classification&quot;" in viewed
