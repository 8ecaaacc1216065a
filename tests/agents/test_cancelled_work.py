"""What is under way when its run, or whoever waits for it, is told to end: nothing goes on unseen, and all of it is booked once."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import connection, transaction
from pytest_django import Settings

from agent_app.engine import guardrails
from agent_app.engine.panel import ask_model
from agent_app.engine.providers import transport
from agent_app.engine.sink import Sink
from agent_app.events import RunEnded
from agent_app.model_references import resolve
from agent_app.models import Run
from agent_app.runs import charges, claims
from agent_app.runs.log import RunLog
from agent_app.runs.registry import RunContext, Usage
from agent_app.runs.stream import StreamWriter, read_stream
from agent_app.runs.worker import Worker
from agent_app.tools.registry import CallContext
from billing.models import CreditAccount, Hold, Rate
from community.models import AuditEntry
from config.asgi import application
from config.lib import events
from config.lib.db import in_db
from config.lib.errors import NotEnoughCredits
from config.lib.ids import uuid7
from tests.agents.probe_world import ECHO, Probe, agent_with, probing
from tests.agents.test_tools_api import make_tool
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 60.0  # seconds; nothing here takes as long unless it is broken
TURNS = 200  # of the event loop: more than it takes to get from a cancel to wherever it leads
THINK = {"name": "think", "type": "llm", "params": {"prompt": "Think.", "model": "fake/other"}}


@pytest.fixture(autouse=True)
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


@pytest.fixture
def provider(cast: Cast, settings: Settings) -> Iterator[FakeOpenAI]:
    settings.BILLING_OWN_KEY = "priced"
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url, model_ids=["m", "other"])
        for reference in ("custom/m", "custom/other"):
            Rate.objects.create(reference=reference, per_1k_tokens=1)
        yield server
        for exchange in server.exchanges:
            exchange.release()


def asks(*names: str) -> Script:
    wanted = {"echo": "text", "think": "input"}
    return Script(
        tool_calls=tuple(ToolCall(name, json.dumps({wanted[name]: "x"}), call_id=f"c-{name}") for name in names)
    )


async def turns() -> None:
    for _turn in range(TURNS):
        await asyncio.sleep(0)


@pytest.mark.parametrize("why", ["cancel", "credits"])
def test_a_run_does_not_end_before_the_calls_that_it_has_begun(
    cast: Cast, provider: FakeOpenAI, probe: Probe, why: str
) -> None:
    """A tool that takes its time to end, and a model that is in the midst of its answer: the SDK waits for neither."""
    seen: list[tuple[bool, bool]] = []
    box: list[Worker] = []

    async def act(_arguments: dict[str, Any], _context: CallContext) -> Any:
        active = box[0].active[run.id]
        await asyncio.to_thread(provider.wait_request, 2)
        if why == "credits":
            raise NotEnoughCredits
        active.end("cancel")
        try:
            await asyncio.Event().wait()
        finally:
            await turns()
            seen.append((active.ending, active.task.done()))

    probe.act = act
    provider.model("m", asks("think", "echo"))
    provider.model("other", Script(deltas=("one ", "two ", "three"), hold_after=2))
    run = start(cast.alice, agent_with(cast.alice, THINK, ECHO))

    async def live() -> None:
        box.append(Worker())
        await box[0].execute(run.id)
        await box[0].shut_down()
        await transport.close()

    asyncio.run(live())
    run.refresh_from_db()
    assert (run.status, seen) == (("cancelled", [(False, False)]) if why == "cancel" else ("partial", []))
    held = Hold.objects.filter(run_id=run.id, prompt_tokens__gt=0)
    assert sorted(held.values_list("state", "model")) == [("settled", "fake/m"), ("settled", "fake/other")]
    account = CreditAccount.objects.get(workspace_id=run.workspace_id)
    assert (account.held, account.balance) == (0, Decimal(10) - run.credits)
    assert run.credits == sum(held.values_list("credits", flat=True)) > 0


async def _blocked() -> None:
    """Until some statement waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    def look() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            return cursor.fetchone() is not None

    async with asyncio.timeout(LONG):
        while not await in_db(look):  # noqa: ASYNC110  (a lock announces nothing)
            await asyncio.sleep(0.01)


