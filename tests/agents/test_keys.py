"""Whose key a call is made with, in which order, and whose never."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from agent_app import keys, model_references
from agent_app.keys import ChosenKey
from agent_app.models import Provider, ProviderKey, Run
from billing.models import LedgerEntry
from billing.services import grants
from community.models import Workspace
from community.services.members import member_leave
from config.lib.errors import Refused
from config.lib.ids import uuid7
from tests.agents.world import actor_of, execute, make_agent, make_key, make_provider, make_run, start
from tests.cast import Cast, Person
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

MODEL = "openai/gpt-6-luna"
PLATFORM = "the-operators-own-key"


@pytest.fixture
def operator(settings: LazySettings) -> None:
    settings.PLATFORM_KEYS = {"openai": PLATFORM}


def chosen(person: Person, reference: str = MODEL) -> list[ChosenKey]:
    resolved = model_references.resolve(workspace_id=person.workspace_id, reference=reference)
    return keys.for_model(resolved, workspace_id=person.workspace_id, person_id=person.user.id)


def sources(person: Person, reference: str = MODEL) -> list[str]:
    return [key.source for key in chosen(person, reference)]


def test_the_order_is_provider_pool_person_operator(cast: Cast, operator: None) -> None:
    own = make_provider(
        cast.alice, name="o", type="openai", base_url="https://api.openai.com/v1", model_ids=["gpt-6-luna"]
    )
    bound = make_key(cast.alice, provider=own, api_key="bound-to-the-provider")
    second = make_key(cast.alice, position=2)
    first = make_key(cast.alice, position=1)
    mine = make_key(cast.alice, scope="user", position=0)
    found = chosen(cast.alice)
    assert [key.source for key in found] == ["provider", "provider", "workspace", "workspace", "user", "platform"]
    assert [key.id for key in found] == [None, bound.id, first.id, second.id, mine.id, None]
    assert [key.own for key in found] == [True] * 5 + [False]
    assert found[-1].secret() == PLATFORM


def test_credits_first_puts_the_operators_key_first(cast: Cast, operator: None) -> None:
    make_key(cast.alice)
    Workspace.objects.filter(id=cast.alice.workspace_id).update(credits_first=True)
    assert sources(cast.alice) == ["platform", "workspace"]


def test_a_persons_own_key_is_never_used_for_another(cast: Cast) -> None:
    make_key(cast.bob, scope="user")
    assert sources(cast.bob) == ["user"]
    for other in (cast.alice, cast.carol):
        assert sources(other) == []
    run = make_run(cast.alice, make_agent(cast.alice), model=MODEL)
    assert keys.candidates(run) == []
    foreign = ProviderKey.objects.get()
    resolved = model_references.resolve(workspace_id=cast.alice.workspace_id, reference=MODEL)
    assert keys.order(resolved, [foreign], person_id=cast.alice.user.id, credits_first=False) == []
    assert keys.order(resolved, [foreign], person_id=None, credits_first=False) == []


def test_what_is_turned_off_of_another_purpose_type_or_workspace_is_not_used(cast: Cast) -> None:
    make_key(cast.alice, enabled=False)
    make_key(cast.alice, purpose="tracing")
    make_key(cast.alice, type="anthropic")
    make_key(cast.dave)
    assert sources(cast.alice) == []


def test_keys_of_a_type_are_not_sent_to_an_address_somebody_set(cast: Cast, operator: None) -> None:
    """Else whoever may add a provider could read the pool, a colleague's key and the operator's."""
    elsewhere = make_provider(
        cast.alice, name="trap", type="openai", base_url="https://trap.example.com/v1", api_key=""
    )
    make_key(cast.alice)
    make_key(cast.alice, scope="user")
    assert sources(cast.alice, "trap/m") == ["none"]
    other = make_provider(cast.alice, name="other", type="openai", base_url="https://other.example.com/v1", api_key="")
    make_key(cast.alice, provider=other)
    assert sources(cast.alice, "trap/m") == ["none"]
    assert [key.row for key in chosen(cast.alice, "trap/m")] == [elsewhere]


def test_without_any_key_it_is_refused_with_the_reason(cast: Cast) -> None:
    agent = make_agent(cast.alice, model=MODEL)
    with pytest.raises(Refused) as refused:
        start(cast.alice, agent)
    assert (refused.value.status, refused.value.error_code) == (422, "no_key")
    assert "OpenAI" in refused.value.detail
    assert not Run.objects.exists()


def test_a_key_is_not_shown_by_what_represents_it(cast: Cast, operator: None) -> None:
    make_key(cast.alice, api_key="shown-to-nobody")  # pragma: allowlist secret
    shown = repr(chosen(cast.alice))
    assert "shown-to-nobody" not in shown
    assert PLATFORM not in shown


# Runs


@pytest.fixture
def wire(settings: LazySettings) -> Iterator[FakeOpenAI]:
    """The operator's gateway for Groq (which speaks Chat Completions first)."""
    with FakeOpenAI() as provider:
        settings.PROVIDER_BASE_URLS = {"groq": provider.base_url}
        yield provider


FAST = "groq/openai/gpt-oss-20b"


@pytest.mark.django_db(transaction=True)
def test_a_run_uses_the_pool_notes_the_key_and_costs_no_credits(cast: Cast, wire: FakeOpenAI) -> None:
    key = make_key(cast.alice, type="groq", api_key="pool-key-of-the-office")
    run = execute(start(cast.carol, make_agent(cast.alice, model=FAST)))
    assert (run.status, run.model) == ("succeeded", FAST)
    assert wire.exchanges[-1].key == "pool-key-of-the-office"
    assert (run.key_source, run.key_id, run.credits) == ("workspace", key.id, 0)
    key.refresh_from_db()
    assert key.last_used_at is not None


@pytest.mark.django_db(transaction=True)
def test_the_operators_key_pays_the_catalogues_rate(cast: Cast, wire: FakeOpenAI, settings: LazySettings) -> None:
    settings.PLATFORM_KEYS = {"groq": PLATFORM}
    grants.grant_add(workspace_id=cast.alice.workspace_id, source="promo", amount=10, key=f"test:{uuid7()}")
    wire.queue(Script(tokens=5, prompt_tokens=995))
    run = execute(start(cast.alice, make_agent(cast.alice, model=FAST)))
    assert (run.status, run.key_source) == ("succeeded", "platform")
    assert wire.exchanges[-1].key == PLATFORM
    assert str(run.credits) == "0.5000"
    assert LedgerEntry.objects.filter(run_id=run.id).exists()


@pytest.mark.django_db(transaction=True)
def test_a_run_priced_for_an_own_key_is_not_answered_with_the_operators(
    cast: Cast, wire: FakeOpenAI, settings: LazySettings
) -> None:
    settings.PLATFORM_KEYS = {"groq": PLATFORM}
    key = make_key(cast.alice, type="groq")
    run = start(cast.alice, make_agent(cast.alice, model=FAST))
    key.delete()
    run = execute(run)
    assert (run.status, run.reason) == ("failed", "provider_error")
    assert "is gone" in run.error["error"]
    assert wire.exchanges == []


def test_whoever_leaves_takes_their_own_keys_along(cast: Cast, django_capture_on_commit_callbacks: object) -> None:
    make_key(cast.bob, scope="user")
    shared = make_key(cast.alice)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        member_leave(actor=actor_of(cast.bob))
    assert list(ProviderKey.objects.all()) == [shared]
    assert not Provider.objects.exists()
