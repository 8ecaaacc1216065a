"""Bodies of spans that are too large for their row: kept whole, shown on demand, gone with their run."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from agent_app.models import Run, Span
from agent_app.runs import bodies
from agent_app.runs.aftercare import MOST_WAITING, Aftercare
from agent_app.runs.spans import MOST_INLINE, Recorded, save_spans
from community.services import files
from tests.agents.world import execute, make_agent, make_run, start
from tests.cast import Cast
from tests.community.files_world import file_room
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

__all__ = ["file_room"]

LARGE = "y" * (MOST_INLINE + 1)


def running(cast: Cast) -> Run:
    return make_run(cast.alice, make_agent(cast.alice), status="running", finished_at=None, attempt=1)


def recorded(run: Run, *outputs: str) -> list[Recorded]:
    """Spans of a run that are in the database, but for what their rows cannot hold."""
    spans = [Recorded(type="tool", name="x", output=output) for output in outputs]
    save_spans([(run.id, 1, spans)])
    return spans


def kept(run: Run, *outputs: str) -> list[Span]:
    assert sum(bodies.keep(run.workspace_id, span) for span in recorded(run, *outputs)) == 0
    return list(Span.objects.filter(run=run).order_by("started_at", "id"))


@pytest.mark.django_db(transaction=True)
def test_a_large_body_is_answered_whole_and_shown_on_demand(cast: Cast, provider: FakeOpenAI) -> None:
    message = "word and " * 20_000 + "end"
    provider.queue(Script(deltas=("Here.",)))
    run = execute(start(cast.alice, make_agent(cast.alice, model="fake/m"), message))
    span = Span.objects.get(run=run, type="generation")
    assert (span.input["truncated"], span.input["bytes"], span.output_bytes) == (True, span.input_bytes, 0)
    assert span.input_bytes > len(message)
    answered = cast.carol.api.get(f"runs/{run.id}/trace/").json()["spans"]
    (asked,) = [each for each in answered if each["type"] == "generation"]
    assert asked["input"]["items"][0]["content"] == message
    browser = cast.carol.browser()
    page = browser.get(f"/runs/{run.id}/trace/").content.decode()
    assert (page.count("Show all"), page.count(message)) == (
        2,
        1,
    )  # the agent's span and its model call's; above, the run's
    whole = browser.get(f"/runs/{run.id}/trace/", {"whole": span.id}).content.decode()
    assert (whole.count("Show all"), whole.count(message)) == (1, 2)
    assert f'id="span-{span.id}" data-depth="1" open' in whole
    assert cast.dave.browser().get(f"/runs/{run.id}/trace/", {"whole": span.id}).status_code == 404


@pytest.mark.django_db
def test_what_never_reached_the_storage_is_told_as_its_beginning(cast: Cast) -> None:
    run = running(cast)
    recorded(run, LARGE)
    (span,) = cast.alice.api.get(f"runs/{run.id}/trace/").json()["spans"]
    assert (span["output"]["truncated"], span["output"]["bytes"]) == (True, MOST_INLINE + 3)
    page = cast.alice.browser().get(f"/runs/{run.id}/trace/", {"whole": span["id"]}).content.decode()
    assert "The rest of it is not in the file storage." in page


@pytest.mark.django_db
def test_one_answer_has_whole_bodies_as_far_as_its_limit_goes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = kept(running(cast), LARGE, LARGE)
    bodies.read_whole(spans, most=MOST_INLINE + 1000)
    assert [span.output == LARGE for span in spans] == [True, False]
    monkeypatch.setattr(bodies, "MOST_KEPT", MOST_INLINE + 10)
    (longer,) = kept(running(cast), LARGE * 2)
    bodies.read_whole([longer])
    assert (longer.output["truncated"], len(longer.output["head"])) == (True, MOST_INLINE + 10)
    assert longer.output["bytes"] == len(LARGE) * 2 + 2


@pytest.mark.django_db
def test_the_bodies_of_a_deleted_run_are_swept_away_and_no_others(cast: Cast, file_room: Path) -> None:
    gone, there = running(cast), running(cast)
    kept(gone, LARGE)
    (span,) = kept(there, LARGE)
    paths = list(file_room.glob("*/*-output"))
    assert {path.parent.name for path in paths} == {str(cast.alice.workspace_id)}
    for path in paths:
        os.utime(path, (0, 0))
    assert files.files_sweep() == 0
    gone.delete()
    assert files.files_sweep() == 1
    bodies.read_whole([span])
    assert span.output == LARGE


@pytest.mark.django_db(transaction=True)
def test_a_storage_that_is_away_costs_no_run_anything(
    cast: Cast, provider: FakeOpenAI, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "nowhere").write_text("no directory")
    settings.VAR_DIR = tmp_path / "nowhere"
    run = execute(start(cast.alice, make_agent(cast.alice, model="fake/m"), "word " * 20_000))
    assert run.status == "succeeded"
    assert Span.objects.get(run=run, type="generation").input["truncated"] is True


@pytest.mark.django_db
def test_the_aftercare_counts_what_fails_and_what_it_leaves_out(cast: Cast, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "nowhere").write_text("no directory")
    settings.VAR_DIR = tmp_path / "nowhere"
    run, care = running(cast), Aftercare()
    spans = recorded(run, LARGE, "small")
    care.take(run, spans)
    care.take(run, spans)
    care.take(run, [Recorded(type="tool", name="huge", large={"input": b"x" * MOST_WAITING})])
    asyncio.run(care.clear())
    assert {name: count for name, count in care.counted.items() if count} == {"failed": 1, "left_out": 1}


@pytest.mark.django_db
def test_pictures_and_documents_are_named_in_traces_not_repeated(cast: Cast) -> None:
    run = running(cast)
    picture = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 100_000}
    save_spans([(run.id, 1, [Recorded(type="generation", name="m", input={"items": [{"content": [picture]}]})])])
    (span,) = Span.objects.filter(run=run)
    assert span.input_bytes == 0
    assert span.input["items"][0]["content"][0]["image_url"] == "data:image/png;base64,… (100022 characters)"
