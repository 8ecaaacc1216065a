"""Database work that leaves an event loop: what becomes of it where nobody waits for it any more."""

import asyncio
import gc
import threading

import pytest
from django.conf import settings
from django.db import transaction

from community.models import User
from config.lib.db import in_db

# Each thread keeps its own connection.
pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]

LONG = 60.0  # seconds; nothing here takes as long unless it is broken


class Slow:
    """Work that is in the midst of its transaction until it is let go."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self._fails = fails

    @transaction.atomic
    def __call__(self, name: str) -> str:
        User.objects.create(email=f"{name}@example.org")
        self.begun.set()
        assert self.go.wait(LONG)
        if self._fails:
            raise self._fails
        return name


async def told_to_end(task: "asyncio.Task[object]") -> None:
    """The cancel has arrived wherever the task waits."""
    task.cancel()
    for _turn in range(20):
        await asyncio.sleep(0)


async def ended(task: "asyncio.Task[object]") -> bool:
    """Whether it ended by the cancel."""
    async with asyncio.timeout(LONG):
        await asyncio.wait([task])
    return task.cancelled()


def there(name: str) -> bool:
    return User.objects.filter(email=f"{name}@example.org").exists()


@pytest.mark.parametrize("times", [1, 3])
async def test_whoever_is_cancelled_goes_on_when_what_was_begun_is_stored(times: int) -> None:
    slow = Slow()
    task: asyncio.Task[object] = asyncio.create_task(in_db(slow, "kim"))
    assert await asyncio.to_thread(slow.begun.wait, LONG)
    for _time in range(times):
        await told_to_end(task)
        assert not task.done(), "it would go on, and be overtaken by what it has begun"
    slow.go.set()
    assert await ended(task)
    assert await in_db(there, "kim")


async def test_the_first_thing_after_a_cancel_sees_what_was_stored() -> None:
    slow, seen = Slow(), list[bool]()

    async def work() -> None:
        try:
            await in_db(slow, "kim")
        finally:
            seen.append(await in_db(there, "kim"))

    task: asyncio.Task[object] = asyncio.create_task(work())
    assert await asyncio.to_thread(slow.begun.wait, LONG)
    await told_to_end(task)
    slow.go.set()
    assert await ended(task)
    assert seen == [True]


async def test_what_was_not_begun_never_is() -> None:
    """All threads are busy: whoever waits for one, and is cancelled, waits no longer."""
    together, go = threading.Barrier(settings.DATABASE_THREADS + 1), threading.Event()

    def busy() -> bool:
        together.wait(LONG)
        return go.wait(LONG)

    tasks = [asyncio.create_task(in_db(busy)) for _thread in range(settings.DATABASE_THREADS)]
    await asyncio.to_thread(together.wait, LONG)
    late = Slow()
    waiting: asyncio.Task[object] = asyncio.create_task(in_db(late, "late"))
    await told_to_end(waiting)
    assert waiting.cancelled()
    go.set()
    assert all(await asyncio.gather(*tasks))
    assert not await in_db(there, "late")
    assert not late.begun.is_set()


async def test_a_time_that_is_over_is_told_when_the_work_has_ended() -> None:
    slow, limits = Slow(), list[asyncio.Timeout]()

    async def work() -> str:
        try:
            async with asyncio.timeout(None) as limit:
                limits.append(limit)
                return await in_db(slow, "kim")
        except TimeoutError:
            return "over"

    task = asyncio.create_task(work())
    assert await asyncio.to_thread(slow.begun.wait, LONG)
    limits[0].reschedule(0)
    while not task.cancelling():  # noqa: ASYNC110  (a limit announces nothing)
        await asyncio.sleep(0)
    assert not task.done()
    slow.go.set()
    assert await task == "over"
    assert await in_db(there, "kim")


async def test_what_fails_after_a_cancel_is_still_a_cancel_and_leaves_its_thread_in_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = Slow(fails=ValueError("too late"))
    task: asyncio.Task[object] = asyncio.create_task(in_db(slow, "kim"))
    assert await asyncio.to_thread(slow.begun.wait, LONG)
    await told_to_end(task)
    slow.go.set()
    assert await ended(task)
    assert not await in_db(there, "kim")
    del task
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_others_go_on_while_a_cancelled_one_waits() -> None:
    slow = Slow()
    task: asyncio.Task[object] = asyncio.create_task(in_db(slow, "kim"))
    assert await asyncio.to_thread(slow.begun.wait, LONG)
    await told_to_end(task)
    assert not await in_db(there, "kim"), "it is not stored yet, and others are answered"
    slow.go.set()
    assert await ended(task)


async def test_what_is_raised_on_the_thread_is_raised_to_who_waits() -> None:
    slow = Slow(fails=ValueError("no"))
    slow.go.set()
    with pytest.raises(ValueError, match="no"):
        await in_db(slow, "kim")
    assert not await in_db(there, "kim")
