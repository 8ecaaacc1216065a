"""A run from its start to its end, on the real stores, against a provider that does what the test says."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy

from agent_app.models import Agent, Message, Provider, RunStatus
from agent_app.runs import claims, ending, orphans
from agent_app.runs.events import encode
from agent_app.runs.lifecycle import IdempotencyKey
from agent_app.runs.log import save_events
from agent_app.runs.registry import Outcome, Produced
from config.lib.errors import Conflict
from tests.agents.world import (
    KEY,
    body_of,
    execute,
    followed,
    make_agent,
    make_provider,
    start,
    stored,
    text_of,
)
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Fault, Script

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def agent(cast: Cast, provider: FakeOpenAI) -> Agent:
    make_provider(cast.alice, provider.base_url)
    return make_agent(cast.alice, model="fake/m", instructions="Be kind.")


def test_a_run_is_told_stored_and_replayed_alike(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    script = Script(deltas=("Grüß ", "Gott"), prompt_tokens=7)
    provider.queue(script)
    run = execute(start(cast.alice, agent, "Hello\n  you"))
    assert (run.status, run.output, run.prompt_tokens, run.completion_tokens) == ("succeeded", script.text, 7, 2)
    told, rows = followed(run), stored(run)
    assert [event.seq for event in told] == list(range(1, run.last_seq + 1))
    assert [(event.seq, event.type, event.data.decode()) for event in told] == [(r.seq, r.type, r.data) for r in rows]
    assert (told[0].type, told[-1].type) == ("conversation_started", "run_finished")
    assert text_of(told) == script.text
    answer = Message.objects.get(id=run.message_id)
    assert (answer.content, answer.parent_id, answer.complete) == (script.text, run.user_message_id, True)
    assert provider.exchanges[0].body["messages"] == [
        {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello\n  you"},
    ]  # fmt: skip
    assert provider.exchanges[0].key == KEY
    replay = cast.carol.api.get(f"runs/{run.id}/events/")
    assert body_of(replay) == b"".join(event.sse() for event in told)


def test_an_answer_cut_by_its_length_is_partial(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=("one ", "two"), finish_reason="length"))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.reason, run.output) == ("partial", "max_tokens", "one two")


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_refusal_is_quoted_without_the_key(cast: Cast, agent: Agent, provider: FakeOpenAI, status: int) -> None:
    provider.model("m", Script(status=status, message="The {key} moon is wrong."))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.reason) == ("failed", "provider_error")
    assert "moon is wrong" in run.error["error"]
    assert KEY not in str(run.error) + "".join(row.data for row in stored(run))


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.TRUNCATE, Fault.BAD_JSON, Fault.JSON_ARRAY, Fault.ERROR_OBJECT])
def test_a_broken_stream_fails_and_keeps_its_text(cast: Cast, agent: Agent, provider: FakeOpenAI, fault: Fault) -> None:
    provider.queue(Script(deltas=("one ", "two ", "three"), fault=fault))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.reason, run.output) == ("failed", "provider_error", "one two ")
    assert Message.objects.get(id=run.message_id).complete is False


def test_the_same_key_is_the_same_run_and_another_body_a_conflict(cast: Cast, agent: Agent) -> None:
    first = start(cast.alice, agent, idempotency_key=IdempotencyKey("k", "/run", "a"))
    assert start(cast.alice, agent, idempotency_key=IdempotencyKey("k", "/run", "a")).id == first.id
    with pytest.raises(Conflict):
        start(cast.alice, agent, idempotency_key=IdempotencyKey("k", "/run", "b"))


def test_a_worker_that_lost_its_run_can_write_no_more(cast: Cast, agent: Agent) -> None:
    run = start(cast.alice, agent)
    stale = claims.claim(run.id, "old")
    assert stale is not None
    claims.release(stale.run, Produced(), [])
    assert claims.claim(run.id, "new") is not None
    event = encode(run.id, 1, "content_delta", {"delta": "x"})
    save_events([(run.id, stale.run.attempt, [event])])
    assert not ending.finish(stale.run, Outcome(status="succeeded"), Produced(), [event], 1)  # type: ignore[arg-type]
    run.refresh_from_db()
    assert (run.status, run.worker, stored(run)) == ("running", "new", [])


def test_a_run_ends_without_a_worker_once(cast: Cast, agent: Agent) -> None:
    run = start(cast.alice, agent)
    outcome = Outcome(status="failed", reason="worker_lost", code="worker_lost", error="Gone.")  # type: ignore[arg-type]
    assert orphans.end_without_worker(run.id, outcome, only_if=Q())
    assert not orphans.end_without_worker(run.id, outcome, only_if=Q())
    run.refresh_from_db()
    assert [event.type for event in followed(run)] == ["error", "run_finished"]


def test_what_goes_wrong_is_told_in_the_language_of_whoever_started_it(cast: Cast, agent: Agent) -> None:
    """The provider of this test is switched off; then a worker is lost, which the reaper tells."""
    Provider.objects.update(base_url="http://127.0.0.1:9/v1")
    with translation.override("de"):
        german = start(cast.alice, agent)
        lost = start(cast.alice, agent)
    english = execute(start(cast.alice, agent))
    assert "cannot be reached" in english.error["error"]
    assert "ist nicht erreichbar" in execute(german).error["error"]
    outcome = Outcome(
        status=RunStatus.FAILED, reason="worker_lost", code="worker_lost", error=gettext_lazy("Not found")
    )
    assert orphans.end_without_worker(lost.id, outcome, only_if=Q())
    lost.refresh_from_db()
    assert lost.error == {"code": "worker_lost", "error": "Nicht gefunden"}


def test_history_is_sent_verbatim_and_a_busy_conversation_waits(cast: Cast, agent: Agent, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=("First.",)), Script(deltas=("Second.",)), Script(deltas=("Again.",)))
    first = execute(start(cast.alice, agent, "One"))
    second = start(cast.alice, agent, "Two", conversation_id=first.conversation_id)
    with pytest.raises(Conflict) as busy:
        start(cast.alice, agent, "Three", conversation_id=first.conversation_id)
    assert busy.value.error_code == "conversation_busy"
    execute(second)
    assert [each["content"] for each in provider.exchanges[1].body["messages"]] == ["Be kind.", "One", "First.", "Two"]
    asked: UUID | None = first.user_message_id
    again = execute(start(cast.alice, agent, "One", conversation_id=first.conversation_id, parent_message_id=asked))
    assert again.user_message_id == asked
    assert [each["content"] for each in provider.exchanges[2].body["messages"]] == ["Be kind.", "One"]
    assert Message.objects.filter(parent_id=asked, role="assistant").count() == 2
