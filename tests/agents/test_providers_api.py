"""Providers over the API: the key goes in and never comes out."""

from typing import Any

import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from agent_app.models import Provider
from tests.agents.world import KEY, make_key, make_provider
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

BODY: dict[str, Any] = {"type": "custom", "name": "Mine", "base_url": "https://api.example.com/v1", "models": ["m"]}


def test_the_key_is_kept_encrypted_and_never_answered(cast: Cast) -> None:
    made = cast.alice.api.post("providers/", BODY | {"api_key": KEY})
    assert made.status_code == 201
    path = f"providers/{made.json()['id']}/"
    answers = [
        made, cast.alice.api.get(path), cast.carol.api.get("providers/"), cast.alice.api.patch(path, {"name": "New"}),
        cast.alice.api.patch(path, {"odd": KEY[:5]}),
    ]  # fmt: skip
    assert all(KEY not in answer.content.decode() for answer in answers)
    assert made.json()["api_key"] == {"set": True, "hint": f"…{KEY[-4:]}"}
    provider = Provider.objects.get()
    assert KEY not in provider.api_key_encrypted
    assert provider.api_key == KEY


def test_a_missing_key_keeps_the_old_one_and_an_empty_one_removes_it(cast: Cast) -> None:
    provider = make_provider(cast.alice)
    path = f"providers/{provider.id}/"
    assert cast.alice.api.patch(path, {"name": "Other"}).json()["api_key"]["set"] is True
    provider.refresh_from_db()
    assert provider.api_key == KEY
    assert cast.alice.api.patch(path, {"api_key": ""}).json()["api_key"]["set"] is False
    provider.refresh_from_db()
    assert provider.api_key == ""


@pytest.mark.parametrize(("who", "expected"), [("alice", 200), ("bob", 403), ("carol", 403), ("dave", 404)])
def test_who_may_change_it(cast: Cast, who: str, expected: int) -> None:
    provider = make_provider(cast.alice)
    assert getattr(cast, who).api.patch(f"providers/{provider.id}/", {"name": "x"}).status_code == expected


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_trailing_slash_does_not_matter(cast: Cast, slash: str) -> None:
    provider = make_provider(cast.alice)
    assert cast.alice.api.post(f"providers{slash}", BODY).status_code == 201
    assert cast.alice.api.get(f"providers/{provider.id}{slash}").status_code == 200
    assert cast.alice.api.delete(f"providers/{provider.id}{slash}").status_code == 204


def test_a_name_is_taken_once_in_a_workspace(cast: Cast) -> None:
    make_provider(cast.alice, name="mine")
    clash = cast.alice.api.post("providers/", BODY)
    assert (clash.status_code, clash.json()["code"]) == (409, "name_taken")
    assert cast.dave.api.post("providers/", BODY).status_code == 201


@pytest.mark.parametrize("name", ["local", "LOCAL", "a/b"])
def test_names_that_references_could_not_tell_apart_are_refused(cast: Cast, name: str) -> None:
    assert list(cast.alice.api.post("providers/", BODY | {"name": name}).json()["errors"]) == ["name"]


@pytest.mark.parametrize(
    "base_url",
    [
        "http://10.0.0.1/v1",  # pragma: allowlist secret
        "http://169.254.169.254/",  # pragma: allowlist secret
        "http://[fd00::1]/v1",  # pragma: allowlist secret
        "https://me:secret@example.com/v1",  # pragma: allowlist secret
        "ftp://example.com/",  # pragma: allowlist secret
    ],
)  # fmt: skip
def test_private_addresses_are_refused(cast: Cast, base_url: str) -> None:
    assert cast.alice.api.post("providers/", BODY | {"base_url": base_url}).status_code == 400
    provider = make_provider(cast.alice)
    assert cast.alice.api.patch(f"providers/{provider.id}/", {"base_url": base_url}).status_code == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [({"apikey": "x"}, "apikey"), ({"type": "odd"}, "type"), ({"base_url": ""}, "base_url"),
     ({"additional_config": {"api": "messages"}}, "additional_config"), ({"name": ""}, "name")],
)  # fmt: skip
def test_what_is_not_valid_is_named(cast: Cast, change: dict[str, Any], field: str) -> None:
    answer = cast.alice.api.post("providers/", BODY | change)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_a_known_type_knows_its_address(cast: Cast) -> None:
    answer = cast.alice.api.post("providers/", {"type": "openai", "name": "OpenAI"})
    assert answer.json()["base_url"] == "https://api.openai.com/v1"


