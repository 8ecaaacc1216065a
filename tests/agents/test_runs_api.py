"""Starting a run over HTTP: what each end of it answers, and what the same request answers twice."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.db.models.signals import post_save
from pytest_django import Settings

from agent_app.models import Agent, Conversation, Message, Run
from tests.agents.world import KEY, body_of, make_agent, make_provider, one_worker
from tests.cast import Cast, Person
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Fault, Script

pytestmark = pytest.mark.django_db(transaction=True)
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def agent(cast: Cast, provider: FakeOpenAI) -> Agent:
    make_provider(cast.alice, provider.base_url)
    return make_agent(cast.alice, model="fake/m", instructions="Be kind.")


def ask(
    person: Person, agent: Agent, message: str = "Hello", headers: dict[str, str] | None = None, **body: Any
) -> Any:
    return person.api.post(f"agents/{agent.id}/run/", {"message": message, **body}, headers=headers or {})


def answered(person: Person, agent: Agent, message: str = "Hello", **more: Any) -> Any:
    """The answer once a worker has brought the run to its end."""
    with one_worker():
        return ask(person, agent, message, **more)


def test_a_run_that_went_well_answers_its_whole_end(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=("Good ", "day."), prompt_tokens=9, cached_tokens=4))
    answer = answered(cast.bob, agent, metadata={"order": "A-1"})
    run = answer.json()
    assert answer.status_code == 200
    assert (run["status"], run["output"], run["kind"]) == ("succeeded", "Good day.", "agent")
    assert run["run_id"] == run["id"]
    assert (run["agent_id"], run["version"], run["metadata"]) == (str(agent.id), None, {"order": "A-1"})
    assert [(each["role"], each["content"]) for each in run["messages"]] == [("assistant", "Good day.")]
    usage = run["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["cached_tokens"]) == (9, 2, 4)
    assert usage["total_tokens"] == 11
    assert usage["execution_time"] >= 0
    assert len(usage["credits"].split(".")[1]) == 4
    conversation = Conversation.objects.get(id=run["conversation_id"])
    assert conversation.created_by_id == cast.bob.user.id
    assert run["trace_id"]


@pytest.mark.parametrize(
    ("script", "expected", "code"),
    [
        (Script(status=401, message="Your {key} is no good."), 502, "provider_error"),
        (Script(status=503), 502, "provider_error"),
        (Script(fault=Fault.DROP), 502, "provider_error"),
        (Script(fault=Fault.STALL), 504, "provider_timeout"),
        (Script(fault=Fault.STALL_BEFORE_HEADERS), 504, "provider_timeout"),
    ],
    ids=["refused", "overloaded", "dropped", "stalled", "silent"],
)
def test_trouble_of_the_provider_is_told_as_such(
    cast: Cast, agent: Agent, provider: FakeOpenAI, settings: Settings, script: Script, expected: int, code: str
) -> None:
    if code == "provider_timeout":  # the others have all the time that they want
        settings.PROVIDER_STALL_TIMEOUT = 0.3
    provider.queue(*[script] * 5)
    answer = answered(cast.alice, agent)
    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (expected, "application/problem+json")
    run = Run.objects.get(id=problem["run_id"])
    assert (run.status, run.reason, run.error["code"]) == ("failed", "provider_error", problem["code"])
    assert code == "provider_error" or problem["code"] == code
    assert problem["detail"] == run.error["error"]
    assert KEY not in answer.content.decode()
    for exchange in provider.exchanges:
        exchange.release()


def test_an_answer_cut_by_its_length_is_200_and_partial(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=("one ", "two"), finish_reason="length"))
    answer = answered(cast.alice, agent)
    run = answer.json()
    assert (answer.status_code, run["status"], run["reason"], run["output"]) == (
        200,
        "partial",
        "max_tokens",
        "one two",
    )


def test_the_caller_waits_only_so_long(cast: Cast, agent: Agent, settings: Settings) -> None:
    settings.RUN_WAIT = 0.2
    for headers in ({}, {"Prefer": "wait=30"}, ASYNC):
        answer = ask(cast.alice, agent, headers=headers)
        body = answer.json()
        assert (answer.status_code, body["status"]) == (202, "queued")
        assert body["status_url"] == f"/api/v1/runs/{body['run_id']}/"
        assert body["events_url"] == f"/api/v1/runs/{body['run_id']}/events/"
        assert cast.alice.api.get(body["status_url"]).json()["conversation_id"] == body["conversation_id"]


def test_who_waited_in_vain_is_told_what_the_run_has_come_to(cast: Cast, agent: Agent, settings: Settings) -> None:
    def taken(instance: Run, created: bool, **_: Any) -> None:
        """A worker has it as soon as it is there."""
        if created:
            transaction.on_commit(lambda: Run.objects.filter(id=instance.id).update(status="running"))

    settings.RUN_WAIT = 0.2
    post_save.connect(taken, sender=Run, weak=False)
    try:
        answer = ask(cast.alice, agent)
    finally:
        post_save.disconnect(taken, sender=Run)
    assert (answer.status_code, answer.json()["status"]) == (202, "running")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"message": ""}, "message"), ({"message": "   "}, "message"), ({"message": None}, "message"), ({}, "message"),
        ({"message": "x" * 200_001}, "message"), ({"message": "x", "conversation_id": "y"}, "conversation_id"),
        ({"message": "x", "stream": "perhaps"}, "stream"), ({"message": "x", "metadata": []}, "metadata"),
        ({"message": "x", "mesage": "x"}, "mesage"), ({"message": {"a": 1}}, "message"),
    ],
)  # fmt: skip
def test_a_body_that_is_not_right_changes_nothing(cast: Cast, agent: Agent, body: Any, field: str) -> None:
    answer = cast.alice.api.post(f"agents/{agent.id}/run/", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Run.objects.exists()
    assert not Conversation.objects.exists()


def test_what_cannot_be_run_says_why(cast: Cast, agent: Agent) -> None:
    nowhere, off = make_agent(cast.alice, model="no-such-model"), make_agent(cast.alice, status="inactive")
    refused = [
        (ask(cast.alice, nowhere), 422), (ask(cast.alice, off), 409), (ask(cast.alice, agent, version=7), 404),
        (ask(cast.alice, agent, context_id=str(uuid4())), 404), (ask(cast.alice, agent, attachments=[str(uuid4())]), 404),
        (ask(cast.alice, agent, provider_id=str(uuid4())), 404), (ask(cast.alice, agent, conversation_id=str(uuid4())), 404),
        (ask(cast.alice, agent, parent_message_id=str(uuid4())), 404), (ask(cast.dave, agent), 404),
    ]  # fmt: skip
    assert [answer.status_code for answer, _ in refused] == [expected for _, expected in refused]
    assert not Run.objects.exists()


def test_a_conversation_goes_on_and_waits_while_it_is_answered(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=("One.",)), Script(deltas=("Two.",)))
    first = answered(cast.alice, agent, "First").json()
    place = {"conversation_id": first["conversation_id"]}
    under_way = ask(cast.alice, agent, "Second", headers=ASYNC, **place).json()
    busy = ask(cast.alice, agent, "Third", **place)
    assert (busy.status_code, busy.json()["code"]) == (409, "conversation_busy")
    assert busy.json()["run_id"] == under_way["run_id"]
    cast.alice.api.post(f"runs/{under_way['run_id']}/cancel/")
    answered(cast.alice, agent, "Third", **place)
    said = [each["content"] for each in provider.exchanges[-1].body["messages"]]
    assert said == ["Be kind.", "First", "One.", "Second", "Third"]


def test_anothers_conversation_is_not_there(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    place = {"conversation_id": answered(cast.alice, agent).json()["conversation_id"]}
    for answer in (ask(cast.bob, agent, **place), ask(cast.alice, make_agent(cast.alice, model="fake/m"), **place)):
        assert answer.status_code == 404
    assert Message.objects.filter(role="user").count() == 1


def test_a_message_is_answered_again_or_replaced(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(*[Script(deltas=(text,)) for text in ("One.", "Two.", "Three.")])
    first = answered(cast.alice, agent, "Who?").json()
    place = {"conversation_id": first["conversation_id"]}
    asked = str(Run.objects.get(id=first["run_id"]).user_message_id)
    again = answered(cast.alice, agent, "Who?", parent_message_id=asked, **place).json()
    changed = answered(cast.alice, agent, "What?", parent_message_id=asked, **place).json()
    assert [run["output"] for run in (first, again, changed)] == ["One.", "Two.", "Three."]
    assert [[each["content"] for each in exchange.body["messages"]] for exchange in provider.exchanges] == [
        ["Be kind.", "Who?"], ["Be kind.", "Who?"], ["Be kind.", "What?"],
    ]  # fmt: skip
    rows = cast.alice.api.get(f"conversations/{first['conversation_id']}/messages/").json()["results"]
    assert [(row["content"], row["parent_id"]) for row in rows] == [
        ("Who?", None), ("One.", asked), ("Two.", asked), ("What?", None), ("Three.", rows[3]["id"]),
    ]  # fmt: skip


class TestIdempotencyKey:
    def test_the_same_request_gets_the_same_answer(self, cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
        headers = {"Idempotency-Key": "k"}
        first = answered(cast.alice, agent, headers=headers)
        again = ask(cast.alice, agent, headers=headers)
        assert (again.status_code, again.content) == (200, first.content)
        assert Run.objects.count() == len(provider.exchanges) == 1

    def test_another_body_is_refused_and_another_person_is_another(self, cast: Cast, agent: Agent) -> None:
        headers = {"Idempotency-Key": "k", **ASYNC}
        first = ask(cast.alice, agent, headers=headers)
        reused = ask(cast.alice, agent, "Other", headers=headers)
        assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")
        assert ask(cast.bob, agent, headers=headers).json()["run_id"] != first.json()["run_id"]
        assert Run.objects.count() == 2

    def test_while_the_first_is_answered_the_second_is_told_to_wait(self, cast: Cast, agent: Agent) -> None:
        headers = {"Idempotency-Key": "k"}
        first = ask(cast.alice, agent, headers=headers | ASYNC)
        second = ask(cast.alice, agent, headers=headers)
        assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_flight")
        assert (second["Retry-After"], second.json()["run_id"]) == ("2", first.json()["run_id"])
        assert ask(cast.alice, agent, headers=headers | ASYNC).json()["run_id"] == first.json()["run_id"]

    def test_a_stream_is_the_same_runs_events_again(self, cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
        options = {"headers": {"Idempotency-Key": "k"}, "stream": True}
        with one_worker():
            first = body_of(ask(cast.alice, agent, **options))
        assert first.endswith(b"\n\n") and b"event: run_finished" in first
        assert body_of(ask(cast.alice, agent, **options)) == first
        assert len(provider.exchanges) == 1

    @pytest.mark.parametrize("key", ["", "k" * 201])
    def test_a_key_has_some_characters_but_not_many(self, cast: Cast, agent: Agent, key: str) -> None:
        assert ask(cast.alice, agent, headers={"Idempotency-Key": key}).status_code == 400

    def test_a_request_that_was_refused_may_be_sent_again(self, cast: Cast, agent: Agent) -> None:
        headers = {"Idempotency-Key": "k", **ASYNC}
        Agent.objects.filter(id=agent.id).update(status="inactive")
        assert ask(cast.alice, agent, headers=headers).status_code == 409
        Agent.objects.filter(id=agent.id).update(status="active")
        assert ask(cast.alice, agent, headers=headers).status_code == 202

    def test_a_run_that_was_deleted_does_not_answer(self, cast: Cast, agent: Agent) -> None:
        headers = {"Idempotency-Key": "k", **ASYNC}
        place = ask(cast.alice, agent, headers=headers).json()
        cast.alice.api.post(f"runs/{place['run_id']}/cancel/")
        cast.alice.api.delete(f"conversations/{place['conversation_id']}/")
        assert ask(cast.alice, agent, headers=headers).status_code == 404

    def test_two_at_once_start_one_run(self, cast: Cast, agent: Agent) -> None:
        headers, answers = {"Idempotency-Key": "k", **ASYNC}, []
        together = threading.Barrier(2)

        def both() -> None:
            together.wait(60)
            answers.append(ask(cast.alice, agent, headers=headers))
            connections.close_all()

        threads = [threading.Thread(target=both) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [answer.status_code for answer in answers] == [202, 202]
        assert len({answer.json()["run_id"] for answer in answers}) == Run.objects.count() == 1