class Lock:
    """Holds a workspace's account, so that whoever wants to hold credits there waits in the midst of it."""

    def __init__(self, workspace_id: Any) -> None:
        self.held, self.go = threading.Event(), threading.Event()
        self._workspace_id = workspace_id

    @transaction.atomic
    def __call__(self) -> None:
        CreditAccount.objects.select_for_update().get(workspace_id=self._workspace_id)
        self.held.set()
        assert self.go.wait(LONG)

    async def cancels(self, work: Coroutine[Any, Any, Any], *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Cancel ``work`` while it waits for the account, and let both end."""
        other = asyncio.create_task(in_db(self))
        await asyncio.to_thread(self.held.wait, LONG)
        task = asyncio.create_task(work)
        await _blocked()
        meanwhile()
        task.cancel()
        await turns()
        self.go.set()
        await asyncio.wait([task, other])
        assert task.cancelled()


def test_what_is_not_booked_yet_stays_with_its_run_while_the_next_step_is_held(
    cast: Cast, provider: FakeOpenAI
) -> None:
    """Whoever ends the run in the midst of that books the steps before; the step that nobody took is given back."""
    claim = claims.claim(start(cast.alice, make_agent(cast.alice, model="fake/m")).id, "here:1")
    assert claim is not None
    run = claim.run

    async def live() -> RunContext:
        log = RunLog(run.id, run.attempt, 0, StreamWriter())
        context = RunContext(run=run, definition={}, history=[], log=log, held=claim.held)
        resolved = await in_db(lambda: resolve(workspace_id=run.workspace_id, reference="fake/m"))
        sink = Sink(context)
        await sink.turn_held(10, 50, resolved)  # the first, which was held before
        sink.turn_used(Usage(prompt_tokens=9, completion_tokens=3))

        def look() -> None:
            assert list(context.produced.unsettled) == ["turn:1"]

        await Lock(run.workspace_id).cancels(sink.turn_held(10, 50, resolved), meanwhile=look)
        return context

    context = asyncio.run(live())
    assert list(context.produced.unsettled) == ["turn:1"]
    assert list(Hold.objects.filter(run_id=run.id, state="open").values_list("step", flat=True)) == ["turn:2"]
    with transaction.atomic():
        charges.close(run, context.produced)
    found = Hold.objects.filter(run_id=run.id).order_by("step").values_list("step", "state", "prompt_tokens")
    assert [(step, state) for step, state, _tokens in found] == [("turn:1", "settled"), ("turn:2", "released")]
    spent = Hold.objects.filter(run_id=run.id).values_list("step", "credits")
    assert dict(spent) == {"turn:1": Decimal("0.0120"), "turn:2": 0}
    assert CreditAccount.objects.get(workspace_id=run.workspace_id).held == 0


def test_a_model_that_is_asked_outside_any_run_leaves_nothing_held(cast: Cast, provider: FakeOpenAI) -> None:
    workspace_id = cast.alice.workspace_id
    run = Run(id=uuid7(), workspace_id=workspace_id, actor_id=cast.alice.user.id, attempt=2, source="test")

    async def live() -> None:
        asked = ask_model(run, "fake/other", "Think.", temperature=None, max_tokens=50)
        await Lock(workspace_id).cancels(asked)
        await transport.close()

    cast.alice.api.get("credits/balance/")  # which opens the account
    asyncio.run(live())
    assert provider.exchanges == []
    assert list(Hold.objects.filter(run_id=run.id).values_list("state", flat=True)) == ["released"]
    account = CreditAccount.objects.get(workspace_id=workspace_id)
    assert (account.held, account.balance) == (0, 10)


def test_a_run_that_ends_as_its_lease_is_looked_at_tells_its_readers(
    cast: Cast, provider: FakeOpenAI, settings: Settings
) -> None:
    """To the heartbeat, a run that has ended just now looks as one that another worker has taken."""
    settings.RUN_HEARTBEAT = 0.05
    run, box, looked = start(cast.alice, make_agent(cast.alice, model="fake/m")), list[Worker](), list[str]()
    provider.queue(Script(deltas=("Done.",)))

    def after_the_commit(event: RunEnded) -> None:
        pause = threading.Event()
        for _look in range(int(LONG / 0.02)):
            if (stop := box[0].active[run.id].stop) == "lost":
                looked.append(stop)
                return
            pause.wait(0.02)

    async def live() -> list[str]:
        box.append(Worker())
        await box[0].execute(run.id)
        await box[0].shut_down()
        await transport.close()
        return [event.type for event in await read_stream(run.id, 0)]

    events.subscribe(RunEnded, after_the_commit)
    try:
        told = asyncio.run(live())
    finally:
        events._subscribers[RunEnded].remove(after_the_commit)
    run.refresh_from_db()
    assert (run.status, looked, told[-1]) == ("succeeded", ["lost"], "run_finished")


def test_a_run_that_is_claimed_as_its_worker_stops_is_handed_over(cast: Cast, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=("Done.",)))
    run = start(cast.alice, make_agent(cast.alice, model="fake/m"))

    async def live() -> None:
        worker = Worker()
        task = asyncio.create_task(worker.execute(run.id))
        await asyncio.sleep(0)  # it claims
        await worker.shut_down()
        await task

    asyncio.run(live())
    run.refresh_from_db()
    assert (run.status, run.attempt, provider.exchanges) == ("queued", 1, [])
    assert CreditAccount.objects.get(workspace_id=run.workspace_id).held == 0
    run = execute(run)
    assert (run.status, run.attempt, run.output) == ("succeeded", 2, "Done.")


def test_a_run_that_is_cancelled_as_it_is_claimed_ends_at_once(cast: Cast, provider: FakeOpenAI) -> None:
    run = start(cast.alice, make_agent(cast.alice, model="fake/m"))

    async def live() -> None:
        worker = Worker()
        task = asyncio.create_task(worker.execute(run.id))
        await asyncio.sleep(0)  # it claims
        worker._upkeep._obey(f"cancel {run.id}")
        await task
        await worker.shut_down()

    asyncio.run(live())
    run.refresh_from_db()
    assert (run.status, run.reason, provider.exchanges) == ("cancelled", "user_cancelled", [])
    assert CreditAccount.objects.get(workspace_id=run.workspace_id).held == 0


def test_a_check_that_cannot_be_paid_for_leaves_no_other_under_way() -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await turns()
            ended.append("slow")

    async def dear() -> None:
        await asyncio.sleep(0)
        raise NotEnoughCredits

    async def both() -> list[str]:
        with pytest.raises(NotEnoughCredits):
            await guardrails._all([slow(), dear()])
        return list(ended)

    assert asyncio.run(both()) == ["slow"]


def test_whoever_leaves_while_a_tool_is_tried_out_leaves_nothing_held(cast: Cast, probe: Probe) -> None:
    Rate.objects.create(reference="tool/probe", per_call=Decimal("1.5"))
    tool, begun = make_tool(cast.bob), asyncio.Event()

    async def act(_arguments: dict[str, Any], _context: CallContext) -> Any:
        begun.set()
        await asyncio.Event().wait()

    async def leave() -> Decimal:
        body = b'{"arguments": {"text": "hello"}}'
        sent = {"host": "localhost", "content-type": "application/json", "content-length": str(len(body))}
        sent |= {name.lower(): value for name, value in cast.bob.api.headers.items()}
        scope: dict[str, Any] = {
            "type": "http", "http_version": "1.1", "method": "POST", "path": f"/api/v1/tools/{tool['id']}/test/",
            "query_string": b"", "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        }  # fmt: skip
        communicator = ApplicationCommunicator(application, scope)
        await communicator.send_input({"type": "http.request", "body": body, "more_body": False})
        async with asyncio.timeout(LONG):
            await begun.wait()
        held: Decimal = await in_db(lambda: CreditAccount.objects.get(workspace_id=cast.bob.workspace_id).held)
        await communicator.send_input({"type": "http.disconnect"})
        await communicator.wait(timeout=LONG)
        return held

    probe.act = act
    assert asyncio.run(leave()) == Decimal("1.5")
    account = CreditAccount.objects.get(workspace_id=cast.bob.workspace_id)
    assert (account.held, account.balance) == (0, 10)
    [entry] = AuditEntry.objects.filter(action="tool.tested")
    assert (entry.after["is_error"], entry.after["arguments"]) == (True, {"text": "hello"})
