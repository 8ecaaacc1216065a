"""What a model cannot do is told when an agent is saved and refused before it runs."""

from datetime import date
from typing import Any

import pytest
from django.conf import LazySettings

from agent_app.capabilities import capability_problems, refuse
from agent_app.model_references import ResolvedModel
from agent_app.models import CatalogueModel, Run
from config.lib.errors import Refused
from tests.agents.world import make_agent, make_provider, start
from tests.cast import Cast

TOOL = {"type": "function", "name": "add"}
HANDOFF = {"id": "1", "target_agent_id": "2"}


def model(**capabilities: bool) -> ResolvedModel:
    entry = CatalogueModel(provider="local", model_id="m", max_output=100, capabilities=capabilities)
    return ResolvedModel("m", slug="openai", entry=entry)


@pytest.mark.parametrize(
    ("definition", "capabilities", "codes"),
    [
        ({"tools": [TOOL]}, {"tools": False}, ["tools"]),
        ({"tools": [{"type": "agent"}]}, {"tools": False}, ["tools"]),
        ({"handoffs": [HANDOFF]}, {"tools": False}, ["handoffs"]),
        ({"tools": [TOOL], "handoffs": [HANDOFF]}, {"tools": False}, ["tools", "handoffs"]),
        ({"tools": [TOOL | {"enabled": False}]}, {"tools": False}, []),
        ({"tools": [TOOL], "handoffs": [HANDOFF]}, {"tools": True}, []),
        ({"tools": [TOOL], "handoffs": [HANDOFF]}, {}, []),
        ({"tools": [], "handoffs": None}, {"tools": False}, []),
        ({"model_settings": {"reasoning_effort": "low"}}, {"reasoning": False}, ["reasoning"]),
        ({"model_settings": {"reasoning_effort": "low"}}, {}, []),
        ({"model_settings": {"max_tokens": 101}}, {}, ["max_tokens"]),
        ({"model_settings": {"max_tokens": 100}}, {}, []),
        ({}, {"embeddings": True}, ["embeddings"]),
        ({}, {"images": True}, ["images"]),
    ],
)
def test_only_what_is_known_to_fail_is_a_problem(
    definition: dict[str, Any], capabilities: dict[str, bool], codes: list[str]
) -> None:
    found = capability_problems(definition, model(**capabilities))
    assert [problem.code for problem in found] == codes
    assert all("openai/m" in problem.message for problem in found)
    if codes:
        with pytest.raises(Refused) as refused:
            refuse(found)
        assert (refused.value.status, refused.value.error_code) == (422, "capability")


def test_a_weak_schema_and_a_coming_end_are_only_told() -> None:
    entry = CatalogueModel(
        provider="openai", model_id="m", capabilities={"structured_output": False}, lifecycle="deprecated",
        deprecation_date=date(2099, 1, 1), replacement="n",
    )  # fmt: skip
    found = capability_problems({"output_type": {"type": "object"}}, ResolvedModel("m", slug="openai", entry=entry))
    assert [(problem.code, problem.severity) for problem in found] == [
        ("structured_output", "warning"), ("deprecated", "warning"),
    ]  # fmt: skip
    assert "2099-01-01" in found[1].message
    assert "Its successor is n." in found[1].message
    refuse(found)


def test_an_agent_is_saved_with_warnings_and_refused_when_run(cast: Cast) -> None:
    provider = make_provider(cast.alice, name="o", model_ids=["m"])
    provider.provider_models.update(capabilities={"reasoning": False})
    body = {"name": "Thinker", "model": "o/m", "model_settings": {"reasoning_effort": "high"}}
    made = cast.alice.api.post("agents/", body)
    assert made.status_code == 201
    assert [found["code"] for found in made.json()["warnings"]] == ["reasoning"]
    agent = make_agent(cast.alice, model="o/m", model_settings={"reasoning_effort": "high"})
    with pytest.raises(Refused) as refused:
        start(cast.alice, agent)
    assert refused.value.error_code == "capability"
    assert refused.value.extra["problems"][0]["field"] == "model_settings.reasoning_effort"
    assert not Run.objects.exists()


def test_a_model_that_is_gone_is_a_warning_on_the_agent(cast: Cast) -> None:
    agent = make_agent(cast.alice, model="nowhere/m")
    warning = cast.carol.api.get(f"agents/{agent.id}/").json()["warnings"][0]
    assert (warning["code"], warning["field"]) == ("unknown_model", "model")


def test_the_local_model_has_no_tools_and_fills_schemas(cast: Cast, settings: LazySettings) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:1/v1"
    entry = CatalogueModel.objects.get(provider="local")
    local = ResolvedModel(entry.model_id, entry=entry)
    found = capability_problems({"tools": [TOOL], "handoffs": [HANDOFF], "output_type": {"type": "object"}}, local)
    assert [problem.code for problem in found] == ["tools", "handoffs"]


# The workspace's default


def test_the_default_model_is_set_checked_and_used(cast: Cast) -> None:
    make_provider(cast.alice, name="o", model_ids=["m"])
    path = f"workspaces/{cast.alice.workspace_id}/"
    refused = cast.alice.api.patch(path, {"default_model": "nobody/knows"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["default_model"])
    assert cast.alice.api.patch(path, {"default_model": "o/m"}).json()["default_model"] == "o/m"
    assert cast.carol.api.get(path).json()["default_model"] == "o/m"
    assert cast.alice.api.patch(path, {"default_model": ""}).json()["default_model"] == ""


def test_whose_key_comes_first_is_the_owners_to_say(cast: Cast) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/"
    assert cast.alice.api.patch(path, {"credits_first": True}).json()["credits_first"] is True
    assert cast.alice.api.get("audit/").json()["results"][0]["after"] == {"credits_first": True}
    assert cast.bob.api.patch(path, {"credits_first": False}).status_code == 403
