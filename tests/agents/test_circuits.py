"""Circuit breakers as staff see them in the admin."""

from typing import Any

import pytest

from agent_app import circuits
from agent_app.engine import breaker
from config.lib import redis
from tests.agents import wire_world
from tests.agents.world import make_key, make_provider
from tests.cast import Cast

ADDRESS = "/admin/agents/providerkey/circuits/"


@pytest.fixture(autouse=True)
def quiet() -> None:
    """No trouble of earlier tests."""
    redis.client().delete(breaker.TROUBLED)


def page_for_staff(cast: Cast) -> str:
    cast.dave.user.is_staff = cast.dave.user.is_superuser = True
    cast.dave.user.save()
    answer = cast.dave.browser().get(ADDRESS)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
def test_staff_see_which_provider_and_key_is_not_asked_why_and_until_when(cast: Cast) -> None:
    key, provider = make_key(cast.alice), make_provider(cast.alice, name="vLLM")
    of_key, of_provider = f"openai:workspace:{key.id}", f"custom:provider:{provider.id}"

    async def trouble() -> None:
        for _ in range(breaker.FAILURES):
            await breaker.failed(of_key)
        await breaker.failed("groq:platform:")
        await breaker.rest(of_provider, 40)

    wire_world.run(trouble())
    found = {circuit.name: circuit for circuit in circuits.troubled()}
    assert {name: (circuit.state, circuit.failures) for name, circuit in found.items()} == {
        of_key: ("open", 5), of_provider: ("resting", 0), "groq:platform:": ("closed", 1),
    }  # fmt: skip
    page = page_for_staff(cast)
    for shown in ("Open: nobody asks there", "Resting: the provider asked to wait", key.key_hint, "vLLM", "Groq"):
        assert shown in page
    until = found[of_key].until
    assert until is not None and f'<time datetime="{until:%Y-%m-%dT%H:%M}' in page
    assert str(key.workspace) in page


@pytest.mark.django_db
def test_looking_takes_nobodys_trial_call(cast: Cast, monkeypatch: Any) -> None:
    monkeypatch.setattr(breaker, "OPEN_FOR", 0.001)
    circuit = "openai:platform:half"

    async def story() -> str:
        for _ in range(breaker.FAILURES):
            await breaker.failed(circuit)
        while circuits.troubled()[0].state == "open":
            pass
        assert circuits.troubled()[0].state == "half-open"
        return (await breaker.state(circuit)).name

    assert wire_world.run(story()) == "half-open"


@pytest.mark.django_db
def test_without_trouble_and_without_valkey_the_page_says_so(cast: Cast, monkeypatch: Any) -> None:
    assert "No provider had trouble within the last hour." in page_for_staff(cast)

    def away() -> Any:
        raise redis.RedisError

    monkeypatch.setattr(circuits.redis, "client", away)
    assert "Valkey does not answer" in cast.dave.browser().get(ADDRESS).content.decode()


@pytest.mark.django_db
def test_who_is_no_staff_is_sent_to_the_sign_in_of_staff(cast: Cast) -> None:
    assert cast.alice.browser().get(ADDRESS).status_code == 302
