"""Which model a reference means."""

import pytest
from django.conf import LazySettings

from agent_app.model_references import resolve
from agent_app.models import Provider
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
