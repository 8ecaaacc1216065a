"""Answering what a run asks: once, in time, by whoever may, with arguments that fit."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone

from agent_app import approvals
from agent_app.approvals import approval_decide, approvals_sweep
from agent_app.models import Agent, Approval, Run
from agent_app.runs import approvals as rows_of
from agent_app.runs.registry import Request
from agent_app.services.agents import agent_snapshot
from agent_app.tools.mcp import McpTool
from agent_app.tools.registry import ToolDefinition
from agent_app.tools.remote import Offered
from community.models import AuditEntry, Notification, Role
from community.services.notifications import notifications_mail_due
from config.lib.errors import AppError, Conflict
from config.lib.ids import uuid7
from tests.agents.approval_world import GATED, decide
from tests.agents.probe_world import agent_with, probing
from tests.agents.world import actor_of, make_agent, make_run, stored
from tests.cast import Cast, Person, join, make_user

PAY: dict[str, Any] = {"text": "pay"}


def asked(person: Person, *arguments: dict[str, Any], agent: Agent | None = None, source: str = "api") -> Run:
    """A run that waits for as many calls of echo, without ever having had a worker."""
    agent = agent or make_agent(person)
    run = make_run(
        person, agent, status="waiting", reason="approval", finished_at=None, attempt=1, source=source,
        snapshot=agent_snapshot(agent=agent), waiting_since=timezone.now(),
    )  # fmt: skip
    rows_of.ask(run, [
        Request(
            call_id=f"c{number}", tool_name="echo", tool_type="probe", tool_id=None, agent_id=agent.id, agent_name=agent.name,
            arguments=each, permissions=[], prompt="Porter asks to call echo.",
        )
        for number, each in enumerate(arguments or (PAY,))
    ])  # fmt: skip
    return run


def states(run: Run) -> list[str]:
    return list(Approval.objects.filter(run=run).order_by("id").values_list("status", flat=True))


@pytest.mark.django_db
def test_a_second_answer_is_refused_with_the_first(cast: Cast) -> None:
    run = asked(cast.alice)
    assert decide(cast.bob, run, "reject", reason="No.").json()["status"] == "queued"
    for late in ("approve", "reject"):
        refused = decide(cast.alice, run, late)
        assert (refused.status_code, refused.json()["code"]) == (409, "already_decided")
        first = refused.json()["first"]
        assert (first["decision"], first["reason"], first["status"]) == ("reject", "No.", "rejected")
        assert first["decided_by"] == {"id": str(cast.bob.user.id), "name": cast.bob.user.display_name}
    assert [row.type for row in stored(run)] == ["approval_decided"]
    [entry] = AuditEntry.objects.filter(object_type="approval")
    assert (entry.action, entry.actor_id, entry.after["reason"]) == ("approval.rejected", cast.bob.user.id, "No.")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_answer_at_once_one_is_heard(cast: Cast) -> None:
    run = asked(cast.alice)
    together, heard, refused = threading.Barrier(2), [], []

    def answer(person: Person, decision: str) -> None:
        actor = actor_of(person)
        together.wait(60)
        try:
            heard.append(approval_decide(actor=actor, run_id=run.id, call_id="c0", decision=decision).decision)
        except Conflict as error:
            refused.append(error.extra["first"]["decision"])
        finally:
            connections.close_all()

    both = [threading.Thread(target=answer, args=each) for each in ((cast.alice, "approve"), (cast.bob, "reject"))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert (len(heard), refused) == (1, heard)
    run.refresh_from_db()
    assert (run.status, Approval.objects.get().decision) == ("queued", heard[0])
    assert [row.type for row in stored(run)] == ["approval_decided"]


@pytest.mark.django_db
def test_arguments_that_do_not_fit_are_refused_and_nothing_is_decided(cast: Cast) -> None:
    with probing():
        run = asked(cast.alice, agent=agent_with(cast.alice, GATED))
        for wrong in ({"text": 3}, {}, {"text": "x", "more": 1}):
            refused = decide(cast.alice, run, "edit", arguments=wrong)
            assert (refused.status_code, list(refused.json()["errors"])) == (400, ["arguments"])
        for wrong in ({"decision": "edit"}, {"decision": "approve", "arguments": PAY}, {"decision": "perhaps"}):
            assert decide(cast.alice, run, **wrong).status_code == 400
        assert decide(cast.alice, run, reason="x" * 1001).status_code == 400
        assert states(run) == ["pending"]
        assert decide(cast.alice, run, "edit", arguments={"text": "less"}).status_code == 200
    row = Approval.objects.get()
    assert (row.decided_arguments, rows_of.exact(row)) == ({"text": "less"}, {"text": "less"})
    entry = AuditEntry.objects.get(object_type="approval")
    assert (entry.before["arguments"], entry.after["arguments"]) == (PAY, {"text": "less"})


def test_what_was_hidden_from_whoever_edits_stays_as_it_was() -> None:
    shown = {"a": "[redacted]", "b": {"c": "[redacted]", "d": 1}, "e": [1]}
    exact = {"a": "secret", "b": {"c": "secret too", "d": 1}, "e": [1]}
    given = {"a": "[redacted]", "b": {"c": "[redacted]", "d": 2}, "new": "[redacted]"}
    assert approvals._unhidden(given, shown, exact) == {
        "a": "secret", "b": {"c": "secret too", "d": 2}, "new": "[redacted]",
    }  # fmt: skip


@pytest.mark.django_db
def test_who_may_not_decide_changes_nothing(cast: Cast) -> None:
    run = asked(cast.alice)
    assert decide(cast.carol, run).status_code == 403
    assert decide(cast.dave, run).status_code == 404
    assert cast.alice.api.post(f"runs/{run.id}/decisions/", {"call_id": "c9", "decision": "approve"}).status_code == 404
    assert states(run) == ["pending"]
    editor = join(make_user("gina"), cast.alice.workspace_id, Role.EDITOR)
    actor = actor_of(editor)
    editor.user.memberships.filter(workspace_id=cast.alice.workspace_id).update(role=Role.VIEWER)
    with pytest.raises(AppError, match="role"):
        approval_decide(actor=actor_of(editor), run_id=run.id, call_id="c0", decision="approve")
    assert actor.role == Role.EDITOR, "as they were when they opened the page"
    assert states(run) == ["pending"]


@pytest.mark.django_db
def test_what_nobody_answers_in_time_fails_the_run_and_is_too_late_afterwards(cast: Cast) -> None:
    run, other = asked(cast.alice, PAY, PAY), asked(cast.alice)
    Approval.objects.filter(run=run).update(expires_at=timezone.now() - timedelta(seconds=1))
    refused = decide(cast.alice, run)
    assert (refused.status_code, refused.json()["code"]) == (409, "approval_expired"), "also before the sweep comes"
    assert approvals_sweep() == 1
    run.refresh_from_db()
    assert (run.status, run.reason, run.error["code"]) == ("failed", "approval_expired", "approval_expired")
    assert (states(run), states(other)) == (["expired", "expired"], ["pending"])
    assert [row.type for row in stored(run)] == ["approval_decided", "approval_decided", "error", "run_finished"]
    assert (decide(cast.alice, run).status_code, decide(cast.alice, run).json()["code"]) == (409, "approval_expired")
    assert approvals_sweep() == 0
    assert AuditEntry.objects.filter(action="approval.expired", actor_id=None).count() == 2


@pytest.mark.django_db
def test_a_cancelled_run_asks_nobody_any_more(cast: Cast) -> None:
    run = asked(cast.alice)
    assert cast.carol.api.post(f"runs/{run.id}/cancel/").json()["status"] == "cancelled"
    assert (states(run), [row.type for row in stored(run)]) == (["withdrawn"], ["approval_decided", "run_finished"])
    refused = decide(cast.alice, run)
    assert (refused.status_code, refused.json()["code"]) == (409, "approval_withdrawn")
    assert Approval.objects.get().arguments_encrypted == ""


@pytest.mark.django_db
def test_those_who_may_decide_are_told_and_find_it_in_their_inbox(cast: Cast) -> None:
    run = asked(cast.alice)
    told = Notification.objects.filter(kind="approval")
    assert {row.user_id for row in told} == {cast.alice.user.id, cast.bob.user.id}
    assert {row.url for row in told} == {f"/runs/{run.id}/"}
    [item] = cast.bob.api.get("inbox/?kind=approval").json()["results"]
    row = Approval.objects.get()
    assert (item["id"], item["title"]) == (str(row.id), "Porter asks to call echo")
    assert item["due_at"].startswith(row.expires_at.isoformat()[:19])
    assert [each["name"] for each in item["actions"]] == ["approve", "reject"]
    for nobody in (cast.carol, cast.dave):
        assert nobody.api.get("inbox/?kind=approval").json()["count"] == 0
    told.update(created_at=timezone.now() - timedelta(minutes=10))
    notifications_mail_due()
    assert len(mail.outbox) == 2
    assert f"/runs/{run.id}/" in str(mail.outbox[0].body)
    reject = item["actions"][1]
    assert cast.bob.api.post(reject["url"].removeprefix("/api/v1/"), reject["body"]).status_code == 200
    assert cast.bob.api.get("inbox/?kind=approval").json()["count"] == 0


@pytest.mark.django_db
def test_people_are_reminded_once_after_a_day_and_of_a_test_chat_only_who_sits_before_it(cast: Cast) -> None:
    asked(cast.alice)
    asked(cast.bob, source="test")
    assert Notification.objects.filter(kind="approval").count() == 3
    assert approvals_sweep() == 0
    Approval.objects.filter(run__source="api").update(created_at=timezone.now() - timedelta(hours=24, minutes=1))
    assert [approvals_sweep(), approvals_sweep()] == [1, 0]
    reminders = Notification.objects.filter(key__startswith="approval_reminder:")
    assert {row.user_id for row in reminders} == {cast.alice.user.id, cast.bob.user.id}
    assert all(row.title.startswith("Still waiting") for row in reminders)


@pytest.mark.django_db
def test_runs_that_wait_are_listed_with_what_they_ask_by_the_same_queries(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for _number in range(5):
        asked(cast.alice, PAY, PAY)
    with django_assert_max_num_queries(4):
        rows = cast.alice.api.get("runs/?status=waiting").json()["results"]
    assert [len(row["approvals"]) for row in rows] == [2] * 5


def test_the_tools_of_a_server_have_approvals_of_their_own() -> None:
    functions = [Offered(key=name, name=name).kept() for name in ("buy", "look")]
    params = {
        "url": "https://shop.example/mcp",
        "functions": functions,
        "approvals": {"buy": {"when": "arguments.n > 1"}},
    }
    content = {"id": "1", "name": "shop", "type": "mcp", "params": params}
    tool = ToolDefinition.of(content)
    assert [each.approval for each in McpTool().functions(tool)] == [{"when": "arguments.n > 1"}, None]
    wrong = params | {"approvals": {"buy": {"when": "arguments.n >"}}}
    assert "buy" in McpTool().problems(uuid7(), wrong)["approvals"][0]
