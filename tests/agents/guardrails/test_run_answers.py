"""Guardrails of the output in runs, and around handoffs: what becomes of answers."""

import pytest
from django.db.models import Q

from agent_app.models import Message, RunStatus
from agent_app.runs import claims, orphans
from agent_app.runs.events import encode
from agent_app.runs.log import save_events
from agent_app.runs.registry import Outcome
from tests.agents.guardrails.world import MAIL, guard, guarded, kinds, provider, tripped, with_guards
from tests.agents.team_world import start_as, tutors
from tests.agents.world import execute, followed, make_agent, start, text_of
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Fault, Script, ToolCall

__all__ = ["provider"]

pytestmark = pytest.mark.django_db(transaction=True)


# Output


def test_a_blocked_answer_is_replaced_everywhere(cast: Cast, provider: FakeOpenAI) -> None:
    agent = guarded(cast.alice, guard("output", config={"keywords": ["darn"], "message": "Withheld."}))
    provider.queue(Script(deltas=("Well, ", "darn", " it."), reasoning=("hm, darn",)))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.reason, run.output) == ("failed", "guardrail_tripped", "Withheld.")
    events = followed(run)
    assert "content_delta" in kinds(events)
    assert kinds(events)[-5:] == ["guardrail_tripped", "message_replaced", "message_complete", "error", "run_finished"]
    answer = Message.objects.get(id=run.message_id)
    assert (answer.content, answer.reasoning) == ("Withheld.", "")
    execute(start(cast.alice, agent, "And?", conversation_id=run.conversation_id))
    assert "darn" not in str(provider.exchanges[-1].body)


def test_an_answer_is_redacted_or_replaced_and_the_run_succeeds(cast: Cast, provider: FakeOpenAI) -> None:
    agent = guarded(
        cast.alice, guard("output", "pii", action="redact"),
        guard("output", action="replace", config={"keywords": ["darn"], "replacement": "(something else)"}),
    )  # fmt: skip
    provider.queue(Script(deltas=(MAIL,)), Script(deltas=("Darn.",)))
    first, second = execute(start(cast.alice, agent)), execute(start(cast.alice, agent))
    assert (first.status, first.output) == ("succeeded", "Write to [redacted].")
    assert (second.status, second.output) == ("succeeded", "(something else)")
    assert Message.objects.get(id=second.message_id).content == "(something else)"
    assert tripped(first) == [("output pii", "output", "redact")]


def test_held_until_checked_streams_nothing_before(cast: Cast, provider: FakeOpenAI) -> None:
    agent = guarded(
        cast.alice, guard("output", config={"keywords": ["darn"], "message": "Withheld."}), hold_until_checked=True
    )
    provider.queue(
        Script(deltas=("Well, ", "darn"), reasoning=("hm",)), Script(deltas=("All ", "good."), reasoning=("hm",))
    )
    bad, good = execute(start(cast.alice, agent)), execute(start(cast.alice, agent))
    events = followed(bad)
    assert (bad.output, text_of(events)) in (("Withheld.", ""), ("Withheld.", "Withheld."))
    assert "darn" not in str([event.payload() for event in events])
    assert (good.status, good.output, text_of(followed(good))) == ("succeeded", "All good.", "All good.")
    assert good.first_token_at is not None


def test_an_answer_of_a_form_keeps_it_or_is_withheld(cast: Cast, provider: FakeOpenAI) -> None:
    schema = {"type": "object", "properties": {"to": {"type": "string", "minLength": 3}}, "required": ["to"]}
    agent = guarded(cast.alice, guard("output", "pii", action="redact"), output_type=schema)
    provider.queue(Script(deltas=('{"to": "ann@example.org"}',)))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.output) == ("succeeded", {"to": "[redacted]"})
    cast.alice.api.patch(
        f"agents/{agent.id}/", {"guardrails": [guard("output", "pii", action="redact", config={"replacement": '"'})]}
    )
    provider.queue(Script(deltas=('{"to": "ann@example.org"}',)))
    run = execute(start(cast.alice, agent))
    assert (run.status, run.reason) == ("failed", "guardrail_tripped")
    assert "ann@" not in str(run.output)


