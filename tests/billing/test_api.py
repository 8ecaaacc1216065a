"""The balance, the history and the quote."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agent_app.models import AgentStatus, Run
from billing.models import Rate
from billing.services.accounts import account_open
from config.lib.ids import uuid7
from tests.agents.world import make_agent, make_provider, make_run
from tests.billing.world import give, hold, settle
from tests.cast import Cast
from tests.community.files_world import make_file

pytestmark = pytest.mark.django_db


def busy(cast: Cast, runs: int = 3) -> list[Any]:
    account = account_open(workspace_id=cast.alice.workspace_id)
    ids = [uuid7() for _ in range(runs)]
    for run in ids:
        hold(account, run, tokens=1000)
        settle(account, run, 400)
    return ids


def test_the_balance_is_open_to_every_member_and_says_what_expires(cast: Cast) -> None:
    busy(cast, 1)
    account = account_open(workspace_id=cast.alice.workspace_id)
    give(account, 5)
    hold(account, uuid7(), tokens=500)
    answer = cast.carol.api.get("credits/balance/").json()
    expiring = answer.pop("expiring")
    assert answer == {
        "balance": "14.6000", "held": "0.5000", "available": "14.1000", "credit_line": "0.0000", "plan": "pro",
    }  # fmt: skip
    assert [lot["amount"] for lot in expiring] == ["9.6000"]


def test_the_history_is_the_owners_and_sums_up_to_the_balance(cast: Cast) -> None:
    runs = busy(cast)
    answer = cast.alice.api.get("credits/history/").json()
    assert [row["kind"] for row in answer["results"]] == ["charge", "charge", "charge", "grant"]
    assert answer["results"][0]["run_id"] == str(runs[-1])
    assert answer["results"][0]["balance_after"] == answer["summary"]["amount"] == "8.8000"
    assert sum(Decimal(row["amount"]) for row in answer["results"]) == Decimal("8.8")
    assert {type(row["amount"]) for row in answer["results"]} == {str}
    for person in (cast.bob, cast.carol):
        assert person.api.get("credits/history/").status_code == 403


@pytest.mark.parametrize(
    ("query", "count"),
    [({"kind": "charge"}, 3), ({"kind": "grant"}, 1), ({"model": "test/model"}, 3), ({"model": "x"}, 0),
     ({"since": "2020-01-01T00:00:00Z"}, 4), ({"until": "2020-01-01T00:00:00Z"}, 0)],
)  # fmt: skip
def test_the_history_is_filtered(cast: Cast, query: dict[str, str], count: int) -> None:
    busy(cast)
    answer = cast.alice.api.get("credits/history/", query).json()
    assert (answer["count"], len(answer["results"])) == (count, count)


def test_the_history_of_one_run(cast: Cast) -> None:
    runs = busy(cast)
    answer = cast.alice.api.get("credits/history/", {"run_id": str(runs[1])}).json()
    assert (answer["count"], answer["summary"]["amount"]) == (1, "-0.4000")


@pytest.mark.parametrize("query", [{"kind": "theft"}, {"run_id": "x"}, {"since": "yesterday"}, {"until": "NaN"}])
def test_a_filter_that_means_nothing_is_refused(cast: Cast, query: dict[str, str]) -> None:
    assert cast.alice.api.get("credits/history/", query).status_code == 400


@pytest.mark.parametrize("query", [{"limit": "-1"}, {"limit": "1e9"}, {"offset": "-5"}, {"limit": "NaN"}])
def test_a_page_that_cannot_be_is_refused(cast: Cast, query: dict[str, str]) -> None:
    assert cast.alice.api.get("credits/history/", query).status_code == 400


@pytest.mark.parametrize("by", ["format", "accept"])
def test_the_history_as_a_file(cast: Cast, by: str) -> None:
    account = account_open(workspace_id=cast.alice.workspace_id)
    busy(cast)
    give(account, 1, note="=HYPERLINK(1)")
    if by == "format":
        answer = cast.alice.api.get("credits/history/", {"format": "csv"})
    else:
        answer = cast.alice.api.get("credits/history/", headers={"Accept": "text/csv"})
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [row["kind"] for row in rows] == ["grant", "charge", "charge", "charge", "grant"]
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal("9.8")
    assert rows[0]["note"] == "'=HYPERLINK(1)"
    assert rows[1]["tokens"] == "400"


def test_a_file_is_cut_where_it_is_asked_to_be_and_says_so(cast: Cast) -> None:
    busy(cast)
    answer = cast.alice.api.get("credits/history/", {"format": "csv", "limit": "2"})
    assert len(answer.content.decode().splitlines()) == 3
    assert 'rel="next"' in answer["Link"] and "offset=2" in answer["Link"]


def test_a_refused_file_is_a_problem(cast: Cast) -> None:
    answer = cast.bob.api.get("credits/history/", {"format": "csv"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_long_history_takes_as_many_queries_as_a_short_one(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    busy(cast, 20)
    for path in ("/api/v1/credits/history/?limit=100", "/api/v1/credits/balance/"):
        with django_assert_max_num_queries(7):
            cast.alice.api.get(path)
    browser = cast.alice.browser()
    browser.get("/billing/")
    with django_assert_max_num_queries(22):
        browser.get("/billing/")


# Quote


@pytest.fixture
def priced(settings: Any) -> None:
    settings.BILLING_OWN_KEY = "priced"
    Rate.objects.create(reference="custom/m", per_1k_tokens=1)


def quote(cast: Cast, agent: Any, **fields: Any) -> Any:
    return cast.carol.api.post("credits/quote/", {"agent_id": str(agent.id), **fields})


def test_without_a_history_the_prompt_decides(cast: Cast, priced: None) -> None:
    make_provider(cast.alice)
    agent = make_agent(cast.alice, model="fake/m", model_settings={"max_tokens": 800})
    short, long = quote(cast, agent).json(), quote(cast, agent, message="word " * 600).json()
    assert short["basis"] == long["basis"] == "prompt"
    assert Decimal(short["p50"]) < Decimal(short["p90"]) <= Decimal(short["ceiling"])
    assert Decimal(long["p50"]) - Decimal(short["p50"]) == Decimal("1.0000")
    assert Decimal(short["ceiling"]) > Decimal("0.8")


def test_what_goes_along_with_each_call_is_in_the_quote(cast: Cast, priced: None) -> None:
    make_provider(cast.alice)
    bare, laden = (make_agent(cast.alice, model="fake/m", model_settings={"max_tokens": 800}) for _ in range(2))
    file = make_file(cast.alice, name="prices.txt", size=3000)
    assert cast.alice.api.post(f"agents/{laden.id}/files/", {"file_id": str(file.id)}).status_code == 201
    with_file = Decimal(quote(cast, laden).json()["ceiling"]) - Decimal(quote(cast, bare).json()["ceiling"])
    assert with_file > 1, "1,000 tokens, at least"
    params = {"prompt": "Think: {{ input }}"}
    tool = {"name": "think", "type": "llm", "description": "Thinks. " * 200, "params": params}
    assert cast.alice.api.post(f"agents/{bare.id}/tools/", tool).status_code == 201
    output = {"type": "object", "properties": {"answer": {"type": "string", "description": "What it is. " * 100}}}
    assert cast.alice.api.patch(f"agents/{bare.id}/", {"output_type": output}).status_code == 200
    with_tool = Decimal(quote(cast, bare).json()["ceiling"])
    assert with_tool > Decimal(quote(cast, laden).json()["ceiling"]) - Decimal(with_file) + Decimal("0.8")


def test_with_a_history_the_history_decides(cast: Cast, priced: None) -> None:
    make_provider(cast.alice)
    agent = make_agent(cast.alice, model="fake/m")
    for number in range(1, 12):
        make_run(cast.alice, agent, credits=Decimal(number) / 10, model="fake/m")
    make_run(cast.alice, agent, credits=99, model="fake/m", status="failed")
    make_run(cast.alice, agent, credits=99, model="fake/other")
    answer = quote(cast, agent).json()
    assert (answer["p50"], answer["p90"], answer["basis"], answer["runs"]) == ("0.6000", "1.0000", "agent", 11)
    assert Run.objects.count() == 13, "asking starts nothing"


def test_an_own_key_costs_nothing(cast: Cast) -> None:
    make_provider(cast.alice)
    answer = quote(cast, make_agent(cast.alice, model="fake/m")).json()
    assert (answer["p50"], answer["p90"], answer["ceiling"]) == ("0.0000", "0.0000", "0.0000")


@pytest.mark.parametrize(
    "body",
    [{}, {"agent_id": "x"}, {"agent_id": str(uuid7()), "workflow_id": str(uuid7())}, {"credits": "-1"}, {"message": 3}],
)
def test_a_quote_for_nothing_is_refused(cast: Cast, body: dict[str, Any]) -> None:
    assert cast.alice.api.post("credits/quote/", body).status_code == 400


def test_a_strangers_agent_has_no_quote(cast: Cast) -> None:
    agent = make_agent(cast.alice, model="fake/m", status=AgentStatus.ACTIVE)
    assert cast.dave.api.post("credits/quote/", {"agent_id": str(agent.id)}).status_code == 404


# Making agents


def test_without_credits_no_agent_is_made_and_the_page_helps(cast: Cast, settings: Any) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:9/v1"
    account = account_open(workspace_id=cast.alice.workspace_id)
    hold(account, run := uuid7(), tokens=10000)
    settle(account, run, 10000)
    answer = cast.bob.api.post("agents/", {"name": "Porter"})
    assert (answer.status_code, answer.json()["price"], answer.json()["available"]) == (402, "0.0080", "0.0000")
    page = cast.alice.browser().post("/agents/new/", {"from": "blank"})
    assert page.status_code == 402
    assert 'href="/billing/"' in page.content.decode()
    make_provider(cast.alice)
    own = cast.bob.api.post("agents/", {"name": "Porter", "model": "fake/m"})
    assert own.status_code == 201, "with one's own key it can be run, so it can be made"


# The page


def test_the_billing_page_shows_every_part_and_links_the_run(cast: Cast) -> None:
    agent = make_agent(cast.alice, name="Incident investigator")
    run = make_run(cast.alice, agent)
    account = account_open(workspace_id=cast.alice.workspace_id)
    hold(account, run.id, tokens=1000)
    settle(account, run.id, 400)
    hold(account, other := uuid7(), tokens=300)
    page = cast.alice.browser().get("/billing/").content.decode()
    for words in ("9.6000", "-0.4000", f'href="/runs/{run.id}/"', "Incident investigator", "turn 1", "Sign-up", "Pro"):
        assert words in page, words
    assert str(other) not in page
    detail = cast.carol.browser().get(f"/runs/{run.id}/").content.decode()
    assert "-0.4000" in detail


def test_the_page_is_the_owners(cast: Cast) -> None:
    for person in (cast.bob, cast.carol):
        for path in ("/billing/", "/billing/entries.csv"):
            assert person.browser().get(path).status_code == 403
        assert person.browser().post("/billing/notice/", {"threshold": "1"}).status_code == 403


def test_the_filters_answer_the_ledger_only_and_stay_in_the_file(cast: Cast) -> None:
    busy(cast)
    since, until = ((timezone.now() + timedelta(days=days)).date() for days in (-1, 1))
    fragment = cast.alice.browser().get(
        f"/billing/?kind=charge&since={since}&until={until}", headers={"HX-Request": "true"}
    )
    assert "<html" not in fragment.content.decode()
    assert fragment.content.decode().count("-0.4000") == 3
    file = cast.alice.browser().get("/billing/entries.csv?kind=charge").content.decode()
    assert len(file.splitlines()) == 4
    nothing = cast.alice.browser().get("/billing/?kind=expiry").content.decode()
    assert "No entry fits" in nothing


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "x"])
def test_the_ends_of_the_calendar_break_no_filter(cast: Cast, day: str) -> None:
    browser = cast.alice.browser()
    for name in ("since", "until"):
        for path in ("/billing/", "/billing/entries.csv"):
            assert browser.get(f"{path}?{name}={day}").status_code == 200
        answer = cast.alice.api.get(f"credits/history/?{name}={day}T00:00:00%2B14:00")
        assert answer.status_code in (200, 400)


def test_the_owner_sets_the_notice_on_the_page(cast: Cast) -> None:
    browser = cast.alice.browser()
    assert browser.post("/billing/notice/", {"threshold": "2.5"}).status_code == 302
    assert account_open(workspace_id=cast.alice.workspace_id).notice_at == Decimal("2.5")
    browser.post("/billing/notice/", {"threshold": "-2"})
    assert "Write more than zero credits." in browser.get("/billing/").content.decode()
    assert account_open(workspace_id=cast.alice.workspace_id).notice_at == Decimal("2.5")
