"""Agents that are called as tools ask people too: the run waits with all of them, and goes on in the middle of each."""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
import pytest

from agent_app.engine.asks import MAX_TURNS
from agent_app.models import Agent, Approval, Run, RunCheckpoint, Span, ToolCall
from agent_app.runs import lifecycle
from agent_app.tools.registry import CallContext
from billing.models import CreditAccount, Hold, Rate
from config.lib.db import in_db
from tests.agents.approval_world import GATED, asks, decide, decided
from tests.agents.guardrails.world import MAIL, guard, tripped
from tests.agents.probe_world import ECHO, Probe, agent_with, probing
from tests.agents.test_tool_takeover import rob
from tests.agents.world import execute, followed, make_provider, start
from tests.cast import Cast, Person
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked

pytestmark = pytest.mark.django_db(transaction=True)

MODELS = ["m", "clerk", "cashier", "a2", "a3", "a4", "a5"]


class Models(FakeOpenAI):
    """Each model has its own answers: agents that work side by side take turns in no order."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, deque[Script]] = {name: deque() for name in MODELS}

    def says(self, model: str, *scripts: Script) -> None:
        self.said[model].extend(scripts)

    def script_for(self, model: str) -> Script:
        return self.said[model].popleft()

    def asked(self, model: str) -> list[dict[str, Any]]:
        return [each.body for each in self.exchanges if each.body["model"] == model]

    def told(self, model: str, turn: int = -1) -> list[str]:
        """What the tools have answered, as the model was given it."""
        return [each["content"] for each in self.asked(model)[turn]["messages"] if each["role"] == "tool"]


@pytest.fixture
def models(cast: Cast) -> Iterator[Models]:
    with Models() as server:
        make_provider(cast.alice, server.base_url, model_ids=MODELS)
        yield server


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


def calling(agent: Agent, name: str = "clerk", **fields: Any) -> dict[str, Any]:
    return {"name": name, "type": "agent", "params": {"agent_id": str(agent.id)}, **fields}


def ask(*names: str, **more: Any) -> Script:
    """The model asks other agents, each by the name of its tool."""
    called = [Asked(name, orjson.dumps({"input": "Pay it."}).decode(), call_id=f"a{n}") for n, name in enumerate(names)]
    return Script(tool_calls=tuple(called), **more)


def said(text: str) -> Script:
    return Script(deltas=(text,))


def office(person: Person, *tools: dict[str, Any], **fields: Any) -> tuple[Agent, Agent]:
    """A boss who calls a clerk, who has these tools."""
    clerk = agent_with(person, *(tools or (GATED,)), name="Clerk", model="fake/clerk", **fields)
    return agent_with(person, calling(clerk), name="Boss"), clerk


def rows(run: Run) -> list[Approval]:
    return list(Approval.objects.filter(run=run).order_by("id"))


def made(run: Run) -> list[tuple[str, str]]:
    found = ToolCall.objects.filter(run=run).order_by("created_at", "id")
    return [(row.tool_name, row.status) for row in found]


def paused(run: Run) -> Run:
    run = execute(run)
    assert (run.status, run.reason) == ("waiting", "approval"), run.error
    assert not Hold.objects.filter(run_id=run.id, state="open").exists()
    return run


def test_the_run_waits_for_what_a_called_agent_asks_and_goes_on_within_it(
    cast: Cast, models: Models, probe: Probe
) -> None:
    Rate.objects.create(reference="tool/agent", per_call=Decimal(1))
    boss, clerk = office(cast.alice, GATED, {**ECHO, "name": "free"})
    models.says("m", ask("clerk", deltas=("Let me ask. ",)), said("Paid."))
    models.says("clerk", asks(("free", "look"), ("echo", "pay")), said("It is paid."))
    run = paused(start(cast.alice, boss))
    [row] = rows(run)
    assert (row.agent_name, row.callers, row.agent_id, row.tool_name) == ("Clerk", ["Boss"], clerk.id, "echo")
    assert row.prompt == "Boss › Clerk asks to call echo."
    shown = cast.alice.api.get(f"runs/{run.id}/").json()["approvals"]
    assert (shown[0]["agent_name"], shown[0]["callers"], shown[0]["arguments"]) == ("Clerk", ["Boss"], {"text": "pay"})
    page = cast.alice.browser().get(f"/runs/{run.id}/").content.decode()
    assert "Boss › Clerk · asked in a run of" in page
    assert 'data-s="waiting">Waiting</span></span></summary>' in page, "the call of the clerk"
    assert b"Pay it." not in RunCheckpoint.objects.get().state_encrypted.encode()
    assert made(run) == [("clerk", "started"), ("free", "succeeded")]
    run = execute(decided(cast.alice, run))
    assert (run.status, run.output) == ("succeeded", "Let me ask. Paid.")
    assert probe.calls == [{"text": "look"}, {"text": "pay"}]
    assert (len(models.asked("m")), len(models.asked("clerk"))) == (2, 2), "no turn is taken twice"
    assert models.told("clerk") == ['{"said":"look"}', '{"said":"pay"}']
    assert models.told("m") == ["It is paid."]
    assert made(run) == [("clerk", "succeeded"), ("free", "succeeded"), ("echo", "succeeded")]
    [asked] = [event.payload() for event in followed(run) if event.type == "approval_required"]
    assert asked["within"] == [ToolCall.objects.get(tool_name="clerk").call_id], "which call waits with it"
    begun = [event.payload()["tool_name"] for event in followed(run) if event.type == "tool_use_start"]
    ended = [event.payload()["tool_name"] for event in followed(run) if event.type == "tool_use_complete"]
    assert (sorted(begun), ended) == (["clerk", "echo", "free"], ["free", "echo", "clerk"])
    assert ToolCall.objects.get(tool_name="clerk").credits == Decimal(1)
    assert Hold.objects.filter(run_id=run.id, state="settled", model="tool/agent").count() == 1
    assert CreditAccount.objects.get(workspace_id=run.workspace_id).held == 0
    spans = {span.id: span for span in Span.objects.filter(run=run)}
    assert all(span.parent_id is None or span.parent_id in spans for span in spans.values()), (
        "no part of the trace is lost"
    )
    above = next(span for span in spans.values() if span.type == "approval")
    assert spans[above.parent_id].name == "Clerk"


def tree(run: Run) -> list[tuple[str, str, str, bool]]:
    """The run's spans in their order: type, name, the name of the one above, and whether it has ended."""
    found = Span.objects.filter(run=run).order_by("started_at", "id")
    names = {span.id: span.name for span in found}
    return [(span.type, span.name, names.get(span.parent_id, ""), span.ended_at is not None) for span in found]


