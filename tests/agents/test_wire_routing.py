"""Which model answers where one fails: tried again, another key, a fallback; never twice once something was shown."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from agent_app.engine import breaker, routing
from agent_app.engine.routing import Route
from agent_app.model_references import LOCAL_MODEL, ResolvedModel
from agent_app.runs.registry import Produced
from config.lib.ids import uuid7
from tests import clock
from tests.agents import wire_world
from tests.agents.wire_world import asked, provider_of, request, tool
from tests.agents.world import KEY
from tests.fakes.anthropic_wire import FakeAnthropic
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Fault, Script


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture
def other() -> Iterator[FakeAnthropic]:
    with FakeAnthropic() as fake:
        yield fake


def first(provider: FakeOpenAI) -> ResolvedModel:
    return ResolvedModel("m", provider_of(provider.base_url))


def second(other: FakeAnthropic) -> ResolvedModel:
    return ResolvedModel("claude-opus-9", provider_of(other.base_url, "anthropic", name="claude"))


# Again


@pytest.mark.parametrize(
    "trouble",
    [
        Script(status=408),
        Script(status=409),
        Script(status=429),
        Script(status=503),
        Script(fault=Fault.DROP, after=0, tokens=1),
    ],
)
def test_what_passes_is_tried_again(provider: FakeOpenAI, trouble: Script) -> None:
    provider.queue(trouble, trouble, Script(deltas=("Here.",)))
    said = wire_world.ask(provider.base_url)
    assert (said.produced.content, len(provider.exchanges), said.produced.turns) == ("Here.", 3, 1)


def test_silence_is_tried_again_once(provider: FakeOpenAI, settings: Any) -> None:
    provider.queue(Script(fault=Fault.STALL_BEFORE_HEADERS), Script(fault=Fault.STALL_BEFORE_HEADERS), Script())

    async def long_silence(_produced: Produced) -> None:
        for number in (1, 2):
            await asyncio.to_thread(provider.wait_request, number)
            clock.forward(settings.PROVIDER_STALL_TIMEOUT + 1)

    said = wire_world.run(asked(first(provider), request(), meanwhile=long_silence))
    assert said.error is not None
    assert (said.error.kind, said.error.code, len(provider.exchanges)) == ("stalled", "provider_timeout", 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_will_be_refused_again_is_not_asked_again(provider: FakeOpenAI, status: int) -> None:
    provider.queue(Script(status=status), Script())
    assert wire_world.ask(provider.base_url).error
    assert len(provider.exchanges) == 1


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.STALL, Fault.ERROR_OBJECT])
def test_nothing_is_asked_twice_once_something_was_shown(
    provider: FakeOpenAI, other: FakeAnthropic, settings: Any, fault: Fault
) -> None:
    provider.queue(Script(deltas=("one ", "two ", "three"), fault=fault, hold_after=2))

    async def once_shown(produced: Produced) -> None:
        while produced.content != "one two ":  # noqa: ASYNC110  (it announces nothing)
            await asyncio.sleep(0.01)
        if fault is Fault.STALL:  # what is held is silent; released, it might go on before the time is over
            clock.forward(settings.PROVIDER_STALL_TIMEOUT + 1)
        else:
            provider.exchanges[0].release()

    said = wire_world.run(asked(first(provider), request(), second(other), meanwhile=once_shown))
    assert said.error is not None and said.error.shown
    assert (said.produced.content, len(provider.exchanges), other.exchanges) == ("one two ", 1, [])


def test_it_waits_as_long_as_the_provider_asks_and_the_key_rests(provider: FakeOpenAI) -> None:
    provider.queue(Script(status=429, retry_after=1), Script())
    resolved = first(provider)
    assert wire_world.run(asked(resolved, request())).response
    early, late = provider.exchanges
    assert late.received_at - early.received_at >= 1.0
    provider.queue(Script(status=429, retry_after=60))
    for _ in range(2):  # the second does not even ask
        said = wire_world.run(asked(resolved, request()))
        assert said.error is not None and said.error.status == 429
    assert len(provider.exchanges) == 3
    assert "Try again in" in said.error.message and "add another key" in said.error.message


def test_back_off_grows_and_is_never_the_same(settings: Any) -> None:
    settings.PROVIDER_RETRY_DELAY = 0.5
    waits = [routing._backoff(attempt) for attempt in (1, 2, 3, 9)]
    assert 0.375 <= waits[0] <= 0.625 and 0.75 <= waits[1] <= 1.25 and 1.5 <= waits[2] <= 2.5 and waits[3] <= 10
    assert len({routing._backoff(1) for _ in range(20)}) > 1


# Keys


def pool(provider: FakeOpenAI) -> Route:
    """One model with two keys."""
    route = wire_world.route_of(first(provider))
    (endpoint,) = route.endpoints
    return replace(route, endpoints=[endpoint, replace(endpoint, api_key="second-key", circuit=str(uuid7()))])


@pytest.mark.parametrize("status", [401, 403, 429])
def test_another_key_of_the_pool_answers_where_one_is_refused(provider: FakeOpenAI, settings: Any, status: int) -> None:
    settings.PROVIDER_RETRY_DELAY = 30.0  # nobody waits where another key is at hand
    provider.queue(Script(status=status), Script(deltas=("Here.",)))
    said = wire_world.run(asked(first(provider), request(), route=pool(provider)))
    assert said.produced.content == "Here."
    assert [exchange.key for exchange in provider.exchanges] == [KEY, "second-key"]


def test_a_resting_key_is_passed_over_by_everybody(provider: FakeOpenAI) -> None:
    route = pool(provider)
    provider.queue(Script(status=429, retry_after=60))
    for _ in range(2):
        assert wire_world.run(asked(first(provider), request(), route=route)).response
    assert [exchange.key for exchange in provider.exchanges] == [KEY, "second-key", "second-key"]


# Fallbacks


def test_a_fallback_answers_and_the_run_says_which_model_and_why(provider: FakeOpenAI, other: FakeAnthropic) -> None:
    provider.model("m", Script(status=500, message="The moon is wrong."))
    said = wire_world.run(asked(first(provider), request(tools=[tool()]), second(other)))
    assert (len(provider.exchanges), len(other.exchanges), said.produced.turns) == (3, 1, 1)
    assert said.run.model == "claude/claude-opus-9"
    (event,) = [event for event in said.events if event["type"] == "run_status"]
    assert (event["status"], event["reason"], event["model"]) == ("running", "model_changed", "claude/claude-opus-9")
    assert "The moon is wrong." in event["detail"]
    assert said.run.metadata["routing"] == [{"model": "claude/claude-opus-9", "why": event["detail"]}]
    steps = {step: usage.model for step, usage in said.produced.unsettled.items()}
    assert steps == {"turn:1": "fake/m", "turn:2": "claude/claude-opus-9"}, (
        "each step is booked at its own model's price"
    )


def test_where_nobody_answers_each_one_s_reason_is_told(provider: FakeOpenAI, other: FakeAnthropic) -> None:
    provider.model("m", Script(status=401))
    other.model("claude-opus-9", Script(status=404))
    said = wire_world.run(asked(first(provider), request(), second(other)))
    assert said.error is not None
    assert "HTTP 401" in said.error.message and "claude/claude-opus-9: claude refused" in said.error.message
    assert said.run.model == "fake/m"


def test_the_local_model_stands_in_with_as_much_as_its_window_holds(
    provider: FakeOpenAI, other: FakeAnthropic, settings: Any
) -> None:
    settings.LOCAL_MODEL_URL = provider.base_url
    other.model("claude-opus-9", Script(status=401))
    long = [
        {"role": "user", "content": "word " * 9000},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "Go on."},
    ]
    said = wire_world.run(asked(second(other), request(long), ResolvedModel(LOCAL_MODEL)))
    assert (said.run.model, len(other.exchanges[0].body["messages"])) == (f"local/{LOCAL_MODEL}", 3)
    sent = [message["content"] for message in provider.exchanges[0].body["messages"]]
    assert sent == ["Be kind.", "Go on."]


# The circuit breaker


def test_a_circuit_opens_after_five_failures_and_lets_one_call_try(provider: FakeOpenAI, monkeypatch: Any) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr(breaker, "time", SimpleNamespace(time=lambda: now))
    circuit = str(uuid7())

    async def story() -> None:
        nonlocal now
        for _ in range(4):
            assert not await breaker.failed(circuit)
        assert (await breaker.state(circuit)).usable
        assert await breaker.failed(circuit)
        state = await breaker.state(circuit)
        assert (state.name, state.wait) == ("open", breaker.OPEN_FOR)
        now += state.wait
        tries = [(await breaker.state(circuit)).name for _ in range(3)]
        assert tries == ["half-open", "open", "open"], "one call tries, the others wait for it"
        assert await breaker.failed(circuit), "a trial that fails opens it again at once"
        now += (await breaker.state(circuit)).wait
        assert (await breaker.state(circuit)).name == "half-open"
        await breaker.untried(circuit)
        assert (await breaker.state(circuit)).name == "half-open", "a trial that was never made is somebody else's"
        await breaker.succeeded(circuit)
        assert [(await breaker.state(circuit)).name for _ in range(2)] == ["closed", "closed"]

    wire_world.run(story())


def test_an_open_circuit_is_not_asked_and_says_so(provider: FakeOpenAI) -> None:
    provider.model("m", Script(status=502))
    resolved = first(provider)
    errors = [wire_world.run(asked(resolved, request())).error for _ in range(3)]
    assert len(provider.exchanges) == 5
    assert errors[2] is not None
    assert "failed several times in a row" in errors[2].message and "fallback" in errors[2].message


def test_a_trial_that_is_refused_for_what_was_asked_closes_the_circuit(provider: FakeOpenAI, monkeypatch: Any) -> None:
    provider.queue(*[Script(status=502)] * 5, Script(status=400))
    resolved = first(provider)
    for _ in range(2):
        wire_world.run(asked(resolved, request()))
    then = time.time() + breaker.OPEN_FOR
    monkeypatch.setattr(breaker, "time", SimpleNamespace(time=lambda: then))
    error = wire_world.run(asked(resolved, request())).error
    assert error is not None and error.status == 400
    assert wire_world.run(asked(resolved, request())).response


def test_what_is_wrong_with_the_request_opens_no_circuit(provider: FakeOpenAI) -> None:
    provider.model("m", Script(status=400))
    resolved = first(provider)
    for _ in range(6):
        wire_world.run(asked(resolved, request()))
    assert len(provider.exchanges) == 6


def test_without_valkey_every_circuit_is_closed(settings: Any, provider: FakeOpenAI) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    provider.queue(Script(status=500), Script(deltas=("Here.",)))
    assert wire_world.ask(provider.base_url).produced.content == "Here."


# What people read


@pytest.mark.parametrize(
    ("script", "cause", "why", "what"),
    [
        (Script(status=401, message="bad key"), "key", "The key was not accepted", "under Models"),
        (Script(status=400, message="API key not valid. Please pass a valid API key."), "key", "not accepted", "under Models"),
        (Script(status=404, message="no such thing"), "model", "does not know the model “m”", "Check the model's name"),
        (
            Script(status=400, message="This model's maximum context length is 8192 tokens. However, you requested 9000."),
            "too_long", "longer than this model can read", "Shorten the instructions",
        ),
        (
            Script(status=400, message="the request exceeds the available context size, try increasing it"),
            "too_long", "longer than this model can read", "larger context window",
        ),
        (
            Script(status=400, message="registry.ollama.ai/library/x does not support tools"),
            "tools", "cannot call tools", "Take the agent's tools",
        ),
        (Script(status=429, message="Rate limit reached"), "rate", "rate limit", "Wait, or use another key"),
        (Script(status=429, message="You exceeded your current quota"), "quota", "no credit left", "Top it up"),
        (Script(status=403, message="not for you"), "forbidden", "may not use this model", "choose another model"),
        (Script(status=503, html=True), "down", "down or overloaded", "fallback model"),
        (Script(status=422, message="temperature: extra"), "rejected", "did not accept", "model settings"),
    ],
)  # fmt: skip
def test_a_newcomer_understands_what_happened_why_and_what_to_do(
    provider: FakeOpenAI, script: Script, cause: str, why: str, what: str
) -> None:
    provider.model("m", script)
    error = wire_world.ask(provider.base_url).error
    assert error is not None
    assert error.cause == cause
    assert error.message.startswith(f"fake refused the request (HTTP {script.status}): ")
    assert script.message in error.message and why in error.message and what in error.message
    assert KEY not in error.message


def test_a_provider_that_is_not_there_is_named(provider: FakeOpenAI) -> None:
    with provider.refusing():
        error = wire_world.ask(provider.base_url).error
    assert error is not None
    assert error.kind == "unreachable"
    for part in (
        "fake cannot be reached: nothing answers at 127.0.0.1:",
        "Check the base URL",
        "give the agent a fallback model.",
    ):
        assert part in error.message


def test_an_error_in_the_body_of_a_200_is_no_answer(provider: FakeOpenAI) -> None:
    provider.queue(Script(fault=Fault.ERROR_BODY, message="No provider is available."))
    error = wire_world.ask(provider.base_url, kind="openrouter").error
    assert error is not None
    assert "No provider is available." in error.message


def test_claude_s_overload_in_mid_stream_is_known_for_what_it_is(other: FakeAnthropic) -> None:
    other.queue(Script(fault=Fault.ERROR_OBJECT, after=0, tokens=1), Script(deltas=("Here.",)))
    said = wire_world.ask(other.base_url, kind="anthropic")
    assert (said.produced.content, len(other.exchanges)) == ("Here.", 2), "nothing was shown yet, so it is asked again"
