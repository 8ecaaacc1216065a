"""What tests of approvals start from: an agent with a tool that needs one, and a model that wants to call it."""

from typing import Any

import orjson

from agent_app.models import Agent, Approval, Run
from tests.agents.probe_world import ECHO, agent_with
from tests.agents.world import execute, start
from tests.cast import Person
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked

GATED = {**ECHO, "approval": "always"}
FREE = {**ECHO, "name": "free"}


def asks(*calls: tuple[str, str], **more: Any) -> Script:
    """The model calls tools: the name of one and its text, for each."""
    called = [
        Asked(name, orjson.dumps({"text": text}).decode(), call_id=f"c{n}") for n, (name, text) in enumerate(calls)
    ]
    return Script(tool_calls=tuple(called), **more)


def given(provider: FakeOpenAI, turn: int = -1) -> list[str]:
    """What the tools answered, as the model of that turn was given it."""
    return [each["content"] for each in provider.exchanges[turn].body["messages"] if each["role"] == "tool"]


def waiting(
    person: Person, provider: FakeOpenAI, *calls: tuple[str, str], agent: Agent | None = None, **more: Any
) -> Run:
    """A run that has paused for ``calls`` (one of echo, where none are named)."""
    provider.queue(asks(*(calls or (("echo", "pay"),)), deltas=("Let me see. ",)))
    run = execute(start(person, agent or agent_with(person, GATED), **more))
    assert (run.status, run.reason) == ("waiting", "approval"), run.error
    return run


def decide(person: Person, run: Run, decision: str = "approve", call: int = 0, **more: Any) -> Any:
    """The answer of the API, for the call of that number."""
    row = Approval.objects.filter(run=run).order_by("id")[call]
    return person.api.post(f"runs/{run.id}/decisions/", {"call_id": row.call_id, "decision": decision, **more})


def decided(person: Person, run: Run, decision: str = "approve", call: int = 0, **more: Any) -> Run:
    """The same, where it must be taken."""
    answer = decide(person, run, decision, call, **more)
    assert answer.status_code == 200, answer.content
    run.refresh_from_db()
    return run
