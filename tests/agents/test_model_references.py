"""Which model a reference means."""

import pytest
from django.conf import LazySettings

from agent_app.model_references import resolve
from agent_app.models import CatalogueModel, Provider
from community.models import Workspace
from config.lib.errors import NotFound, Refused
from tests.agents.world import make_provider
from tests.cast import Cast

LOCAL = "local/smollm2-135m-instruct"


@pytest.fixture
def providers(cast: Cast) -> dict[str, Provider]:
    """``one`` is the older one."""
    return {
        "one": make_provider(cast.alice, name="One", model_ids=["a", "both", "org/deep"], default_model="a"),
        "two": make_provider(cast.alice, name="two", model_ids=["b", "both"]),
        "bare": make_provider(cast.alice, name="bare", model_ids=[]),
    }


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        ("", "One/a"),
        ("a", "One/a"),
        ("b", "two/b"),
        ("one/b", "One/b"),
        ("ONE/b", "One/b"),
        ("one/org/deep", "One/org/deep"),
        ("org/deep", "One/org/deep"),
        ("two/", "two/b"),
        ("bare/whatever", "bare/whatever"),
    ],
)
def test_it_means(cast: Cast, providers: dict[str, Provider], reference: str, meant: str) -> None:
    assert resolve(workspace_id=cast.alice.workspace_id, reference=reference).reference == meant


@pytest.mark.parametrize(
    ("reference", "code"),
    [("both", "ambiguous_model"), ("none", "unknown_model"), ("org/none", "unknown_model"), ("bare/", "no_model"),
     (LOCAL, "no_model")],
)  # fmt: skip
def test_it_is_refused(cast: Cast, providers: dict[str, Provider], reference: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        resolve(workspace_id=cast.alice.workspace_id, reference=reference)
    assert (refused.value.status, refused.value.error_code) == (422, code)


def test_an_ambiguous_model_names_the_candidates(cast: Cast, providers: dict[str, Provider]) -> None:
    with pytest.raises(Refused) as refused:
        resolve(workspace_id=cast.alice.workspace_id, reference="both")
    assert refused.value.extra["candidates"] == ["One/both", "two/both"]


@pytest.mark.parametrize(
    ("reference", "meant"), [("both", "two/both"), ("two/b", "two/b"), ("", "two/b"), ("x/y", "two/x/y")]
)
def test_a_chosen_provider_decides(cast: Cast, providers: dict[str, Provider], reference: str, meant: str) -> None:
    chosen = providers["two"].id
    assert resolve(workspace_id=cast.alice.workspace_id, reference=reference, provider_id=chosen).reference == meant


def test_anothers_provider_is_not_there(cast: Cast, providers: dict[str, Provider]) -> None:
    with pytest.raises(NotFound):
        resolve(workspace_id=cast.dave.workspace_id, reference="a", provider_id=providers["one"].id)
    with pytest.raises(Refused):
        resolve(workspace_id=cast.dave.workspace_id, reference="one/a")


def test_without_any_model_it_says_where_to_add_one(cast: Cast) -> None:
    with pytest.raises(Refused) as refused:
        resolve(workspace_id=cast.alice.workspace_id, reference="")
    assert refused.value.error_code == "no_model"


@pytest.mark.parametrize("reference", ["", LOCAL, "smollm2-135m-instruct"])
def test_the_local_model_is_the_default_where_there_is_one(
    cast: Cast, settings: LazySettings, providers: dict[str, Provider], reference: str
) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:1/v1"
    resolved = resolve(workspace_id=cast.alice.workspace_id, reference=reference)
    assert (resolved.reference, resolved.provider) == (LOCAL, None)


def test_the_local_provider_has_one_model(cast: Cast, settings: LazySettings) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:1/v1"
    with pytest.raises(Refused) as refused:
        resolve(workspace_id=cast.alice.workspace_id, reference="local/gpt")
    assert refused.value.error_code == "unknown_model"


@pytest.mark.parametrize(
    ("reference", "meant"),
    [("openai/gpt-6-luna", "openai/gpt-6-luna"), ("OpenAI/GPT-6-luna", "openai/gpt-6-luna"), ("gpt-6-luna", "openai/gpt-6-luna"),
     ("groq/openai/gpt-oss-20b", "groq/openai/gpt-oss-20b"), ("claude-opus-5-5", "anthropic/claude-opus-5-5")],
)  # fmt: skip
def test_what_no_provider_of_the_workspace_has_is_looked_up_in_the_catalogue(
    cast: Cast, providers: dict[str, Provider], reference: str, meant: str
) -> None:
    resolved = resolve(workspace_id=cast.alice.workspace_id, reference=reference)
    assert (resolved.reference, resolved.provider) == (meant, None)
    assert resolved.context_window


def test_a_types_slug_means_the_workspaces_own_provider_with_that_model(cast: Cast) -> None:
    own = make_provider(cast.alice, name="Ours", type="openai", model_ids=["gpt-6-luna", "gpt-7"])
    for reference, model in (("openai/gpt-6-luna", "gpt-6-luna"), ("openai/gpt-7", "gpt-7")):
        resolved = resolve(workspace_id=cast.alice.workspace_id, reference=reference)
        assert (resolved.provider, resolved.model) == (own, model)
    assert resolve(workspace_id=cast.alice.workspace_id, reference="openai/gpt-6.2-sol").provider is None


@pytest.mark.parametrize(
    ("reference", "code"),
    [("openai/gpt-99", "unknown_model"), ("openai/gpt-4", "retired_model"), ("claude-2.1", "retired_model"),
     ("custom/m", "unknown_model")],
)  # fmt: skip
def test_the_catalogue_refuses_with_the_reason(cast: Cast, reference: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        resolve(workspace_id=cast.alice.workspace_id, reference=reference)
    assert (refused.value.status, refused.value.error_code) == (422, code)
    if code == "retired_model":
        assert refused.value.extra["replacement"] in refused.value.detail


def test_a_model_two_types_have_needs_its_type(cast: Cast) -> None:
    CatalogueModel.objects.create(provider="openrouter", model_id="gpt-6-luna", name="Luna")
    with pytest.raises(Refused) as refused:
        resolve(workspace_id=cast.alice.workspace_id, reference="gpt-6-luna")
    assert refused.value.extra["candidates"] == ["openai/gpt-6-luna", "openrouter/gpt-6-luna"]


def test_the_workspaces_default_comes_first(cast: Cast, settings: LazySettings, providers: dict[str, Provider]) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:1/v1"
    Workspace.objects.filter(id=cast.alice.workspace_id).update(default_model="two/b")
    assert resolve(workspace_id=cast.alice.workspace_id, reference="").reference == "two/b"
    assert resolve(workspace_id=cast.alice.workspace_id, reference="both").reference == "two/both"
    assert resolve(workspace_id=cast.dave.workspace_id, reference="").reference == LOCAL


def test_what_tests_found_beats_the_catalogue(cast: Cast) -> None:
    provider = make_provider(cast.alice, name="o", type="openai", model_ids=["gpt-6-luna", "odd"])
    provider.provider_models.filter(model_id="gpt-6-luna").update(capabilities={"tools": False})
    known = resolve(workspace_id=cast.alice.workspace_id, reference="o/gpt-6-luna").capabilities
    assert (known["tools"], known["vision"]) == (False, True)
    unknown = resolve(workspace_id=cast.alice.workspace_id, reference="o/odd").capabilities
    assert set(unknown.values()) == {None}