def test_the_trace_has_what_waits_once_with_the_time_it_took(cast: Cast, models: Models, probe: Probe) -> None:
    Rate.objects.create(reference="tool/agent", per_call=Decimal(1))
    boss, _clerk = office(cast.alice)
    models.says("m", ask("clerk"), said("Done."))
    models.says("clerk", asks(("echo", "one")), asks(("echo", "two")), said("Twice."))
    run = paused(start(cast.alice, boss))
    before = [
        ("agent", "Boss", "", False), ("generation", "fake/m", "Boss", True), ("tool", "clerk", "Boss", False),
        ("agent", "Clerk", "clerk", False), ("generation", "fake/clerk", "Clerk", True), ("approval", "echo", "Clerk", False),
    ]  # fmt: skip
    assert tree(run) == before, "people see what it waits for"
    begun = {span.id: (span.started_at, span.input) for span in Span.objects.filter(run=run)}
    assert cast.alice.browser().get(f"/runs/{run.id}/trace/").status_code == 200
    run = paused(decided(cast.alice, run))  # the clerk asks once more
    run = execute(decided(cast.alice, run, call=1))
    assert run.status == "succeeded", run.error
    again = [("tool", "echo", "Clerk", True), ("generation", "fake/clerk", "Clerk", True)]
    whole = [
        *((*row[:3], True) for row in before), *again, ("approval", "echo", "Clerk", True), *again,
        ("generation", "fake/m", "Boss", True),
    ]  # fmt: skip
    assert tree(run) == whole
    after = {span.id: span for span in Span.objects.filter(run=run)}
    assert {name: (after[name].started_at, after[name].input) for name in begun} == begun, "they are the same spans"
    waits = [span for span in after.values() if span.type == "approval"]
    assert {(span.started_at, span.ended_at) for span in waits} == {
        (row.created_at, row.decided_at) for row in rows(run)
    }
    call = next(span for span in after.values() if span.name == "clerk")
    assert (call.output, call.step, call.attempt, call.error) == ("Twice.", "tool:1", 3, {})
    assert (
        call.ended_at > max(span.ended_at for span in waits) > min(span.started_at for span in waits) > call.started_at
    )
    trace = cast.alice.api.get(f"traces/{run.trace_id}/").json()
    assert [each["cost"] for each in trace["spans"] if each["name"] == "clerk"] == ["1.0000"]


