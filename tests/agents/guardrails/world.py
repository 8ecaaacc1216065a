"""What the tests of guardrails in runs start from."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from agent_app.models import Agent, Run, Span
from agent_app.runs.events import Event
from tests.agents.world import followed, make_agent, make_provider
from tests.cast import Cast, Person
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

MAIL = "Write to ann@example.org."


def guard(stage: str, implementation: str = "keywords", **fields: Any) -> dict[str, Any]:
    config = fields.pop("config", {"keywords": ["darn"]} if implementation == "keywords" else {})
    name = fields.pop("name", f"{stage} {implementation}")
    return {"name": name, "type": stage, "implementation": implementation, "config": config, **fields}


def guarded(person: Person, *guardrails: dict[str, Any], **fields: Any) -> Agent:
    agent = make_agent(person, model="fake/m", instructions="Be kind.")
    answer = person.api.patch(f"agents/{agent.id}/", {"guardrails": list(guardrails), **fields})
    assert answer.status_code == 200, answer.content
    return agent


def tripped(run: Run) -> list[tuple[str, str, str]]:
    told = [event.payload() for event in followed(run) if event.type == "guardrail_tripped"]
    return [(each["name"], each["stage"], each["action"]) for each in told]


def kinds(events: list[Event]) -> list[str]:
    return [event.type for event in events]


def spans(run: Run) -> list[Span]:
    return list(Span.objects.filter(run=run, type="guardrail").order_by("started_at", "id"))


@pytest.fixture
def provider(cast: Cast) -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url, model_ids=["m", "tutor", "judge"])
        yield server


def verdict(triggered: bool, **fields: Any) -> Script:
    said = json.dumps({"tripwire_triggered": triggered, "reason": "because"})
    return Script(deltas=(said,), **fields)


@contextmanager
def answering(provider: FakeOpenAI, model: str, *, once: Callable[[], bool]) -> Iterator[None]:
    """What ``model`` says is held (``hold_after=0``) until something is so: a busy machine may need any time for that."""
    over = threading.Event()

    def work() -> None:
        exchange = provider.wait(lambda all_: next((each for each in all_ if each.body["model"] == model), None))
        for _look in range(6000):
            if once() or over.wait(0.02):
                break
        exchange.release()

    thread = threading.Thread(target=work, name="test-answering")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)


def with_guards(definition: dict[str, Any], agent: Agent | None, *guardrails: dict[str, Any]) -> None:
    part = definition["targets"][str(agent.id)] if agent else definition
    part["guardrails"] = [
        {
            "id": f"g{n}",
            "description": "",
            "action": "block",
            "mode": "blocking",
            "enabled": True,
            "credential_id": None,
            **each,
        }
        for n, each in enumerate(guardrails)
    ]
