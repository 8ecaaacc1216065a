"""The pages about models: what is shown, tried, kept and removed, and the picker of the builder."""

import re
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agent_app.model_picker import picker
from agent_app.models import Provider, ProviderKey, ProviderModel
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
    assert '<input class="radio" type="radio" name="model" value="mine/able" checked>' in page
    assert '<input class="radio" type="radio" name="model" value="mine/plain" disabled>' in page
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


# One provider


def test_a_provider_is_changed_and_its_key_stays_or_is_replaced_unseen(cast: Cast) -> None:
    provider = make_provider(cast.alice, name="mine", additional_config={"note": "x"})
    browser, path = cast.alice.browser(), f"/models/providers/{provider.id}/"
    page = browser.get(path).content.decode()
    assert f"{provider.api_key_hint} is kept." in page
    assert KEY not in page
    fields = {"name": "mine", "base_url": provider.base_url, "models": "m\nn", "default_model": "n", "api": "responses"}
    assert browser.post(path, fields).headers["Location"] == path
    provider = Provider.objects.get()
    assert (provider.api_key, provider.model_ids, provider.default_model) == (KEY, ["m", "n"], "n")
    assert provider.additional_config == {"note": "x", "api": "responses"}
    changed = fields | {"api_key": "another-one", "api": ""}  # pragma: allowlist secret
    assert browser.post(path, changed).status_code == 302
    provider = Provider.objects.get()
    assert (provider.api_key, provider.additional_config) == ("another-one", {"note": "x"})
    both = browser.post(path, fields | {"api_key": "x", "remove_key": "on"})
    assert (both.status_code, "leave this off" in both.content.decode()) == (422, True)
    assert browser.post(path, fields | {"remove_key": "on"}).status_code == 302
    assert Provider.objects.get().api_key == ""


def test_what_is_wrong_with_a_change_is_said_and_nothing_is_saved(cast: Cast) -> None:
    make_provider(cast.alice, name="taken")
    provider = make_provider(cast.alice, name="mine")
    browser, path = cast.alice.browser(), f"/models/providers/{provider.id}/"
    fields = {"name": "mine", "base_url": provider.base_url, "models": "m"}
    for wrong, message in (
        ({"name": "a/b"}, "A name has no slash."),
        ({"name": "taken"}, "has a provider of that name already"),
        ({"api": "messages"}, "Select a valid choice."),
        ({"models": ""}, "Name at least one model."),
    ):
        refused = browser.post(path, fields | wrong)
        assert (refused.status_code, message in refused.content.decode()) == (422, True), wrong
    with FakeOpenAI() as wire:
        wire.catalogue = Script(status=401)
        refused = browser.post(path, fields | {"base_url": wire.base_url, "api_key": KEY, "test": "on"})
        assert (refused.status_code, "Incorrect API key provided" in refused.content.decode()) == (422, True)
    provider.refresh_from_db()
    assert (provider.name, provider.base_url) == ("mine", "http://127.0.0.1:9/v1")


def test_a_provider_is_asked_again_and_the_page_keeps_its_words(cast: Cast) -> None:
    with FakeOpenAI() as wire:
        provider = make_provider(cast.alice, wire.base_url, name="mine")
        browser, path = cast.alice.browser(), f"/models/providers/{provider.id}/"
        assert "mine answered and accepts the key." in browser.post(f"{path}test/", follow=True).content.decode()
        assert "Healthy" in browser.get("/models/providers/").content.decode()
        wire.catalogue = Script(status=401)
        browser.post(f"{path}test/")
        page = browser.get(path).content.decode()
        assert "The last test was refused" in page
        assert "Incorrect API key provided" in page
        assert KEY not in page


def test_a_provider_without_a_key_says_that_there_is_nothing_to_test(cast: Cast) -> None:
    provider = make_provider(cast.alice, name="mine", type="openai", base_url="https://api.openai.com/v1", api_key="")
    page = cast.alice.browser().post(f"/models/providers/{provider.id}/test/", follow=True).content.decode()
    assert "There is no key for mine here." in page


def test_the_page_of_a_provider_shows_its_use_and_that_of_its_keys(cast: Cast) -> None:
    provider = make_provider(cast.alice, name="mine")
    pooled = make_key(cast.alice, type="custom", provider=provider, name="Second")
    agent = make_agent(cast.alice, name="Depends on it", model="mine/m")
    now = timezone.now()
    done = {"provider": provider, "model": "mine/m", "started_at": now - timedelta(seconds=3), "finished_at": now}
    make_run(cast.alice, agent, **done, key_id=pooled.id, prompt_tokens=1000, completion_tokens=234)
    make_run(cast.alice, agent, **done, status="failed", reason="provider_error")
    page = cast.alice.browser().get(f"/models/providers/{provider.id}/").content.decode()
    for text in ("1,234", "3.0 s", "50 %", "Second", "1 run", "Depends on it", provider.api_key_hint):
        assert text in page
    viewed = cast.carol.browser().get(f"/models/providers/{provider.id}/").content.decode()
    assert "1,234" in viewed
    assert "api_key" not in viewed
    assert cast.dave.browser().get(f"/models/providers/{provider.id}/").status_code == 404


def test_the_catalogue_shows_how_a_type_did_in_this_workspace(cast: Cast) -> None:
    browser, path = cast.carol.browser(), "/models/catalogue/"
    assert "No run of the last 30 days has used it." in browser.get(path).content.decode()
    now = timezone.now()
    make_run(
        cast.alice, make_agent(cast.alice), model="anthropic/claude-opus-5-5", started_at=now - timedelta(seconds=2), finished_at=now,
        prompt_tokens=50, completion_tokens=50,
    )  # fmt: skip
    assert "No run of the last 30 days has used it." in browser.get(path).content.decode()
    part = browser.get(path, {"type": "anthropic"}, headers=HTMX).content.decode()
    for text in ("Half within", "2.0 s", "anthropic/claude-opus-5-5"):
        assert text in part


def test_the_count_of_models_has_the_built_in_one_in_it(cast: Cast, settings: LazySettings) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:9/v1"
    assert "1 in use" in cast.carol.browser().get("/models/").content.decode()
    settings.LOCAL_MODEL_URL = ""
    make_provider(cast.alice, model_ids=["a", "b"])
    assert "2 in use" in cast.carol.browser().get("/models/").content.decode()


# The select of the playground


def test_the_playground_offers_every_model_that_can_be_asked_and_why_others_cannot(
    cast: Cast, settings: LazySettings
) -> None:
    settings.PLATFORM_KEYS = {"anthropic": "x"}
    make_provider(cast.alice, name="mine", model_ids=["plain", "able"])
    ProviderModel.objects.filter(model_id="plain").update(capabilities={"reasoning": False})
    agent = make_agent(cast.alice, model="mine/able", model_settings={"reasoning_effort": "high"})
    for path in (f"/agents/{agent.id}/chat/", f"/agents/{agent.id}/compare/", f"/agents/{agent.id}/"):
        page = cast.carol.browser().get(path).content.decode()
        assert '<optgroup label="Anthropic"><option value="anthropic/' in page
        assert re.search(
            r'<option value="mine/plain"[^>]* disabled>mine/plain – mine/plain does not reason in steps', page
        )
        keyless = page.partition('<optgroup label="No key yet: add one under Models">')[2].partition("</optgroup>")[0]
        assert "<option disabled>Mistral</option>" in keyless
        assert "Anthropic" not in keyless
        assert '<option value="mine/able"' not in page
    assert '<option value="auto">' in cast.carol.browser().get(f"/agents/{agent.id}/chat/").content.decode()