def test_nothing_of_a_trace_stays_open_where_the_run_ends_while_it_waits(
    cast: Cast, models: Models, probe: Probe
) -> None:
    boss, _clerk = office(cast.alice)
    models.says("m", ask("clerk"))
    models.says("clerk", asks(("echo", "pay")))
    run = lifecycle.cancel(paused(start(cast.alice, boss)))
    assert [row[:2] for row in tree(run) if row[3]] == [
        ("agent", "Boss"), ("generation", "fake/m"), ("tool", "clerk"), ("agent", "Clerk"), ("generation", "fake/clerk"),
        ("approval", "echo"),
    ]  # fmt: skip
    assert Span.objects.get(run=run, type="approval").output["status"] == "withdrawn"


def test_several_agents_and_the_run_itself_ask_at_once(cast: Cast, models: Models, probe: Probe) -> None:
    clerk = agent_with(cast.alice, GATED, name="Clerk", model="fake/clerk")
    cashier = agent_with(cast.alice, GATED, name="Cashier", model="fake/cashier")
    boss = agent_with(cast.alice, calling(clerk), calling(cashier, "cashier"), GATED, name="Boss")
    both = ask("clerk", "cashier").tool_calls + asks(("echo", "own")).tool_calls
    models.says("m", Script(tool_calls=both), said("All done."))
    models.says("clerk", asks(("echo", "one"), ("echo", "two")), asks(("echo", "more")), said("Clerk did."))
    models.says("cashier", asks(("echo", "three")), said("Cashier did."))
    run = paused(start(cast.alice, boss))
    asked = {row.arguments["text"]: row for row in rows(run)}
    assert {text: (row.agent_name, row.callers) for text, row in asked.items()} == {
        "own": ("Boss", []), "one": ("Clerk", ["Boss"]), "two": ("Clerk", ["Boss"]), "three": ("Cashier", ["Boss"]),
    }  # fmt: skip
    assert len({row.call_id for row in asked.values()}) == 4, "models give the same id more than once"
    answers: dict[str, tuple[str, dict[str, Any]]] = {
        "own": ("approve", {}), "one": ("edit", {"arguments": {"text": "uno"}}), "two": ("reject", {"reason": "No."}),
        "three": ("approve", {}),
    }  # fmt: skip
    for text, (decision, more) in answers.items():
        assert execute(run).status == "waiting", "until all are decided"
        body = {"call_id": asked[text].call_id, "decision": decision, **more}
        assert cast.alice.api.post(f"runs/{run.id}/decisions/", body).status_code == 200
    run = paused(run)  # the clerk asks once more
    assert sorted(each["text"] for each in probe.calls) == ["own", "three", "uno"]
    assert [row.arguments["text"] for row in rows(run) if row.is_pending] == ["more"]
    assert [orjson.loads(text).get("error", {}).get("code") for text in models.told("clerk")] == [None, "rejected"]
    run = execute(decided(cast.alice, run, call=4))
    assert (run.status, run.output) == ("succeeded", "All done.")
    assert sorted(each["text"] for each in probe.calls) == ["more", "own", "three", "uno"], "each once"
    assert models.told("m") == ["Clerk did.", "Cashier did.", '{"said":"own"}']
    assert [len(models.asked(name)) for name in ("m", "clerk", "cashier")] == [2, 3, 2]


def test_always_holds_within_and_in_a_later_call_of_the_same_agent(cast: Cast, models: Models, probe: Probe) -> None:
    boss, _clerk = office(cast.alice)
    models.says("m", ask("clerk"), ask("clerk"), said("Done."))
    models.says(
        "clerk", asks(("echo", "one")), asks(("echo", "two")), said("Twice."), asks(("echo", "three")), said("Again.")
    )
    run = execute(decided(cast.alice, paused(start(cast.alice, boss)), "always"))
    assert (run.status, [each["text"] for each in probe.calls]) == ("succeeded", ["one", "two", "three"])
    assert len(rows(run)) == 1


