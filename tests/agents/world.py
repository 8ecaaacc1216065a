"""What the tests of agents and runs start from: agents, providers, and a worker inside the test."""

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from celery import current_app
from django.utils import timezone

from agent_app.engine.providers import transport
from agent_app.models import Agent, Provider, ProviderKey, ProviderModel, Run, RunEvent
from agent_app.runs import lifecycle
from agent_app.runs.events import Event
from agent_app.runs.reader import follow
from agent_app.runs.registry import RunInput
from agent_app.runs.worker import Worker
from agent_app.tools import egress
from community.access import Actor, get_actor
from tests.cast import Person

KEY = "an-unusual-key.that/looks=like+nothing"  # pragma: allowlist secret
MODEL = "m"


def actor_of(person: Person) -> Actor:
    return get_actor(person.user, person.workspace_id)


def make_provider(person: Person, base_url: str = "http://127.0.0.1:9/v1", **fields: Any) -> Provider:
    values: dict[str, Any] = {"type": "custom", "name": "fake", "base_url": base_url}
    key, model_ids = fields.pop("api_key", KEY), fields.pop("model_ids", [MODEL])
    provider = Provider(workspace_id=person.workspace_id, **values | fields)
    provider.set_api_key(key)
    provider.save()
    ProviderModel.objects.bulk_create(
        ProviderModel(workspace_id=person.workspace_id, provider=provider, model_id=model_id, position=position)
        for position, model_id in enumerate(model_ids)
    )
    return provider


def make_key(person: Person, **fields: Any) -> ProviderKey:
    """A key of the workspace, or the person's own with ``scope="user"``."""
    secret = fields.pop("api_key", KEY)
    values: dict[str, Any] = {"type": "openai", "scope": "workspace"} | fields
    if values["scope"] == "user":
        values["owner"] = person.user
    key = ProviderKey(workspace_id=person.workspace_id, **values)
    key.set_key(secret)
    key.save()
    return key


def make_agent(person: Person, **fields: Any) -> Agent:
    return Agent.objects.create(workspace_id=person.workspace_id, **{"name": "Porter"} | fields)


def make_run(person: Person, agent: Agent, **fields: Any) -> Run:
    """A row as it stands in the list; ended unless told otherwise."""
    values: dict[str, Any] = {"status": "succeeded", "finished_at": timezone.now(), "actor_id": person.user.id}
    return Run.objects.create(workspace_id=person.workspace_id, agent=agent, **values | fields)


def start(person: Person, agent: Agent, message: str = "Hello", **fields: Any) -> Run:
    key = fields.pop("idempotency_key", None)
    run, _new = lifecycle.start(
        kind="agent", object_id=agent.id, actor=actor_of(person), run_input=RunInput(message=message, **fields),
        source="api", idempotency_key=key,
    )  # fmt: skip
    return run


async def _execute(*run_ids: UUID) -> None:
    worker = Worker()
    await asyncio.gather(*(worker.execute(run_id) for run_id in run_ids))
    await worker.shut_down()
    await transport.close()
    await egress.close()


def execute(run: Run) -> Run:
    """Bring a run to its end on a worker of this process."""
    asyncio.run(_execute(run.id))
    run.refresh_from_db()
    return run


def execute_together(run_ids: Iterable[str]) -> None:
    """Bring runs to their ends side by side, on one worker of this process."""
    asyncio.run(_execute(*map(UUID, run_ids)))


@contextlib.contextmanager
def one_worker() -> Iterator[None]:
    """A worker that takes one job from the broker and executes it, while the test does something else."""
    with current_app.connection_for_read() as connection:
        queue = connection.SimpleQueue("runs")
        queue.clear()

        def work() -> None:
            message = queue.get(timeout=60)
            message.ack()
            asyncio.run(_execute(UUID(message.payload[0][0])))

        thread = threading.Thread(target=work, name="test-worker")
        thread.start()
        try:
            yield
        finally:
            thread.join(120)


async def _followed(run_id: UUID, after: int) -> list[Event]:
    return [event async for event in follow(run_id, after=after) if event is not None]


def followed(run: Run, after: int = 0) -> list[Event]:
    return asyncio.run(_followed(run.id, after))


def stored(run: Run) -> list[RunEvent]:
    return list(RunEvent.objects.filter(run_id=run.id).order_by("seq"))


def text_of(events: list[Event]) -> str:
    return "".join(event.payload()["delta"] for event in events if event.type == "content_delta")


def body_of(answer: Any) -> bytes:
    """The body of a streamed answer of Django's test client, read to its end."""

    async def read() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    return asyncio.run(read())
