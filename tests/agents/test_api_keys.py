"""Keys over the API: they are tried, they go in, and they never come out."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from agent_app.models import ProviderKey
from community.models import AuditEntry
from tests.agents.world import make_agent, make_key, make_provider, make_run
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

SECRET = "a-key-nobody-may-read-again"  # pragma: allowlist secret


@pytest.fixture
def wire(settings: LazySettings) -> Iterator[FakeOpenAI]:
    """Answers for OpenAI: the operator's gateway."""
    with FakeOpenAI() as provider:
        settings.PROVIDER_BASE_URLS = {"openai": provider.base_url}
        yield provider


def body(**fields: Any) -> dict[str, Any]:
    return {"provider": "openai", "api_key": SECRET} | fields


def test_a_key_is_tried_kept_encrypted_and_masked(cast: Cast, wire: FakeOpenAI) -> None:
    made = cast.carol.api.post("users/api-keys/", body(name="Mine"))
    assert made.status_code == 201
    assert made.json()["api_key"] == {"set": True, "hint": "…gain"}
    assert (made.json()["scope"], made.json()["tested"]) == ("user", True)
    assert (wire.exchanges[-1].path, wire.exchanges[-1].key) == ("/v1/models", SECRET)
    key = ProviderKey.objects.get()
    assert SECRET not in key.key_encrypted
    assert (key.key, key.owner_id) == (SECRET, cast.carol.user.id)


def test_a_refused_key_is_not_kept_and_the_provider_says_why(cast: Cast, wire: FakeOpenAI) -> None:
    wire.catalogue = Script(status=401)
    refused = cast.alice.api.post("users/api-keys/", body())
    assert (refused.status_code, refused.json()["code"]) == (422, "provider_refused")
    assert "Incorrect API key provided" in refused.json()["detail"]
    assert SECRET not in refused.content.decode()
    assert not ProviderKey.objects.exists()
    assert not AuditEntry.objects.filter(object_type="provider_key").exists()
    untested = cast.alice.api.post("users/api-keys/", body(skip_test=True))
    assert (untested.status_code, untested.json()["tested"]) == (201, False)


def test_no_answer_page_log_or_audit_entry_holds_a_key(
    cast: Cast, wire: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.catalogue = None
    made = cast.alice.api.post("users/api-keys/", body(scope="workspace"))
    path = f"users/api-keys/{made.json()['id']}/"
    wire.catalogue = Script(status=500, message="Do not log {key}!")
    answers = [
        made, cast.alice.api.get("users/api-keys/"), cast.carol.api.get(path),
        cast.alice.api.patch(path, {"api_key": SECRET + "2"}), cast.alice.api.patch(path, {"odd": SECRET}),
        cast.alice.browser().get("/models/"), cast.alice.api.get("audit/"), cast.alice.api.delete(path),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [201, 200, 200, 422, 400, 200, 200, 204]
    assert all(SECRET not in answer.content.decode() for answer in answers)
    assert SECRET not in caplog.text
    entries = AuditEntry.objects.filter(object_type="provider_key")
    assert list(entries.order_by("created_at").values_list("action", flat=True)) == [
        "provider_key.created", "provider_key.deleted",
    ]  # fmt: skip
    assert SECRET not in str(list(entries.values("before", "after")))


@pytest.mark.parametrize("masked", [{"set": True, "hint": "…gain"}, "…gain"])
def test_a_masked_or_missing_key_keeps_the_old_one(cast: Cast, masked: object) -> None:
    key = make_key(cast.alice, api_key=SECRET)
    path = f"users/api-keys/{key.id}/"
    assert cast.alice.api.patch(path, {"name": "New", "api_key": masked}).json()["name"] == "New"
    assert cast.alice.api.patch(path, {"enabled": False}).json()["enabled"] is False
    key.refresh_from_db()
    assert key.key == SECRET


def test_a_new_key_takes_the_place_of_the_old_once_it_was_accepted(cast: Cast, wire: FakeOpenAI) -> None:
    key = make_key(cast.alice, api_key="the-old-one-of-them")
    changed = cast.alice.api.patch(f"users/api-keys/{key.id}/", {"api_key": SECRET})
    assert changed.json()["api_key"]["hint"] == "…gain"
    key.refresh_from_db()
    assert (key.key, wire.exchanges[-1].key) == (SECRET, SECRET)


def test_other_peoples_keys_are_not_there_and_the_workspaces_need_an_admin(cast: Cast) -> None:
    own, shared = make_key(cast.bob, scope="user"), make_key(cast.alice)
    for stranger in (cast.alice, cast.carol, cast.dave):
        for method in ("get", "patch", "delete"):
            assert getattr(stranger.api, method)(f"users/api-keys/{own.id}/").status_code == 404
    assert cast.dave.api.get(f"users/api-keys/{shared.id}/").status_code == 404
    assert cast.bob.api.delete(f"users/api-keys/{shared.id}/").status_code == 403
    assert cast.bob.api.post("users/api-keys/", body(scope="workspace", skip_test=True)).status_code == 403
    listed = [key["id"] for key in cast.bob.api.get("users/api-keys/").json()["results"]]
    assert listed == [str(shared.id), str(own.id)]
    assert [key["id"] for key in cast.carol.api.get("users/api-keys/").json()["results"]] == [str(shared.id)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"provider": "nobody"}, "provider"), ({"provider": "custom"}, "provider"), ({"purpose": "search"}, "provider"),
     ({"scope": "world"}, "scope"), ({"api_key": ""}, "api_key"), ({"odd": 1}, "odd")],
)  # fmt: skip
def test_what_is_not_valid_is_named(cast: Cast, fields: dict[str, Any], field: str) -> None:
    answer = cast.alice.api.post("users/api-keys/", body(skip_test=True) | fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_another_workspaces_provider_cannot_be_named(cast: Cast) -> None:
    theirs = make_provider(cast.dave, name="theirs")
    for named in (str(theirs.id), "theirs"):
        assert cast.alice.api.post("users/api-keys/", body(provider=named, skip_test=True)).status_code == 400
    ours = make_provider(cast.alice, name="ours")
    made = cast.alice.api.post("users/api-keys/", body(provider="ours", skip_test=True, scope="workspace")).json()
    assert (made["provider"], made["provider_id"]) == ("custom", str(ours.id))


def test_a_key_tells_what_it_was_used_for(cast: Cast) -> None:
    key, agent = make_key(cast.alice), make_agent(cast.alice)
    for _ in range(2):
        make_run(cast.alice, agent, key_id=key.id, prompt_tokens=10, completion_tokens=5, credits="0.5")
    shown = cast.alice.api.get(f"users/api-keys/{key.id}/").json()
    assert shown["usage"] == {"runs": 2, "tokens": 30, "cost": "1.0000"}


def test_the_list_costs_the_same_for_many(cast: Cast, django_assert_max_num_queries: Any) -> None:
    for number in range(8):
        make_key(cast.alice, position=number)
    with django_assert_max_num_queries(4):
        page = cast.carol.api.get("users/api-keys/", {"limit": 4, "scope": "workspace", "provider": "openai"}).json()
    assert (page["count"], len(page["results"])) == (8, 4)