def test_agents_ask_five_deep(cast: Cast, models: Models, probe: Probe) -> None:
    names = MODELS[2:]
    deeper = agent_with(cast.alice, GATED, name="Last", model=f"fake/{names[-1]}")
    models.says(names[-1], asks(("echo", "pay")), said("Paid."))
    for name in [*reversed(names[:-1]), "m"]:
        deeper = agent_with(cast.alice, calling(deeper, "next"), name=f"Agent {name}", model=f"fake/{name}")
        models.says(name, ask("next"), said(f"{name} says so."))
    run = paused(start(cast.alice, deeper))
    [row] = rows(run)
    assert row.callers == ["Agent m", "Agent cashier", "Agent a2", "Agent a3", "Agent a4"]
    run = execute(decided(cast.alice, run))
    assert (run.status, run.output, probe.calls) == ("succeeded", "m says so.", [{"text": "pay"}])
    [asked] = [event.payload() for event in followed(run) if event.type == "approval_required"]
    calls = ToolCall.objects.filter(run=run, tool_name="next").order_by("created_at")
    assert asked["within"] == [each.call_id for each in calls], "the outermost first"
    assert {name: len(models.asked(name)) for name in ["m", *names]} == dict.fromkeys(["m", *names], 2)


@pytest.mark.parametrize("word", ["look", "pay", "after"])
def test_a_worker_that_is_lost_within_repeats_nothing(cast: Cast, models: Models, probe: Probe, word: str) -> None:
    """Before anybody is asked, with the call that was approved, and with one that comes after it."""
    Rate.objects.create(reference="tool/agent", per_call=Decimal(1))
    boss, _clerk = office(cast.alice, GATED, {**ECHO, "name": "free"})
    models.says("m", ask("clerk"), said("Done."))
    models.says("clerk", asks(("free", "look")), asks(("echo", "pay")), asks(("free", "after")), said("Well."))
    run = start(cast.alice, boss)
    lost: list[str] = []

    async def act(arguments: dict[str, Any], _context: CallContext) -> Any:
        if arguments["text"] == word and not lost:
            lost.append(word)
            await in_db(rob, run)
        return "heard"

    probe.act = act
    execute(run)
    if word == "look":
        execute(run)
    run.refresh_from_db()
    assert (run.status, run.reason) == ("waiting", "approval")
    run = execute(decided(cast.alice, run))
    if word != "look":
        run = execute(run)
    assert (run.status, run.output) == ("succeeded", "Done."), run.error
    assert [each["text"] for each in probe.calls] == ["look", "pay", "after"]
    assert (len(models.asked("m")), len(models.asked("clerk"))) == (2, 4)
    codes = [orjson.loads(text)["error"]["code"] for text in models.told("clerk") if "error" in text]
    assert codes == ["outcome_unknown"], "of the call that was under way"
    assert models.told("m") == ["Well."]
    assert len(rows(run)) == 1
    assert Hold.objects.filter(run_id=run.id, state="settled", model="tool/agent").count() == 1, "paid for once"
    assert [row[:3] for row in tree(run) if row[0] == "agent" or row[1] == "clerk"] == [
        ("agent", "Boss", ""), ("tool", "clerk", "Boss"), ("agent", "Clerk", "clerk"),
    ], "what waited goes on in the trace as well"  # fmt: skip
    assert all(row[3] for row in tree(run))


def test_its_guardrails_are_asked_once_and_its_answer_is_checked_at_the_end(
    cast: Cast, models: Models, probe: Probe
) -> None:
    boss, clerk = office(cast.alice)
    pii = [guard(stage, "pii", action="redact") for stage in ("input", "output")]
    assert cast.alice.api.patch(f"agents/{clerk.id}/", {"guardrails": pii}).status_code == 200
    message = Asked("clerk", orjson.dumps({"input": MAIL}).decode(), call_id="a")
    models.says("m", Script(tool_calls=(message,)), said("Done."))
    models.says("clerk", asks(("echo", "pay"), deltas=("ann@example.com wants it.",)), said(MAIL))
    run = execute(decided(cast.alice, paused(start(cast.alice, boss))))
    assert run.status == "succeeded"
    assert [stage for _name, stage, _action in tripped(run)] == ["input", "output"]
    first, second = models.asked("clerk")
    assert first["messages"][1] == second["messages"][1] == {"role": "user", "content": "Write to [redacted]."}
    assert models.told("m") == ["Write to [redacted]."]
    generations = Span.objects.filter(run=run, model="fake/clerk")
    assert generations.count() == 2
    assert not [span for span in generations if "ann@" in f"{span.output} {span.input}"]


