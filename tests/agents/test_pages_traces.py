"""The trace page, the waterfall on the run's page, and answers shown as forms and tables."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agent_app.models import Run, Span
from tests.agents.page_world import HTMX, World, make_agent, make_world
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def make_trace(world: World) -> list[Span]:
    """An agent whose second model call failed."""
    began = timezone.now() - timedelta(seconds=4)
    base = {"workspace_id": world.run.workspace_id, "run": world.run, "attempt": 1, "agent_id": world.agent.id}
    agent = Span.objects.create(
        **base, type="agent", name="Refund specialist", started_at=began, ended_at=began + timedelta(seconds=4),
        error={"code": "provider_error", "error": "Overloaded."},
    )  # fmt: skip
    said = [{"type": "message", "content": [{"type": "output_text", "text": "On <b>its</b> way."}]}]
    asked = {"instructions": "Be kind.", "items": [{"role": "user", "content": "Where is it?"}], "tools": []}
    fine = Span.objects.create(
        **base, type="generation", name="fake/m", parent_id=agent.id, started_at=began, ended_at=began + timedelta(seconds=1),
        model="fake/m", usage={"prompt_tokens": 1200, "completion_tokens": 4, "total_tokens": 1204, "cached_tokens": 0},
        input=asked, output=said,
    )  # fmt: skip
    failed = Span.objects.create(
        **base, type="generation", name="fake/m", parent_id=agent.id, started_at=began + timedelta(seconds=1),
        ended_at=began + timedelta(seconds=4), model="fake/m", error={"code": "provider_error", "error": "Overloaded."},
    )  # fmt: skip
    return [agent, fine, failed]


def test_the_waterfall_opens_on_the_first_error_and_nothing_else(cast: Cast) -> None:
    world = make_world(cast.alice, status="failed")
    _agent, fine, failed = make_trace(world)
    for address in (f"/runs/{world.run.id}/trace/", f"/runs/{world.run.id}/"):
        page = cast.carol.browser().get(address).content.decode()
        assert page.count('class="span-row"') == 3
        assert f'id="span-{failed.id}" data-depth="1" open' in page
        assert f'id="span-{fine.id}" data-depth="1">' in page
        assert f'href="#span-{failed.id}"' in page
        assert "1,204" in page
        assert "On &lt;b&gt;its&lt;/b&gt; way." in page
        assert "Overloaded." in page
        assert 'aria-current="true">Readable</a>' in page
        assert 'aria-current="true">Raw</a>' not in page


@pytest.mark.parametrize(("show", "rows"), [("generation", 2), ("errors", 2), ("agent", 1), ("tool", 3), ("<x>", 3)])
def test_the_filter_is_in_the_address_and_the_fragment_is_the_waterfall(cast: Cast, show: str, rows: int) -> None:
    world = make_world(cast.alice, status="failed")
    make_trace(world)
    answer = cast.carol.browser().get(f"/runs/{world.run.id}/trace/", {"show": show}, headers=HTMX).content.decode()
    assert answer.count('class="span-row"') == rows
    assert "<html" not in answer
    assert "<x>" not in answer


def test_the_raw_view_is_json_and_the_export_is_the_api(cast: Cast) -> None:
    world = make_world(cast.alice)
    make_trace(world)
    page = cast.carol.browser().get(f"/runs/{world.run.id}/trace/", {"view": "raw"}).content.decode()
    assert "&quot;instructions&quot;: &quot;Be kind.&quot;" in page
    assert f'href="/api/v1/runs/{world.run.id}/trace/" download="{world.run.trace_id}.json"' in page


def test_a_run_without_spans_says_so(cast: Cast) -> None:
    world = make_world(cast.alice)
    assert "Nothing was recorded" in cast.carol.browser().get(f"/runs/{world.run.id}/trace/").content.decode()


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ({"label": "praise", "reason": "<i>"}, ["<dt>label</dt><dd>praise</dd>", "&lt;i&gt;"]),
        ({"rows": [{"item": "tent", "price": 120}]}, ["<th>item</th><th>price</th>", "<td>tent</td><td>120</td>"]),
        (["milk", "bread"], ["<li>milk</li><li>bread</li>"]),
        ({"items": []}, ["The answer is an empty list."]),
    ],
    ids=["form", "table", "list", "empty"],
)
def test_an_answer_with_an_output_type_is_shown_and_copied(cast: Cast, output: object, shown: list[str]) -> None:
    world = make_world(cast.alice, answer="{}")
    Run.objects.filter(id=world.run.id).update(output=output)
    browser = cast.alice.browser()
    for address in (
        f"/runs/{world.run.id}/", f"/runs/{world.run.id}/answer/", f"/agents/{world.agent.id}/chat/{world.conversation.id}/",
    ):  # fmt: skip
        page = browser.get(address).content.decode()
        assert [part for part in [*shown, ">CSV<", ">Markdown<"] if part not in page] == []


def test_a_text_answer_is_no_form(cast: Cast) -> None:
    world = make_world(cast.alice)
    assert cast.alice.browser().get(f"/runs/{world.run.id}/answer/").status_code == 204
    page = cast.alice.browser().get(f"/agents/{world.agent.id}/chat/{world.conversation.id}/").content.decode()
    assert "answer-value" not in page


def test_the_activity_of_an_agent_is_shown_with_its_traces(cast: Cast) -> None:
    world = make_world(cast.alice, status="failed")
    make_trace(world)
    other = make_agent(cast.alice, name="History Tutor")
    Span.objects.create(
        workspace_id=world.run.workspace_id, run=world.run, attempt=1, agent_id=world.agent.id, type="handoff", name="x",
        started_at=timezone.now(), ended_at=timezone.now(),
        output={"from": "Refund specialist", "to": "History Tutor", "from_agent_id": str(world.agent.id), "to_agent_id": str(other.id)},
    )  # fmt: skip
    page = cast.carol.browser().get(f"/agents/{world.agent.id}/activity/").content.decode()
    assert '1 <span class="text-muted">(50 %)</span>' in page
    assert f'href="/agents/{other.id}/activity/">History Tutor</a>' in page
    assert f'href="/runs/{world.run.id}/trace/"' in page
    received = cast.carol.browser().get(f"/agents/{other.id}/activity/").content.decode()
    assert f'href="/agents/{world.agent.id}/activity/">Refund specialist</a>' in received
    assert "Nothing has run yet" in received


def test_the_activity_shows_what_people_thought_to_whoever_may_change_the_agent(cast: Cast) -> None:
    world = make_world(cast.alice, answer="Yes.")
    path = f"/agents/{world.agent.id}/activity/"
    assert "Nobody has judged an answer yet." in cast.bob.browser().get(path).content.decode()
    address = f"conversations/{world.conversation.id}/messages/{world.run.message_id}/feedback/"
    cast.alice.api.put(address, {"rating": "down", "reason": "Wrong <street>"})
    page = cast.bob.browser().get(path).content.decode()
    assert "Wrong &lt;street&gt;" in page
    assert f'href="/runs/{world.run.id}/"' in page
    assert '<progress class="meter-p" value="0" max="1"' in page
    assert "Wrong" not in cast.bob.browser().get(path, {"rating": "up"}).content.decode()
    assert "Feedback" not in cast.carol.browser().get(path).content.decode()