def test_the_list_costs_the_same_for_many(cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(10):
        make_provider(cast.alice, name=f"provider {number}")
    with django_assert_max_num_queries(4):
        page = cast.carol.api.get("providers/", {"limit": 4}).json()
    assert (page["count"], len(page["results"])) == (10, 4)


def test_an_empty_base_url_is_the_types_own_or_refused_with_the_reason(cast: Cast) -> None:
    openai = make_provider(cast.alice, name="a", type="openai", base_url="https://proxy.example.com/v1", api_key="")
    custom = make_provider(cast.alice, name="b", type="custom", base_url="https://api.example.com/v1")
    changed = cast.alice.api.patch(f"providers/{openai.id}/", {"base_url": ""})
    assert changed.json()["base_url"] == "https://api.openai.com/v1"
    refused = cast.alice.api.patch(f"providers/{custom.id}/", {"base_url": ""})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["base_url"])
    assert "needs its base URL" in refused.json()["errors"]["base_url"][0]
    custom.refresh_from_db()
    assert custom.base_url == "https://api.example.com/v1"


@pytest.mark.parametrize(
    ("kind", "address"),
    [("anthropic", "https://api.anthropic.com"), ("google", "https://generativelanguage.googleapis.com/v1beta/openai"),
     ("huggingface", "https://router.huggingface.co/v1"), ("deepseek", "https://api.deepseek.com"),
     ("stability", "https://api.stability.ai"), ("mistral", "https://api.mistral.ai/v1"),
     ("groq", "https://api.groq.com/openai/v1"), ("openrouter", "https://openrouter.ai/api/v1")],
)  # fmt: skip
def test_every_type_that_has_an_address_knows_it(cast: Cast, kind: str, address: str) -> None:
    made = cast.alice.api.post("providers/", {"type": kind, "name": "P", "models": ["a"], "default_model": "b"})
    assert (made.status_code, made.json()["base_url"], made.json()["models"]) == (201, address, ["a", "b"])


def test_modal_needs_its_address_and_openai_may_choose_its_api(cast: Cast) -> None:
    assert list(cast.alice.api.post("providers/", {"type": "modal", "name": "M"}).json()["errors"]) == ["base_url"]
    body = {"type": "openai", "name": "O", "additional_config": {"api": "chat_completions"}}
    assert cast.alice.api.post("providers/", body).json()["additional_config"] == {"api": "chat_completions"}


def test_with_test_an_answer_is_a_condition(cast: Cast) -> None:
    with FakeOpenAI() as provider:
        body = BODY | {"base_url": provider.base_url, "api_key": KEY, "test": True}
        provider.catalogue = Script(status=401, message="No such key: {key}")
        refused = cast.alice.api.post("providers/", body)
        assert (refused.status_code, refused.json()["code"]) == (422, "provider_refused")
        assert "No such key: [redacted]" in refused.json()["detail"]
        assert not Provider.objects.exists()
        provider.catalogue = None
        made = cast.alice.api.post("providers/", body)
        assert (made.status_code, made.json()["tested_at"] is not None) == (201, True)
        path = f"providers/{made.json()['id']}/"
        provider.catalogue = Script(status=500, message="Not today.")
        assert cast.alice.api.patch(path, {"name": "New", "test": True}).status_code == 422
        assert cast.alice.api.get(path).json()["name"] == "Mine"
        assert cast.alice.api.patch(path, {"name": "New"}).status_code == 200
        assert provider.exchanges[-1].key == KEY