def test_a_call_that_ends_otherwise_takes_its_questions_with_it(cast: Cast, models: Models, probe: Probe) -> None:
    """The clerk asks in the last of its turns: only what the boss asks is left."""
    clerk = agent_with(cast.alice, GATED, {**ECHO, "name": "free"}, name="Clerk", model="fake/clerk")
    boss = agent_with(cast.alice, calling(clerk), {**GATED, "name": "own"}, name="Boss")
    models.says("m", Script(tool_calls=ask("clerk").tool_calls + asks(("own", "mine")).tool_calls), said("Done."))
    models.says("clerk", *[asks(("free", "look"))] * (MAX_TURNS - 1), asks(("echo", "pay")))
    run = paused(start(cast.alice, boss))
    assert [row.tool_name for row in rows(run)] == ["own"]
    run = execute(decided(cast.alice, run))
    assert (run.status, len(models.asked("clerk"))) == ("succeeded", MAX_TURNS)
    assert orjson.loads(models.told("m")[0])["error"]["code"] == "max_turns"
    assert {"text": "pay"} not in probe.calls


def test_a_cancel_withdraws_what_is_asked_within(cast: Cast, models: Models, probe: Probe) -> None:
    boss, _clerk = office(cast.alice)
    models.says("m", ask("clerk", deltas=("Let me ask. ",)))
    models.says("clerk", asks(("echo", "pay")))
    run = lifecycle.cancel(paused(start(cast.alice, boss)))
    assert (run.status, run.output, [row.status for row in rows(run)]) == ("cancelled", "Let me ask. ", ["withdrawn"])
    assert (made(run), probe.calls) == ([("clerk", "unknown")], [])
    assert decide(cast.alice, run).json()["code"] == "approval_withdrawn"
    assert not RunCheckpoint.objects.exists()


def test_whoever_took_the_word_within_a_call_asks_too(cast: Cast, models: Models, probe: Probe) -> None:
    """The clerk hands over to the cashier, within the boss's call; the cashier asks, and gives the boss the answer."""
    boss, clerk = office(cast.alice, ECHO)
    cashier = agent_with(cast.alice, GATED, name="Cashier", model="fake/cashier")
    assert cast.alice.api.post(f"agents/{clerk.id}/handoffs/", {"target_agent_id": str(cashier.id)}).status_code == 201
    models.says("m", ask("clerk"), said("Done."))
    models.says("clerk", Script(tool_calls=(Asked("transfer_to_cashier", call_id="h"),)))
    models.says("cashier", asks(("echo", "pay")), said("The cashier paid."))
    run = paused(start(cast.alice, boss))
    assert [(row.agent_name, row.callers) for row in rows(run)] == [("Cashier", ["Boss"])]
    run = execute(decided(cast.alice, run))
    assert (run.status, run.output, models.told("m")) == ("succeeded", "Done.", ["The cashier paid."])
    assert {name: len(models.asked(name)) for name in ("m", "clerk", "cashier")} == {"m": 2, "clerk": 1, "cashier": 2}


def test_the_call_of_an_agent_may_need_an_approval_itself(cast: Cast, models: Models, probe: Probe) -> None:
    clerk = agent_with(cast.alice, GATED, name="Clerk", model="fake/clerk")
    boss = agent_with(cast.alice, calling(clerk, approval="always", max_calls=1), name="Boss")
    models.says("m", ask("clerk"), said("Done."))
    models.says("clerk", asks(("echo", "pay")), said("Paid."))
    run = execute(decided(cast.alice, paused(start(cast.alice, boss))))
    assert [row.status for row in rows(run)] == ["approved", "pending"]
    run = execute(decided(cast.alice, run, call=1))
    assert (run.status, models.told("m"), len(probe.calls)) == ("succeeded", ["Paid."], 1)
    assert made(run) == [("clerk", "succeeded"), ("echo", "succeeded")]


def test_agents_that_are_called_may_have_tools_that_ask(cast: Cast, models: Models, probe: Probe) -> None:
    """Saved in either order, by the library, published and run."""
    boss, clerk = office(cast.alice)
    library = cast.alice.api.post("tools/", {**GATED, "name": "shared"}).json()
    for agent, tools in ((clerk, [GATED, {"tool_id": library["id"]}]), (boss, [calling(clerk)])):
        assert cast.alice.api.patch(f"agents/{agent.id}/", {"tools": tools}).status_code == 200
    published = cast.alice.api.post(f"agents/{boss.id}/publish/", {"with_targets": True})
    assert published.status_code in (200, 201), published.content
    answer = cast.alice.api.post(f"agents/{boss.id}/run/", {"message": "Hi", "version": 1, "background": True})
    assert answer.status_code != 422, answer.content
