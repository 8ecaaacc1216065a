"""Deciding on pages: the card in the chat, on the run's page and in the inbox, for who may, once, and with errors in its place."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone

from agent_app.approval_card import edited
from agent_app.models import Approval, Run, ToolCall
from agent_app.runs import approvals
from agent_app.runs.registry import Request
from tests.agents.approval_world import GATED
from tests.agents.page_world import HTMX
from tests.agents.probe_world import Probe, agent_with, probing
from tests.agents.world import make_provider, start
from tests.cast import Cast, Person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


@pytest.fixture
def run(cast: Cast) -> Run:
    """Alice's, which waits for one call of echo with the text “pay”."""
    make_provider(cast.alice, "https://api.example.com/v1", model_ids=["m"])  # nobody asks it
    run = start(cast.alice, agent_with(cast.alice, GATED))
    Run.objects.filter(id=run.id).update(status="waiting", reason="approval")
    request = Request(
        call_id="call/1", tool_name="echo", tool_type="probe", tool_id=None, agent_id=run.agent_id, agent_name="Helper",
        arguments={"text": "pay"}, permissions=["reads_untrusted"], prompt="Helper asks to call echo.", span_id=None,
    )  # fmt: skip
    approvals.ask(run, [request])
    run.refresh_from_db()
    return run


def address(run: Run) -> str:
    return f"/runs/{run.id}/decisions/{quote(Approval.objects.get(run=run).call_id)}/"


def page(person: Person, path: str, **options: object) -> str:
    answer = person.browser().get(path, **options)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_card_says_what_is_asked_and_offers_what_may_be_done(cast: Cast, run: Run) -> None:
    row = Approval.objects.get()
    for path, options in ((f"/runs/{run.id}/", {}), (address(run), {"headers": HTMX})):
        shown = page(cast.bob, path, **options)
        for part in (
            "Waiting for you",
            "asks to call echo",
            "Reads untrusted data",
            ">pay<",
            "asked in a run of Alice",
        ):
            assert part in shown, part
        assert [shown.count(f'value="{each}"') for each in ("approve", "always", "edit", "reject")] == [1, 1, 1, 1]
        watched = page(cast.carol, path, **options)
        assert "Deciding needs the role editor" in watched
        assert 'name="decision"' not in watched
    assert f"#approval-{row.id}" in cast.bob.browser().get(address(run))["Location"]
    assert f'hx-get="{address(run)}"' in page(cast.bob, "/inbox/")
    assert f"/runs/{run.id}/#approval-{row.id}" in page(cast.bob, "/")
    assert "#approval-" not in page(cast.carol, "/")
    assert "<noscript><section" in "".join(
        page(cast.alice, f"/agents/{run.agent_id}/chat/{run.conversation_id}/").split("\n")
    ).replace("  ", "")


def test_only_who_may_decide_does(cast: Cast, run: Run) -> None:
    for person, status in ((cast.carol, 403), (cast.dave, 404)):
        assert person.browser().post(address(run), {"decision": "approve"}).status_code == status
    assert cast.dave.browser().get(address(run), headers=HTMX).status_code == 404
    assert Approval.objects.get().is_pending


def test_what_is_wrong_with_an_edit_stands_at_it(cast: Cast, run: Run) -> None:
    browser = cast.bob.browser()
    for written, problem in (("{no", "This is not JSON"), ("[1]", "JSON object"), ('{"text": 7}', "string")):
        for headers in (HTMX, {}):
            refused = browser.post(address(run), {"decision": "edit", "arguments": written}, headers=headers)
            shown = refused.content.decode()
            assert (refused.status_code, problem in shown, "<html" in shown) == (422, True, not headers)
            assert "<details open>" in shown
    assert Approval.objects.get().is_pending
    row = Approval.objects.get()
    row.arguments = {"text": "two\nlines", "amount": 84.5, "sure": True}
    assert edited(row, {"argument.text": "two\r\nlines", "argument.amount": "7"}) == {
        "text": "two\nlines", "amount": 7, "sure": False,
    }  # fmt: skip
    assert edited(row, {"argument.amount": "seven", "argument.sure": "on"}) == {
        "text": "",
        "amount": "seven",
        "sure": True,
    }
    answer = browser.post(address(run), {"decision": "edit", "argument.text": "pay less"}, headers=HTMX)
    shown = answer.content.decode()
    assert (answer.status_code, answer["HX-Trigger"]) == (200, "approval-decided")
    assert "Approved with changes by Bob" in shown
    assert "pay less <del>pay</del>" in shown
    assert approvals.exact(Approval.objects.get()) == {"text": "pay less"}


def test_who_comes_second_is_told_what_became_of_it(cast: Cast, run: Run) -> None:
    first = cast.bob.browser().post(address(run), {"decision": "reject", "reason": "Too dear."})
    assert (first.status_code, first["Location"].startswith(f"/runs/{run.id}/#approval-")) == (302, True)
    second = cast.alice.browser().post(address(run), {"decision": "approve"}, headers=HTMX)
    row = Approval.objects.get()
    assert (second.status_code, second["HX-Retarget"]) == (409, f"#approval-{row.id}")
    shown = second.content.decode()
    assert "This was decided already" in shown
    assert "Rejected by Bob" in shown
    assert "Too dear." in shown
    assert cast.alice.browser().post(address(run), {"decision": "approve"}).status_code == 302
    assert (row.status, row.decision) == ("rejected", "reject")


def test_what_was_decided_stays_before_its_call(cast: Cast, run: Run) -> None:
    cast.bob.browser().post(address(run), {"decision": "approve"})
    begun = timezone.now()
    ToolCall.objects.create(
        workspace_id=run.workspace_id, run=run, call_id="call/1", tool_name="echo", tool_type="probe", status="succeeded",
        arguments={"text": "pay"}, result='{"said":"pay"}', started_at=begun, ended_at=begun + timedelta(seconds=1),
    )  # fmt: skip
    shown = page(cast.alice, f"/runs/{run.id}/")
    assert shown.index("Approved by Bob") < shown.index("&quot;said&quot;: &quot;pay&quot;")
    assert 'data-state="pending"' not in shown
    assert "asks to call" not in page(cast.bob, "/inbox/")