def test_an_address_nobody_answers_at_is_told_in_words(cast: Cast) -> None:
    refused = cast.alice.api.post("providers/", BODY | {"base_url": "http://127.0.0.1:9/v1", "test": True})
    assert refused.status_code == 422
    assert "cannot be reached" in refused.json()["detail"]


def test_put_replaces_all_but_the_key(cast: Cast) -> None:
    provider = make_provider(cast.alice, name="mine", organization_id="org", default_model="m", model_ids=["m", "n"])
    path = f"providers/{provider.id}/"
    put = cast.alice.api.put(
        path, {"type": "openai", "name": "Mine", "models": ["n"], "base_url": f"{provider.base_url}/a"}
    )
    shown = put.json()
    assert (shown["models"], shown["organization_id"], shown["default_model"]) == (["n"], "", "")
    assert (shown["base_url"], shown["api_key"]["set"]) == (f"{provider.base_url}/a", True)


def test_a_key_is_not_sent_to_another_host_than_it_was_entered_for(cast: Cast) -> None:
    with FakeOpenAI() as old, FakeOpenAI() as new:
        provider = make_provider(cast.alice, old.base_url)
        path = f"providers/{provider.id}/"
        for silent in ({}, {"api_key": {"set": True, "hint": "…hing"}}, {"test": True}):
            refused = cast.alice.api.patch(path, {"base_url": new.base_url, **silent})
            assert (refused.status_code, refused.json()["code"]) == (400, "secret_again")
            assert list(refused.json()["errors"]) == ["api_key"]
        form = {"name": "fake", "base_url": new.base_url, "models": "m"}
        page = cast.alice.browser().post(f"/models/{path}", form)
        assert (page.status_code, "Enter it again for the new address." in page.content.decode()) == (422, True)
        pool = make_key(cast.alice, type="custom", provider=provider, name="Bob’s")
        given = {"base_url": new.base_url, "api_key": "an-other-key-for-it"}  # pragma: allowlist secret
        refused = cast.alice.api.patch(path, given)
        assert (refused.status_code, "Bob’s" in refused.json()["errors"]["base_url"][0]) == (400, True)
        pool.delete()
        assert cast.alice.api.patch(path, {"base_url": f"{old.base_url}/other"}).status_code == 200
        assert cast.alice.api.patch(path, given).json()["base_url"] == new.base_url
        assert old.exchanges == new.exchanges == []


@pytest.mark.parametrize("masked", [{"set": True, "hint": "…hing"}, "…hing"])
def test_a_masked_key_keeps_the_old_one(cast: Cast, masked: object) -> None:
    provider = make_provider(cast.alice)
    assert cast.alice.api.patch(f"providers/{provider.id}/", {"api_key": masked}).status_code == 200
    provider.refresh_from_db()
    assert provider.api_key == KEY


def test_a_test_follows_no_redirect_and_enters_no_private_network(cast: Cast, settings: LazySettings) -> None:
    with FakeOpenAI() as provider:
        body = BODY | {"base_url": provider.base_url, "api_key": KEY, "test": True}
        provider.catalogue = Script(status=302, headers=(("Location", f"{provider.base_url}/models?again"),))
        assert cast.alice.api.post("providers/", body).status_code == 422
        assert len(provider.exchanges) == 1
        kept = make_provider(cast.alice, provider.base_url)
        settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS = False
        model = kept.provider_models.get()
        assert cast.alice.api.post(f"models/{model.id}/test/").status_code == 400
        assert cast.alice.api.post("providers/", body).status_code == 400
        key = {"provider": str(kept.id), "api_key": KEY, "scope": "workspace"}
        assert cast.alice.api.post("users/api-keys/", key).status_code == 400
        assert len(provider.exchanges) == 1


def test_a_private_address_is_refused_at_its_field_with_what_to_do(cast: Cast, settings: LazySettings) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS = False
    refused = cast.alice.api.post("providers/", BODY | {"base_url": "http://127.0.0.1:9/v1"})
    assert refused.status_code == 400
    assert "ask its operator to allow the host" in refused.json()["errors"]["base_url"][0]
