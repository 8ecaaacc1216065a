"""The pages about models: what is shown, tried, kept and removed, and the picker of the builder."""

import pytest
from django.conf import LazySettings

from agent_app.model_picker import picker
from agent_app.models import ProviderKey, ProviderModel
from community.models import Workspace
from tests.agents.page_world import HTMX, make_agent
from tests.agents.world import KEY, actor_of, make_key, make_provider, make_run
from tests.cast import Cast, Person
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script


def test_the_table_shows_what_models_can_and_cost(cast: Cast) -> None:
    make_provider(cast.alice, name="mine", type="openai", model_ids=["gpt-4o", "odd"])
    page = cast.carol.browser().get("/models/").content.decode()
    for text in ("gpt-4o", "mine", "$2.5 / $10", "3.0000", "ends 14 Jan 2027", "Not tested", "unknown"):
        assert text in page
    assert "Add a model" not in page


def test_a_model_is_tested_from_its_page(cast: Cast) -> None:
    with FakeOpenAI() as wire:
        row = ProviderModel.objects.get(provider=make_provider(cast.alice, wire.base_url))
        browser = cast.alice.browser()
        assert browser.post(f"/models/{row.id}/test/").status_code == 302
        page = browser.get(f"/models/{row.id}/").content.decode()
        assert "Its answer did not fit the schema." in page
        assert "Unknown, allowed" in page
        wire.model("m", Script(status=401))
        browser.post(f"/models/{row.id}/test/")
        page = browser.get(f"/models/{row.id}/").content.decode()
        assert "Incorrect API key provided" in page
        assert KEY not in page
    assert browser.post(f"/models/{row.id}/delete/").status_code == 302
    assert not ProviderModel.objects.exists()


def test_cards_tell_the_health_of_providers(cast: Cast) -> None:
    provider = make_provider(cast.alice, name="mine")
    agent = make_agent(cast.alice)
    assert "Untested" in cast.carol.browser().get("/models/providers/").content.decode()
    make_run(cast.alice, agent, provider=provider, model="mine/m", status="failed", reason="provider_error")
    page = cast.carol.browser().get("/models/providers/").content.decode()
    assert "Errors" in page
    assert KEY not in page


def test_a_key_is_kept_only_if_it_is_accepted(cast: Cast, settings: LazySettings) -> None:
    with FakeOpenAI() as wire:
        settings.PROVIDER_BASE_URLS = {"openai": wire.base_url}
        browser = cast.bob.browser()
        fields = {"provider": "openai", "api_key": KEY, "scope": "user", "purpose": "model"}
        wire.catalogue = Script(status=401)
        refused = browser.post("/models/keys/", fields)
        assert refused.status_code == 422
        assert "Incorrect API key provided" in refused.content.decode()
        assert KEY not in refused.content.decode()
        wire.catalogue = None
        assert browser.post("/models/keys/", fields).status_code == 302
    key = ProviderKey.objects.get()
    assert key.key_hint in browser.get("/models/keys/").content.decode()
    assert key.key_hint not in cast.alice.browser().get("/models/keys/").content.decode()
    assert browser.post(f"/models/keys/{key.id}/delete/").status_code == 302
    assert not ProviderKey.objects.exists()


def test_the_catalogue_is_shown_by_type(cast: Cast) -> None:
    browser = cast.carol.browser()
    assert "gpt-6.2-sol" in browser.get("/models/catalogue/").content.decode()
    part = browser.get("/models/catalogue/", {"type": "anthropic"}, headers=HTMX).content.decode()
    assert "claude-opus-5-5" in part
    assert "<html" not in part


@pytest.mark.parametrize("path", ["/models/", "/models/providers/", "/models/keys/", "/models/catalogue/"])
def test_pages_cost_the_same_for_many(cast: Cast, path: str, django_assert_max_num_queries: object) -> None:
    browser = cast.alice.browser()
    for number in range(5):
        make_provider(cast.alice, name=f"p{number}", model_ids=["a", "b", "c"])
        make_key(cast.alice, position=number)
    with django_assert_max_num_queries(22):  # type: ignore[operator]
        browser.get(path)


def test_the_picker_shows_prices_and_greys_what_cannot_do_it(cast: Cast, settings: LazySettings) -> None:
    settings.PLATFORM_KEYS = {"anthropic": "x"}
    make_provider(cast.alice, name="mine", model_ids=["plain", "able"])
    ProviderModel.objects.filter(model_id="plain").update(capabilities={"reasoning": False}, context_window=32000)
    agent = make_agent(cast.alice, model="mine/able", model_settings={"reasoning_effort": "high"})
    page = cast.bob.browser().get(f"/agents/{agent.id}/").content.decode()
    assert '<input class="radio mt-0.5" type="radio" name="model" value="mine/able" checked>' in page
    assert '<input class="radio mt-0.5" type="radio" name="model" value="mine/plain" disabled>' in page
    assert "mine/plain does not reason in steps" in page
    assert "32k context" in page
    assert 'value="anthropic/claude-opus-5-5"' in page
    assert "5.0000 credits per 1,000" in page
    assert "claude-2.1" not in page


def test_the_picker_says_who_pays(cast: Cast, settings: LazySettings) -> None:
    settings.PLATFORM_KEYS = {"openai": "x", "groq": "x"}
    make_provider(
        cast.alice, name="mine", type="openai", base_url="https://api.openai.com/v1", model_ids=["gpt-4o"], api_key=""
    )
    make_key(cast.bob, type="groq", scope="user")
    make_key(cast.alice, type="mistral", purpose="tracing")

    def payers(person: Person) -> dict[str, bool]:
        return {choice["reference"]: choice["own_key"] for choice in picker(actor_of(person), {}, "")}

    assert (payers(cast.bob)["mine/gpt-4o"], payers(cast.bob)["groq/qwen/qwen3-32b"]) == (False, True)
    assert payers(cast.carol)["groq/qwen/qwen3-32b"] is False
    assert "mistral/codestral-latest" not in payers(cast.carol)
    make_key(cast.alice)
    assert payers(cast.carol)["mine/gpt-4o"] is True
    Workspace.objects.filter(id=cast.alice.workspace_id).update(credits_first=True)
    assert payers(cast.carol)["mine/gpt-4o"] is False


def test_a_model_that_is_not_offered_any_more_stays_chosen_and_said(cast: Cast) -> None:
    agent = make_agent(cast.alice, model="gone/m")
    page = cast.bob.browser().get(f"/agents/{agent.id}/").content.decode()
    assert "gone/m (not offered any more)" in page


def test_the_settings_and_the_billing_page_say_what_is_paid_with(cast: Cast) -> None:
    browser = cast.alice.browser()
    assert "Your own provider keys first" in browser.get("/billing/").content.decode()
    fields = {"name": "Office", "email": "a@example.com", "default_model": "nobody/x", "credits_first": "on"}
    wrong = browser.post("/workspace/", fields)
    assert wrong.status_code == 422
    assert "No provider of this workspace has the model" in wrong.content.decode()
    assert browser.post("/workspace/", fields | {"default_model": ""}).status_code == 302
    assert Workspace.objects.get(id=cast.alice.workspace_id).credits_first
    assert "Credits first" in browser.get("/billing/").content.decode()