def test_a_partial_answer_is_checked_too(cast: Cast, provider: FakeOpenAI) -> None:
    agent = guarded(cast.alice, guard("output", "pii", action="redact"))
    provider.queue(
        Script(deltas=(MAIL,), finish_reason="length"), Script(deltas=(MAIL, " And"), fault=Fault.RESET, after=2)
    )
    cut, broken = execute(start(cast.alice, agent)), execute(start(cast.alice, agent))
    assert (cut.status, cut.output) == ("partial", "Write to [redacted].")
    assert (broken.status, broken.reason) == ("failed", "provider_error")
    assert Message.objects.get(id=broken.message_id).content.startswith("Write to [redacted].")


def test_what_only_a_judge_could_check_is_not_kept_where_nobody_was_asked(cast: Cast, provider: FakeOpenAI) -> None:
    judge = make_agent(cast.alice, name="Judge", model="fake/judge")
    agent = guarded(cast.alice, guard("output", "agent", config={"agent_id": str(judge.id)}))
    provider.queue(Script(deltas=("A secret", " plan"), fault=Fault.RESET, after=2))
    run = execute(start(cast.alice, agent))
    assert run.reason == "provider_error"
    assert "secret" not in Message.objects.get(id=run.message_id).content
    assert "secret" not in str(run.output)


def test_an_answer_that_nobody_has_checked_dies_with_its_worker(cast: Cast, provider: FakeOpenAI) -> None:
    agent = guarded(cast.alice, guard("output"))
    run = start(cast.alice, agent)
    claim = claims.claim(run.id, "dead")
    assert claim is not None
    save_events([(run.id, 1, [encode(run.id, 1, "content_delta", {"delta": "darn"})])])
    outcome = Outcome(status=RunStatus.FAILED, reason="worker_lost", error="Lost.")
    assert orphans.end_without_worker(run.id, outcome, only_if=Q(id=run.id))
    run.refresh_from_db()
    assert run.output is None
    assert not Message.objects.filter(id=run.message_id).exists()


# Around handoffs


TO_TUTOR = Script(deltas=("Call ann@example.org. ",), tool_calls=(ToolCall("transfer_to_history_tutor"),))


def test_the_target_of_a_handoff_checks_what_it_is_given(cast: Cast, provider: FakeOpenAI) -> None:
    triage, tutor, definition = tutors(cast.alice)
    with_guards(definition, tutor, guard("input"))
    provider.queue(TO_TUTOR)
    run = execute(start_as(cast.alice, triage, definition, "Darn revolution"))
    assert (run.status, run.reason, len(provider.exchanges)) == ("failed", "guardrail_tripped", 1)
    with_guards(definition, tutor, guard("input", "pii", action="redact"))
    provider.queue(TO_TUTOR, Script(deltas=("In 1789.",)))
    run = execute(start_as(cast.alice, triage, definition, MAIL))
    assert (run.status, run.output) == ("succeeded", "In 1789.")
    sent = [message["content"] for message in provider.exchanges[-1].body["messages"] if message["role"] == "user"]
    assert sent == ["Write to [redacted]."]
    assert Message.objects.get(id=run.user_message_id).content == MAIL, "it is not the target's to change"


def test_everybody_who_has_spoken_checks_the_answer(cast: Cast, provider: FakeOpenAI) -> None:
    triage, tutor, definition = tutors(cast.alice)
    with_guards(definition, None, guard("output", "pii", action="redact"))
    with_guards(
        definition,
        tutor,
        guard("output", action="replace", config={"keywords": ["darn"], "replacement": "Never mind."}),
    )
    provider.queue(TO_TUTOR, Script(deltas=("Ask bob@example.org.",)), TO_TUTOR, Script(deltas=("Darn.",)))
    first = execute(start_as(cast.alice, triage, definition, "Who?"))
    assert first.output == "Ask [redacted]."
    assert Message.objects.get(id=first.message_id).content == "Call [redacted]. \n\nAsk [redacted]."
    definition["name"] = "Triage 2"
    second = execute(start_as(cast.alice, triage, definition, "Who?"))
    assert (second.output, Message.objects.get(id=second.message_id).content) == ("Never mind.", "Never mind.")
