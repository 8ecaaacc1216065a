"""Models over the API: those of a workspace, those of the catalogue, what tests find out and how they did."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agent_app.models import Provider, ProviderModel
from tests.agents.world import KEY, make_agent, make_provider, make_run
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall


@pytest.fixture
def wire() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as provider:
        yield provider


def row_of(provider: Provider) -> ProviderModel:
    return ProviderModel.objects.get(provider=provider)


def test_a_model_is_added_read_changed_and_removed(cast: Cast) -> None:
    provider = make_provider(cast.alice, name="o", type="openai", model_ids=[])
    made = cast.alice.api.post("models/", {"provider_id": str(provider.id), "model": "gpt-6-luna"})
    assert made.status_code == 201
    shown = made.json()
    assert (shown["reference"], shown["context_window"], shown["capabilities"]["tools"]) == (
        "o/gpt-6-luna",
        1050000,
        True,
    )
    assert shown["price"] == {"input": "0.1", "output": "0.5", "cached": "0.01", "credits": "1.0000"}
    path = f"models/{shown['id']}/"
    changed = cast.alice.api.patch(path, {"capabilities": {"tools": False, "vision": None}, "max_output": 77}).json()
    assert (changed["capabilities"]["tools"], changed["capabilities"]["vision"], changed["max_output"]) == (
        False,
        True,
        77,
    )
    replaced = cast.alice.api.put(path, {"context_window": 5}).json()
    assert (replaced["capabilities"]["tools"], replaced["max_output"], replaced["context_window"]) == (True, 128000, 5)
    assert cast.carol.api.get("providers/").json()["results"][0]["models"] == ["gpt-6-luna"]
    assert cast.alice.api.delete(path).status_code == 204
    assert cast.alice.api.get(path).status_code == 404


def test_what_nobody_knows_of_a_model_is_null_and_allowed(cast: Cast) -> None:
    shown = cast.alice.api.get(f"models/{row_of(make_provider(cast.alice)).id}/").json()
    assert set(shown["capabilities"].values()) == {None}
    assert (shown["price"]["input"], shown["test"], shown["tested_at"]) == (None, None, None)


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"model": "m"}, 409), ({"model": ""}, 400), ({"capabilities": {"flying": True}}, 400),
     ({"api": "messages"}, 400), ({"context_window": 0}, 400), ({"odd": 1}, 400)],
)  # fmt: skip
def test_what_is_not_valid_is_refused(cast: Cast, fields: dict[str, Any], status: int) -> None:
    provider = make_provider(cast.alice)
    body = {"provider_id": str(provider.id), "model": "new"} | fields
    assert cast.alice.api.post("models/", body).status_code == status
    assert provider.provider_models.count() == 1


def test_another_workspaces_models_and_providers_are_not_there(cast: Cast) -> None:
    theirs = make_provider(cast.dave)
    assert cast.alice.api.get(f"models/{row_of(theirs).id}/").status_code == 404
    assert cast.alice.api.post("models/", {"provider_id": str(theirs.id), "model": "x"}).status_code == 404
    assert cast.alice.api.get("models/").json()["count"] == 0


def test_a_test_finds_out_what_a_model_can_do(cast: Cast, wire: FakeOpenAI) -> None:
    row = row_of(make_provider(cast.alice, wire.base_url))
    able = Script(deltas=('{"number": 7}',), tool_calls=(ToolCall("report_number", '{"number": 7}'),))
    wire.model("m", able)
    shown = cast.alice.api.post(f"models/{row.id}/test/").json()
    assert shown["test"]["ok"] is True
    assert {name: check["supported"] for name, check in shown["test"]["checks"].items()} == {
        "streaming": True, "tools": True, "structured_output": True,
    }  # fmt: skip
    assert shown["test"]["first_token_ms"] >= 0
    assert (shown["capabilities"]["tools"], shown["capabilities"]["vision"]) == (True, None)
    assert {exchange.key for exchange in wire.exchanges} == {KEY}
    assert [bool(exchange.body.get("stream")) for exchange in wire.exchanges] == [True, False, False]


def test_what_a_model_refuses_is_noted_with_the_providers_words(cast: Cast, wire: FakeOpenAI) -> None:
    row = row_of(make_provider(cast.alice, wire.base_url))
    wire.model("m", Script(status=400, message="tools and schemas are not for me, {key}"))
    wire.queue(Script(deltas=("ok",)))
    shown = cast.alice.api.post(f"models/{row.id}/test/").json()
    assert (shown["capabilities"]["streaming"], shown["capabilities"]["tools"]) == (True, False)
    assert "are not for me" in shown["test"]["checks"]["tools"]["detail"]
    assert KEY not in str(shown)


def test_a_model_that_only_talks_is_not_said_to_have_no_tools(cast: Cast, wire: FakeOpenAI) -> None:
    row = row_of(make_provider(cast.alice, wire.base_url))
    shown = cast.alice.api.post(f"models/{row.id}/test/").json()
    assert (shown["capabilities"]["tools"], shown["capabilities"]["structured_output"]) == (None, False)


@pytest.mark.parametrize(("status", "words"), [(401, "Check the key"), (404, "Check the model's name")])
def test_a_provider_that_refuses_is_quoted_and_nothing_is_learned(
    cast: Cast, wire: FakeOpenAI, status: int, words: str
) -> None:
    row = row_of(make_provider(cast.alice, wire.base_url))
    wire.model("m", Script(status=status))
    answer = cast.alice.api.post(f"models/{row.id}/test/")
    assert answer.status_code == 200
    assert answer.json()["test"]["ok"] is False
    assert words in answer.json()["test"]["error"]
    assert set(answer.json()["capabilities"].values()) == {None}
    assert words in cast.alice.api.get("providers/").json()["results"][0]["test_error"]


def test_a_test_never_uses_the_operators_key(cast: Cast, wire: FakeOpenAI, settings: LazySettings) -> None:
    settings.PROVIDER_BASE_URLS, settings.PLATFORM_KEYS = {"openai": wire.base_url}, {"openai": "the-operators"}
    row = row_of(make_provider(cast.alice, wire.base_url, type="openai", api_key=""))
    refused = cast.alice.api.post(f"models/{row.id}/test/")
    assert (refused.status_code, refused.json()["code"]) == (422, "no_key")
    assert wire.exchanges == []


def test_types_say_what_is_set_up_here(cast: Cast, settings: LazySettings) -> None:
    settings.PLATFORM_KEYS = {"anthropic": "x"}
    provider = make_provider(cast.alice, type="openai")
    listed = {found["slug"]: found for found in cast.carol.api.get("models/providers/").json()["results"]}
    assert set(listed) == {
        "openai", "anthropic", "google", "huggingface", "deepseek", "stability", "mistral", "groq", "openrouter", "modal", "custom",
    }  # fmt: skip
    assert listed["openai"]["providers"] == [str(provider.id)]
    assert (listed["anthropic"]["platform_key"], listed["openai"]["platform_key"]) == (True, False)
    assert (listed["anthropic"]["base_url"], listed["anthropic"]["apis"]) == ("https://api.anthropic.com", ["messages"])


def test_a_types_models_and_capabilities_come_from_the_catalogue(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(4):
        page = cast.carol.api.get("models/providers/anthropic/models/", {"limit": 100}).json()
    assert page["results"][-1]["lifecycle"] == "retired"
    found = {row["model"]: row for row in page["results"]}
    assert found["claude-opus-5-5"]["price"] == {"input": "4", "output": "20", "cached": "0.2", "credits": "5.0000"}
    assert found["claude-2.1"]["replacement"] == "claude-sonnet-5-5"
    assert cast.carol.api.get("models/providers/anthropic/models/", {"search": "haiku"}).json()["count"] == 3
    can = cast.carol.api.get("models/providers/google/capabilities/").json()
    assert (can["capabilities"]["tools"], can["capabilities"]["images"]) == (None, False)
    assert all(row["reference"].startswith("google/") for row in can["models"])
    for part in ("models", "capabilities", "stats"):
        assert cast.carol.api.get(f"models/providers/nobody/{part}/").status_code == 404


def test_statistics_are_those_of_the_workspaces_runs(cast: Cast, django_assert_max_num_queries: Any) -> None:
    provider, agent = make_provider(cast.alice, name="o", type="openai"), make_agent(cast.alice)
    now = timezone.now()
    for number in range(10):
        begun = now - timedelta(seconds=number + 1)
        failed = {"status": "failed", "reason": "provider_error"} if number == 9 else {}
        make_run(cast.alice, agent, provider=provider, model="o/m", started_at=begun, finished_at=now,
                 first_token_at=begun + timedelta(milliseconds=200), credits="0.1", prompt_tokens=7, **failed)  # fmt: skip
    make_run(cast.alice, agent, model="openai/gpt-6-luna")
    make_run(cast.alice, agent, model="other/m")
    old = make_run(cast.alice, agent, provider=provider, model="o/m")
    type(old).objects.filter(id=old.id).update(created_at=now - timedelta(days=40))
    make_run(cast.dave, make_agent(cast.dave), model="openai/gpt-6-luna")
    with django_assert_max_num_queries(3):
        found = cast.carol.api.get("models/providers/openai/stats/").json()
    assert (found["calls"], found["errors"], found["error_rate"], found["cost"]) == (11, 1, 0.0909, "1.0000")
    each = {row["model"]: row for row in found["models"]}
    assert (each["o/m"]["p50_ms"], each["o/m"]["p95_ms"], each["o/m"]["first_token_p50_ms"]) == (5500, 9550, 200)
    assert each["openai/gpt-6-luna"]["calls"] == 1
    assert cast.carol.api.get("models/providers/openai/stats/", {"days": 60}).json()["calls"] == 12
    assert cast.carol.api.get("models/providers/openai/stats/", {"days": "all"}).status_code == 400


def test_the_list_costs_the_same_for_many(cast: Cast, django_assert_max_num_queries: Any) -> None:
    make_provider(cast.alice, model_ids=[f"m{number}" for number in range(12)])
    with django_assert_max_num_queries(5):
        page = cast.carol.api.get("models/", {"limit": 6}).json()
    assert (page["count"], len(page["results"])) == (12, 6)
    assert cast.carol.api.get("models/", {"search": "m11"}).json()["count"] == 1
