"""A run's log: gapless numbers, the first delta at once, later ones together, order kept."""

import asyncio
from uuid import UUID

import pytest
from django.conf import LazySettings

from agent_app.runs import events
from agent_app.runs.events import Event
from agent_app.runs.log import RunLog
from agent_app.runs.stream import StreamWriter

RUN = UUID("01900000-0000-7000-8000-000000000001")


class Pushed(StreamWriter):
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.second = asyncio.Event()

    def push(self, run_id: UUID, attempt: int, event: Event) -> None:
        assert (run_id, attempt) == (RUN, 3)
        self.events.append(event)
        if len(self.events) == 2:
            self.second.set()

    def deltas(self) -> list[str]:
        return [event.payload()["delta"] for event in self.events if event.type.endswith("_delta")]


@pytest.fixture
async def pushed() -> Pushed:
    return Pushed()


def log_of(pushed: Pushed, last_seq: int = 0) -> RunLog:
    return RunLog(RUN, 3, last_seq, pushed)


async def test_the_first_delta_leaves_at_once_and_the_next_ones_together(
    pushed: Pushed, settings: LazySettings
) -> None:
    settings.RUN_DELTA_INTERVAL = 60.0
    log = log_of(pushed)
    log.delta(events.CONTENT_DELTA, "one ")
    assert pushed.deltas() == ["one "]
    for word in ("two ", "three ", "four"):
        log.delta(events.CONTENT_DELTA, word)
    assert pushed.deltas() == ["one "]
    log.flush_delta()
    assert pushed.deltas() == ["one ", "two three four"]


async def test_waiting_deltas_leave_after_the_interval_by_themselves(pushed: Pushed, settings: LazySettings) -> None:
    settings.RUN_DELTA_INTERVAL = 0.01
    log = log_of(pushed)
    log.delta(events.CONTENT_DELTA, "one ")
    log.delta(events.CONTENT_DELTA, "two ")
    await asyncio.wait_for(pushed.second.wait(), 60)
    assert pushed.deltas() == ["one ", "two "]


async def test_other_events_never_overtake_text(pushed: Pushed, settings: LazySettings) -> None:
    settings.RUN_DELTA_INTERVAL = 60.0
    log = log_of(pushed)
    log.delta(events.REASONING_DELTA, "hm")
    log.delta(events.REASONING_DELTA, " so")
    log.delta(events.CONTENT_DELTA, "yes")
    log.append(events.RUN_STATUS, status="running")
    assert [(event.seq, event.type) for event in pushed.events] == [
        (1, "reasoning_delta"), (2, "reasoning_delta"), (3, "content_delta"), (4, "run_status"),
    ]  # fmt: skip
    assert pushed.deltas() == ["hm", " so", "yes"]


async def test_empty_deltas_are_nothing(pushed: Pushed) -> None:
    log_of(pushed).delta(events.CONTENT_DELTA, "")
    assert pushed.events == []


async def test_numbers_go_on_after_the_last_attempts(pushed: Pushed) -> None:
    log = log_of(pushed, last_seq=7)
    assert log.append(events.CONTENT_RESET, reason="worker_lost").seq == 8
    assert log.append(events.RUN_STATUS).seq == 9


async def test_the_last_events_leave_once_they_are_stored(pushed: Pushed) -> None:
    log = log_of(pushed)
    log.delta(events.CONTENT_DELTA, "text")
    assert [event.seq for event in pushed.events] == [1]
    log.send([events.encode(log.run_id, 2, events.RUN_FINISHED, {"status": "succeeded"})])
    assert [event.seq for event in pushed.events] == [1, 2]


async def test_what_is_saved_is_forgotten_and_the_rest_kept(pushed: Pushed) -> None:
    log = log_of(pushed)
    batch = [log.append(events.RUN_STATUS), log.append(events.RUN_STATUS)]
    log.append(events.RUN_STATUS)
    log.saved(batch)
    assert [event.seq for event in log.unsaved] == [3]
    log.saved([])
    assert [event.seq for event in log.unsaved] == [3]


async def test_the_first_token_is_noticed_once(pushed: Pushed) -> None:
    log = log_of(pushed)
    noticed: list[int] = []
    log.on_first_delta = lambda: noticed.append(1)
    log.delta(events.CONTENT_DELTA, "a")
    log.delta(events.CONTENT_DELTA, "b")
    log.flush_delta()
    assert noticed == [1]


def test_an_event_names_itself_first() -> None:
    event = events.encode(RUN, 4, events.CONTENT_DELTA, {"delta": "Grüß\n"})
    assert event.data.startswith(b'{"type":"content_delta","seq":4,"run_id":"01900000-')
    assert event.sse() == b"id: 4\nevent: content_delta\ndata: " + event.data + b"\n\n"
    assert event.data.count(b"\n") == 0


def test_numbers_that_both_stores_lost_become_resets() -> None:
    shown = [events.encode(RUN, 5, events.CONTENT_DELTA, {"delta": "x"})]
    filled = events.without_gap(RUN, 2, shown)
    assert [(event.seq, event.type) for event in filled] == [
        (3, "content_reset"), (4, "content_reset"), (5, "content_delta"),
    ]  # fmt: skip
    assert events.without_gap(RUN, 2, []) == []
